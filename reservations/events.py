"""What happened: rows written in the transaction of the change, and a word to the outbox after."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction

from guests.callers import Caller
from reservations import clock
from reservations.event_types import Entry
from reservations.models import Event, Reservation

_listeners: list[Callable[[list[int]], None]] = []


def on_recorded(listener: Callable[[list[int]], None]) -> None:
    """Have `listener` told, after each commit, the ids of the events it made durable."""
    if listener not in _listeners:
        _listeners.append(listener)


def draft(
    reservation: Reservation,
    entry: Entry,
    *,
    at: datetime,
    by: Caller,
    is_limited: bool = False,
) -> Event:
    """The unsaved row of an event that happened to a reservation at `at`.

    `is_limited` counts it against the rate of state changes.
    """
    return Event(
        venue_id=reservation.venue_id,
        reservation=reservation,
        name=entry.name,
        at=at,
        recorded_at=clock.now(),
        by=by.name,
        by_kind=by.kind,
        data=entry.data,
        is_limited=is_limited,
    )


def record(
    reservation: Reservation,
    entry: Entry,
    *,
    at: datetime,
    by: Caller,
    is_limited: bool = False,
) -> None:
    """Record an event that happened to a reservation at `at`. Assumes a transaction."""
    record_many([draft(reservation, entry, at=at, by=by, is_limited=is_limited)])


def record_of_venue(venue_id: int, entry: Entry, *, at: datetime, by: Caller) -> None:
    """Record an event of a venue rather than of one reservation. Assumes a transaction."""
    event = Event(
        venue_id=venue_id,
        name=entry.name,
        at=at,
        recorded_at=clock.now(),
        by=by.name,
        by_kind=by.kind,
        data=entry.data,
    )
    record_many([event])


def record_many(events: Iterable[Event]) -> None:
    """Record several events in one statement. Assumes a transaction."""
    written = Event.objects.bulk_create(events)
    tell([event.pk for event in written])


def tell(ids: list[int]) -> None:
    """Have the outbox told of events that were written, once they are committed."""
    if ids and _listeners:
        transaction.on_commit(lambda: _spread(ids))


def _spread(ids: list[int]) -> None:
    for listener in _listeners:
        listener(ids)
