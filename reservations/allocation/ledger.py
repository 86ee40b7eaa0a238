"""The only code that takes or frees time, and the one answer to: is it free?."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet

from guests.callers import Caller
from reservations import events
from reservations.errors import HeldByOther, Refusal, Taken
from reservations.event_types import RESEATED
from reservations.models import Allocation, Reservation
from reservations.querysets import AllocationQuerySet
from reservations.transactions import Restart
from venues import statements
from venues.models import Resource

_TAKE = """
INSERT INTO reservations_allocation
    (venue_id, resource_id, reservation_id, closure_id, reason,
     starts_at, ends_at, is_live, is_locked, lapses_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, true, %s, %s)
ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING
RETURNING id
"""

# In the words of the constraint, whose index it reads.
_TAKING_ONE = """
SELECT took.id, took.resource_id, took.starts_at, took.ends_at, took.is_locked, took.lapses_at,
    took.reservation_id, reservation.confirmed_at, reservation.checked_in_at
FROM reservations_allocation AS took
LEFT JOIN reservations_reservation AS reservation ON reservation.id = took.reservation_id
WHERE took.resource_id = %(unit)s::bigint AND took.is_live
AND tstzrange(took.starts_at, took.ends_at, '[)') && tstzrange(%(start)s, %(end)s, '[)')
AND (took.lapses_at IS NULL OR took.lapses_at > %(now)s)
ORDER BY 3, 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The range really taken, buffers included, and the instant it is judged at."""

    start: datetime
    end: datetime
    now: datetime
    venue: int | None = None
    """Whose units are looked at, where there are many: an index knows time by venue."""

    @property
    def rows(self) -> AllocationQuerySet:
        """What is allocated within it."""
        # The units are named as well. Where there are no ranges to look up, their own index is
        # the better one, and a condition on the venue hid it.
        venues = [self.venue] if self.venue and connection.vendor == "postgresql" else None
        return Allocation.objects.overlapping(self.start, self.end, venues=venues)


class TakenRow(NamedTuple):
    """What is known of one row that takes time, and of its reservation, if it is one's."""

    pk: int
    resource_id: int
    starts_at: datetime
    ends_at: datetime
    is_locked: bool
    lapses_at: datetime | None
    reservation_id: int | None
    confirmed_at: datetime | None
    checked_in_at: datetime | None


_ROW = (*TakenRow._fields[:-2], "reservation__confirmed_at", "reservation__checked_in_at")


def lock_units(ids: Iterable[int]) -> list[Resource]:
    """Lock these units for taking time, in id order; readers and foreign keys are not held up."""
    units = Resource.objects.select_for_update(no_key=True).filter(pk__in=set(ids))
    return list(units.order_by("pk"))


def lock_reservations(ids: Iterable[int]) -> list[Reservation]:
    """Lock these reservations, in id order, and read them as they are under the lock."""
    rows = Reservation.objects.select_for_update(no_key=True).filter(pk__in=set(ids))
    return list(rows.order_by("pk"))


def free_units(units: QuerySet[Resource], span: Span) -> QuerySet[Resource]:
    """Those of `units` that nothing takes at any instant of the span, moving nobody."""
    taking = span.rows.filter(resource=OuterRef("pk")).taking_time(at=span.now)
    return units.filter(~Exists(taking))


def free(reservation: Reservation, *, at: datetime | None) -> None:
    """Give back a locked reservation's time from `at` on; all of it where `at` is None."""
    live = Allocation.objects.filter(reservation=reservation, is_live=True)
    if at is None:
        live.update(is_live=False)
    else:
        truncate(live, at=at)


def truncate(live: QuerySet[Allocation], *, at: datetime | F) -> None:
    """Cut these live rows short at an instant, or one of their own; those left empty die."""
    # An empty range would be let into a taken one, so what ends at its start or before dies.
    live.filter(starts_at__gte=at).update(is_live=False)
    live.filter(starts_at__lt=at, ends_at__gt=at).update(ends_at=at)


