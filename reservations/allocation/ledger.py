"""The only code that takes or frees time, and the queries that say what is taken."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet

from guests.callers import Caller
from reservations import events
from reservations.errors import HeldByOther, Refusal, Taken
from reservations.event_types import RESEATED, FromTo
from reservations.models import Allocation, Reservation
from reservations.querysets import AllocationQuerySet
from reservations.transactions import Restart
from venues import statements
from venues.models import Resource

_TAKE = """
INSERT INTO reservations_allocation
    (venue_id, resource_id, reservation_id, closure_id, reason,
     starts_at, ends_at, promised_local, is_live, is_locked, lapses_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, true, %s, %s)
ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING
RETURNING id
"""

# The range is written as in the constraint, so that PostgreSQL uses the constraint's index.
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
    """A range on a unit, buffers included, and the instant at which it is judged. All in UTC."""

    start: datetime
    end: datetime
    now: datetime
    venue: int | None = None
    """The id of the venue.

    Set it when reading many units, so that PostgreSQL uses the venue's index.
    """
    prepared_from: datetime | None = None
    """From when on no closure may take the unit, or None for `start`. Guests may."""

    @property
    def rows(self) -> AllocationQuerySet:
        """The allocations that overlap the span, live or not; filter by unit as well."""
        # Callers filter by unit as well. SQLite has no range index and reads the index of the
        # units, but chose a worse one when the venue was named too.
        venues = [self.venue] if self.venue and connection.vendor == "postgresql" else None
        rows = Allocation.objects.overlapping(self.start, self.end, venues=venues)
        if self.prepared_from is None:
            return rows
        before = Allocation.objects.overlapping(self.prepared_from, self.start, venues=venues)
        return rows | before.filter(reservation__isnull=True)


class TakenRow(NamedTuple):
    """One allocation that takes time, with two facts of its reservation. Instants are UTC.

    `reservation_id`, `confirmed_at` and `checked_in_at` are None for a closure.
    """

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
    """Locks these units for taking time, in order of id, and returns them as read under the lock.

    Unknown ids are left out. Lock units before reservations. Readers and foreign keys do not wait.
    """
    units = Resource.objects.select_for_update(no_key=True).filter(pk__in=set(ids))
    return list(units.order_by("pk"))


def lock_reservations(ids: Iterable[int]) -> list[Reservation]:
    """Locks these reservations, in order of id, and returns them as they are under the lock.

    Lock their units first.
    """
    rows = Reservation.objects.select_for_update(no_key=True).filter(pk__in=set(ids))
    return list(rows.order_by("pk"))


def free_units(units: QuerySet[Resource], span: Span) -> QuerySet[Resource]:
    """The units among `units` that are free for the whole span without a re-seat.

    Runs no query yet.
    """
    taking = span.rows.filter(resource=OuterRef("pk")).taking_time(at=span.now)
    return units.filter(~Exists(taking))


def free(reservation: Reservation, *, at: datetime | None) -> None:
    """Frees a locked reservation's time from `at` (UTC) on, or all of it when `at` is None."""
    live = Allocation.objects.filter(reservation=reservation, is_live=True)
    if at is None:
        live.update(is_live=False)
    else:
        truncate(live, at=at)


def truncate(live: QuerySet[Allocation], *, at: datetime | F) -> None:
    """Ends these live rows at an instant, or at a column of their own (F).

    Rows left empty stop being live.
    """
    # The constraint does not see an empty range, so rows that would become empty stop being live.
    live.filter(starts_at__gte=at).update(is_live=False)
    live.filter(starts_at__lt=at, ends_at__gt=at).update(ends_at=at)


def taken_rows(units: Collection[int], span: Span) -> list[TakenRow]:
    """The allocations that take time on these units within the span, earliest first; [] when free.

    For one unit on PostgreSQL it runs a prepared statement. A refused crowd runs this query only,
    and the ORM would cost several times the query itself.
    """
    is_plain = span.prepared_from is None
    if len(units) == 1 and is_plain and connection.vendor == "postgresql":
        (unit,) = units
        values = {"unit": unit, "start": span.start, "end": span.end, "now": span.now}
        return [TakenRow._make(row) for row in statements.rows(_TAKING_ONE, values)]
    return _read(span.rows.filter(resource_id__in=units).taking_time(at=span.now))


