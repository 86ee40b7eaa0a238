"""What happened: rows written in the transaction of the change, and a word to the outbox after."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from guests.callers import Caller
from reservations import clock
from reservations.models import Event, Reservation

_listeners: list[Callable[[list[int]], None]] = []


def on_recorded(listener: Callable[[list[int]], None]) -> None:
    """Have `listener` told, after each commit, the ids of the events it made durable."""
    if listener not in _listeners:
        _listeners.append(listener)


def draft(
    reservation: Reservation,
    name: str,
    *,
    at: datetime,
    by: Caller,
    is_limited: bool = False,
    data: dict[str, Any] | None = None,
) -> Event:
    """The row that says `name` happened to a reservation at `at`."""
    return Event(
        venue_id=reservation.venue_id,
        reservation=reservation,
        name=name,
        at=at,
        recorded_at=clock.now(),
        by=by.name,
        by_kind=by.kind,
        data=data or {},
        is_limited=is_limited,
    )


def record(
    reservation: Reservation,
    name: str,
    *,
    at: datetime,
    by: Caller,
    is_limited: bool = False,
    data: dict[str, Any] | None = None,
) -> None:
    """Write down that `name` happened to a reservation at `at`. Assumes a transaction."""
    record_many([draft(reservation, name, at=at, by=by, is_limited=is_limited, data=data)])


def record_of_venue(
    venue_id: int, name: str, *, at: datetime, by: Caller, data: dict[str, Any]
) -> None:
    """Write down what happened to a venue rather than to one reservation."""
    event = Event(
        venue_id=venue_id,
        name=name,
        at=at,
        recorded_at=clock.now(),
        by=by.name,
        by_kind=by.kind,
        data=data,
    )
    record_many([event])


def record_many(events: Iterable[Event]) -> None:
    """Write several at once. Assumes a transaction."""
    written = Event.objects.bulk_create(events)
    tell([event.pk for event in written])


def tell(ids: list[int]) -> None:
    """Have the outbox told of events that were written, once they are committed."""
    if ids and _listeners:
        transaction.on_commit(lambda: _spread(ids))


def _spread(ids: list[int]) -> None:
    for listener in _listeners:
        listener(ids)