def taken_rows(units: Collection[int], span: Span) -> list[TakenRow]:
    """What takes time on these units within the span, earliest first.

    Of one unit, on PostgreSQL, by a statement that is planned once: a crowd that is refused asks
    nothing else, and through the ORM asking costs several times the answer.
    """
    if len(units) == 1 and connection.vendor == "postgresql":
        (unit,) = units
        values = {"unit": unit, "start": span.start, "end": span.end, "now": span.now}
        return [TakenRow._make(row) for row in statements.rows(_TAKING_ONE, values)]
    return _read(span.rows.filter(resource_id__in=units).taking_time(at=span.now))


def taken_from(units: Collection[int], start: datetime, *, now: datetime) -> list[TakenRow]:
    """What takes time on these units and ends after `start`."""
    rows = Allocation.objects.filter(resource_id__in=units, ends_at__gt=start)
    return _read(rows.taking_time(at=now))


def take(draft: Allocation) -> Allocation:
    """Take the drafted time on a locked unit. Raises Taken when the database refuses it."""
    if connection.vendor != "postgresql":
        # The trigger aborts the statement; transactions.in_transaction() tells it as Taken.
        draft.save(force_insert=True)
        return draft
    with connection.cursor() as cursor:
        # Not a plain insert: two of those on one free range deadlock on the constraint.
        cursor.execute(
            _TAKE,
            [
                draft.venue_id, draft.resource_id, draft.reservation_id, draft.closure_id,
                draft.reason, draft.starts_at, draft.ends_at, draft.is_locked, draft.lapses_at,
            ],
        )  # fmt: skip
        row = cursor.fetchone()
    if row is None:
        raise Taken
    draft.pk = row[0]
    return draft


def move(moves: dict[int, int], *, now: datetime, by: Caller) -> None:
    """Re-seat allocations, id -> unit, all of whose units are locked.

    Raises Restart when one of them is no longer what the seating was worked out from.
    """
    found = Allocation.objects.filter(pk__in=moves).values_list("reservation_id", flat=True)
    reservations = lock_reservations(found)
    rows = list(Allocation.objects.filter(pk__in=moves, is_live=True, is_locked=False))
    if len(rows) != len(moves) or any(row.checked_in_at for row in reservations):
        raise Restart
    # The constraint is checked row by row, so all of them leave before any arrives.
    Allocation.objects.filter(pk__in=moves).update(is_live=False)
    by_id = {row.pk: row for row in reservations}
    told = []
    for row in rows:
        reseated = RESEATED({"from": str(row.resource_id), "to": str(moves[row.pk])})
        moved = by_id[row.reservation_id or 0]
        told.append(events.draft(moved, reseated, at=now, by=by))
        row.resource_id, row.is_live = moves[row.pk], True
    Allocation.objects.bulk_update(rows, ["resource_id", "is_live"])
    events.record_many(told)


def refusal_for(rows: Iterable[TakenRow]) -> Refusal:
    """Why time is refused, given what takes it: held where waiting may help, taken otherwise."""
    by_unit: dict[int, list[TakenRow]] = {}
    for row in rows:
        by_unit.setdefault(row.resource_id, []).append(row)
    waits = [
        max(row.lapses_at for row in taking if row.lapses_at)
        for taking in by_unit.values()
        if all(_is_held(row) for row in taking)
    ]
    return HeldByOther(min(waits)) if waits else Taken()


def _read(rows: QuerySet[Allocation]) -> list[TakenRow]:
    # Values: a busy year is thousands of rows, and to be refused is to read one.
    return [TakenRow._make(row) for row in rows.order_by("starts_at", "pk").values_list(*_ROW)]


def _is_held(row: TakenRow) -> bool:
    held = row.reservation_id is not None and row.confirmed_at is None
    return held and row.lapses_at is not None


def live(reservation: Reservation) -> QuerySet[Allocation]:
    """The rows that take the time it has, lapsed ones that nobody released included.

    A live row that ends before the range does is history: a unit the guest was moved from, or
    time that was given away when they did not come.
    """
    rows = Allocation.objects.filter(reservation=reservation, is_live=True)
    return rows.filter(ends_at__gte=reservation.ends_at)


def has_its_time(reservation: Reservation) -> bool:
    """Whether its rows, which live and die together, are live: no clock has released them."""
    return live(reservation).exists()
