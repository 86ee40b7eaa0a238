"""Records events in the transaction of the change, and notifies the outbox after the commit."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction

from guests.callers import Caller
from reservations import clock
from reservations.event_types import Entry
from reservations.models import Event, Reservation

_listeners: list[Callable[[list[int]], None]] = []


def on_recorded(listener: Callable[[list[int]], None]) -> None:
    """Registers `listener`, which is called after each commit with the ids of its new events."""
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
    """The unsaved row of an event that happened to a reservation at `at` (UTC).

    `is_limited` counts it as a state change for the rate limit.
    """
    return Event(
        venue_id=reservation.venue_id,
        reservation=reservation,
        name=entry.name,
        round=reservation.round,
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
    """Records an event that happened to a reservation at `at` (UTC). Assumes a transaction."""
    record_many([draft(reservation, entry, at=at, by=by, is_limited=is_limited)])


def record_of_venue(venue_id: int, entry: Entry, *, at: datetime, by: Caller) -> None:
    """Records an event that concerns a venue rather than one reservation. Assumes a transaction."""
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
    """Records several events in one statement. Assumes a transaction."""
    written = Event.objects.bulk_create(events)
    tell([event.pk for event in written])


def tell(ids: list[int]) -> None:
    """Notifies the outbox of these events (ids) after the commit. Assumes that they are written."""
    if ids and _listeners:
        transaction.on_commit(lambda: _spread(ids))


def _spread(ids: list[int]) -> None:
    for listener in _listeners:
        listener(ids)
