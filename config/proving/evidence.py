"""The evidence of a proof: every call and answer, and all rows of the venue."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import connection, transaction

from config.proving.ground import Ground
from config.proving.journal import Call
from reservations.models import Allocation, Event, Reservation


@dataclass
class Evidence:
    """Calls in the order in which they were made, and rows as they are after the last sweep."""

    ground: Ground
    calls: list[Call]
    reservations: dict[int, Reservation]
    allocations: list[Allocation]
    events: list[Event]
    read_at: datetime
    has_guard: bool = True

    @cached_property
    def calls_of(self) -> dict[int, list[Call]]:
        """The calls that made, changed or returned a reservation, by its id."""
        found: dict[int, list[Call]] = defaultdict(list)
        for call in self.calls:
            for pk in {*(row.id for row in call.seen), *call.ids}:
                found[pk].append(call)
        return found

    @cached_property
    def events_of(self) -> dict[int, list[Event]]:
        """The events of a reservation in the order of recording, by its id."""
        found: dict[int, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.reservation_id is not None:
                found[event.reservation_id].append(event)
        return found

    @cached_property
    def by_mark(self) -> dict[str, list[Reservation]]:
        """The reservations by the mark of their call."""
        found: dict[str, list[Reservation]] = defaultdict(list)
        for row in self.reservations.values():
            found[row.remarks].append(row)
        return found


def gather(ground: Ground, calls: list[Call], *, read_at: datetime, has_guard: bool) -> Evidence:
    """Reads all rows of a scratch venue, as of one instant.

    A client that was ended may still be writing, if its database is busy.
    """
    with _snapshot():
        return _read(ground, calls, read_at=read_at, has_guard=has_guard)


@contextmanager
def _snapshot() -> Iterator[None]:
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _read(ground: Ground, calls: list[Call], *, read_at: datetime, has_guard: bool) -> Evidence:
    rows = Reservation.objects.filter(venue_id=ground.venue_id).select_related("category")
    reservations = {row.pk: row for row in rows}
    taken = Allocation.objects.filter(venue_id=ground.venue_id)
    told = Event.objects.filter(venue_id=ground.venue_id).order_by("pk")
    return Evidence(
        ground=ground,
        calls=calls,
        reservations=reservations,
        allocations=list(taken.order_by("resource_id", "starts_at", "pk")),
        events=list(told),
        read_at=read_at,
        has_guard=has_guard,
    )
