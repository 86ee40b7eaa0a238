"""Frees a unit by moving guests who are not pinned to other units of their pool."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Max, Q

from guests.callers import Caller
from reservations.allocation import lapses, ledger, presence, seating
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.ledger import Span, TakenRow
from reservations.allocation.presence import Occupant
from reservations.errors import Refusal, Taken
from reservations.models import Allocation
from reservations.rules.categories import pools_as_locked
from reservations.rules.taken_ranges import preparation
from venues.models import Resource, Venue


def seated(
    rows: Iterable[TakenRow], now: datetime, *, prepares: timedelta = timedelta(0)
) -> list[seating.Seat]:
    """These rows as seats for `allocation.seating`, pinned when the guest must keep the unit.

    `prepares` is how long after a closure nobody may begin.
    """
    return [
        seating.Seat(
            row.pk,
            row.resource_id,
            row.starts_at,
            row.ends_at if row.reservation_id else row.ends_at + prepares,
            _is_pinned(row, now),
        )
        for row in rows
    ]


def last_pins(units: Iterable[int], now: datetime) -> dict[int, datetime]:
    """By unit id, the start of its last pinned allocation after `now`. Other units are absent."""
    rows = Allocation.objects.filter(resource_id__in=list(units), starts_at__gt=now)
    found = rows.taking_time(at=now).filter(_PINNED).values("resource_id")
    return dict(found.annotate(last=Max("starts_at")).values_list("resource_id", "last"))


def is_pool_full(pool: list[int], seats: Iterable[seating.Seat], span: Span) -> bool:
    """True when at some instant of the span all units of the pool (ids) are taken."""
    return seating.is_full(
        pool, [seat for seat in seats if seat.unit in pool], span.start, span.end
    )


def reseat(ask: Ask, pool: list[Resource], here: Mapping[int, Occupant]) -> Placement | Refusal:
    """Frees one unit of the pool for the ask, and moves the guests that this takes.

    Assumes that the pool is locked. `here` are the guests past their end, by unit id: nobody who
    begins now is put on their units. Returns the Placement, or the Refusal when the pool is full or
    its pinned guests are in the way (`reason` "fixed_units", with the names of their units).
    """
    span, ids = ask.span, [unit.pk for unit in pool]
    rows = ledger.taken_rows(ids, span)
    prepares = preparation(ask.venue.policy)
    taken = seated(rows, ask.now, prepares=prepares)
    # They stand in the way of what contains now, and of nothing else.
    pins = presence.pins(here.values(), taken, ids, ask.now)
    if seating.is_full(ids, [*taken, *pins], span.start, span.end):
        if not seating.is_full(ids, taken, span.start, span.end):
            return _occupied(here, pool)
        return ledger.refusal_for(rows)
    # Guests who arrive after the range may have to move as well.
    later = ledger.taken_from(ids, span.start - prepares, now=ask.now)
    seats = seated(later, ask.now, prepares=prepares)
    moves = seating.reseat(ids, [*seats, *pins], span.start, span.end)
    if moves is None:
        rest = ledger.taken_from(ids, ask.now - prepares, now=ask.now)
        every = seated(rest, ask.now, prepares=prepares)
        moves = seating.search(ids, [*every, *pins], span.start, span.end)
    if moves is None:
        fixed = {row.resource_id for row in rows if _is_pinned(row, ask.now)}
        names = [unit.name for unit in pool if unit.pk in fixed]
        return Taken(reason="fixed_units", units=names)
    chosen = moves.pop(seating.WANTED)
    # The unit that a guest moves to may still carry the live row of a lapsed hold.
    last = max([span.end, *(seat.end for seat in seats)])
    lapses.release_lapsed(ids, replace(span, start=ask.now, end=last))
    ledger.move(moves, now=ask.now, by=ask.by)
    return Placement(units=[unit for unit in pool if unit.pk == chosen])


def clear(
    taken: Sequence[seating.Seat],
    units: Sequence[Resource],
    *,
    now: datetime,
    by: Caller,
    venue: Venue,
    own: int | None = None,
) -> Refusal | None:
    """Moves the guests who can move from these seats, which are to be taken on units of a venue.

    Assumes that `units`, all that may be needed, are locked. The time of the reservation `own` (an
    id) is not in the way. Returns None when the time is free, else the refusal, with nobody moved.
    """
    moves: dict[int, int] = {}
    for pool in pools_as_locked(venue, [unit for unit in units if unit.retired_at is None]):
        ids = [unit.pk for unit in pool]
        wanted = [seat for seat in taken if seat.unit in ids]
        if not wanted:
            continue
        first = min(now, *(seat.start for seat in wanted))
        rows = [row for row in ledger.taken_from(ids, first, now=now) if row.reservation_id != own]
        found = seating.make_way(ids, seated(rows, now), wanted)
        if found is None:
            return ledger.refusal_for(row for row in rows if _meets(row, wanted))
        moves |= found
    if moves:
        last = max(seat.end for seat in taken)
        lapses.release_lapsed([unit.pk for unit in units], Span(start=now, end=last, now=now))
        ledger.move(moves, now=now, by=by)
    return None


def _meets(row: TakenRow, wanted: Iterable[seating.Seat]) -> bool:
    return any(
        row.resource_id == seat.unit and row.starts_at < seat.end and seat.start < row.ends_at
        for seat in wanted
    )


def _occupied(here: Mapping[int, Occupant], pool: list[Resource]) -> Refusal:
    unit = next(unit for unit in pool if unit.pk in here)
    return presence.refusal(here[unit.pk], unit)


# `_is_pinned` in SQL, for rows that begin after now. Tests of availability bind the two.
_PINNED = (
    Q(is_locked=True) | Q(reservation__isnull=True) | Q(reservation__checked_in_at__isnull=False)
)


def _is_pinned(row: TakenRow, now: datetime) -> bool:
    if row.is_locked or row.reservation_id is None or row.starts_at <= now:
        return True
    return row.checked_in_at is not None