def taken_from(units: Collection[int], start: datetime, *, now: datetime) -> list[TakenRow]:
    """The allocations on these units that take time and end after `start`, earliest first."""
    rows = Allocation.objects.filter(resource_id__in=units, ends_at__gt=start)
    return _read(rows.taking_time(at=now))


def take(draft: Allocation) -> Allocation:
    """Saves the drafted allocation and returns it with its id. Assumes that its unit is locked.

    Raises Taken when the constraint refuses an overlap. On SQLite it raises IntegrityError, which
    `transactions.in_transaction` turns into Taken.
    """
    if connection.vendor != "postgresql":
        # The trigger aborts the statement; transactions.in_transaction raises Taken for it.
        draft.save(force_insert=True)
        return draft
    with connection.cursor() as cursor:
        # ON CONFLICT, since two plain inserts into one free range deadlock on the constraint.
        cursor.execute(
            _TAKE,
            [
                draft.venue_id, draft.resource_id, draft.reservation_id, draft.closure_id,
                draft.reason, draft.starts_at, draft.ends_at, draft.promised_local,
                draft.is_locked, draft.lapses_at,
            ],
        )  # fmt: skip
        row = cursor.fetchone()
    if row is None:
        raise Taken
    draft.pk = row[0]
    return draft


def move(moves: dict[int, int], *, now: datetime, by: Caller) -> None:
    """Moves allocations to other units: `moves` maps an allocation's id to a unit's id.

    Assumes that all these units are locked, and locks the reservations. Raises Restart when an
    allocation is no longer live and movable, or its guest has arrived.
    """
    found = Allocation.objects.filter(pk__in=moves).values_list("reservation_id", flat=True)
    reservations = lock_reservations(found)
    rows = list(Allocation.objects.filter(pk__in=moves, is_live=True, is_locked=False))
    if len(rows) != len(moves) or any(row.checked_in_at for row in reservations):
        raise Restart
    # The constraint is checked row by row, so first all rows leave their units, then all arrive.
    Allocation.objects.filter(pk__in=moves).update(is_live=False)
    by_id = {row.pk: row for row in reservations}
    told = []
    names = dict(Resource.objects.filter(pk__in=_units_in(rows, moves)).values_list("pk", "name"))
    for row in rows:
        left, got = row.resource_id, moves[row.pk]
        units: FromTo = {"from": [names[left]], "to": [names[got]]}
        reseated = RESEATED({"changed": {"units": units}, "from": str(left), "to": str(got)})
        moved = by_id[row.reservation_id or 0]
        told.append(events.draft(moved, reseated, at=now, by=by))
        row.resource_id, row.is_live = moves[row.pk], True
    Allocation.objects.bulk_update(rows, ["resource_id", "is_live"])
    events.record_many(told)


def _units_in(rows: Iterable[Allocation], moves: dict[int, int]) -> set[int]:
    return {row.resource_id for row in rows} | set(moves.values())


def refusal_for(rows: Iterable[TakenRow]) -> Refusal:
    """The refusal for time that these rows take: HeldByOther if a unit has only holds, else Taken.

    HeldByOther carries the earliest instant at which such a unit may be free. No rows mean Taken.
    """
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
    # Values rather than models: a busy year has thousands of rows.
    return [TakenRow._make(row) for row in rows.order_by("starts_at", "pk").values_list(*_ROW)]


def _is_held(row: TakenRow) -> bool:
    held = row.reservation_id is not None and row.confirmed_at is None
    return held and row.lapses_at is not None


def live(reservation: Reservation) -> QuerySet[Allocation]:
    """The live allocations that reach the reservation's end, also those of a hold that has lapsed.

    A live row that ends earlier is history: a unit that the guest has left, or time freed by a
    no-show.
    """
    rows = Allocation.objects.filter(reservation=reservation, is_live=True)
    return rows.filter(ends_at__gte=reservation.ends_at)


def has_its_time(reservation: Reservation) -> bool:
    """True when the reservation has live allocations: no sweep or other booking has freed them."""
    return live(reservation).exists()
