"""Finds the units of a guest who arrives.

An early guest also gets the time from now to their start. A late guest whose unit was given away
gets another one, and so does a guest whose unit is not free yet, where nobody promised that very
unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import lapses, ledger, presence, reseating, seating
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.ledger import Span, TakenRow, live
from reservations.allocation.placement import place
from reservations.allocation.presence import Occupant
from reservations.errors import TooLong
from reservations.event_types import RESEATED
from reservations.lifecycle import drafts
from reservations.models import Allocation, Reservation
from reservations.ranges import MAX_SPAN
from reservations.rules.categories import pools_as_locked
from reservations.rules.taken_ranges import taken_range
from reservations.status import Status
from reservations.transactions import Restart
from venues.hours import Window
from venues.models import Resource


@dataclass(frozen=True, slots=True)
class Arrival:
    """The units that a guest gets, locked, and `before`, the ids of those that the guest had.

    `moves` are those of other guests, from an allocation's id to a unit's id.
    """

    placement: Placement
    before: frozenset[int]
    moves: dict[int, int] = field(default_factory=dict)


def prepare(
    seen: Reservation, *, by: Caller, is_override: bool = False, is_due: bool = True
) -> Arrival | None:
    """Locks the guest's units, or finds others where the guest before has not gone, where somebody
    has the time before an early guest's start, or where a late guest's unit was given away.

    Call it before the reservation is locked. `is_override` gives an occupied unit anyway; a guest
    who is not due keeps their units unjudged. Returns None when the guest has no time and cannot
    get any. Raises Restart when the units change during the wait, or a Refusal when no other unit
    is free.
    """
    rows = list(live(seen))
    now = clock.now()
    if not rows:
        is_late = seen.status_at(now) is Status.NO_SHOW and now < seen.ends_at
        placement = _elsewhere(seen, now, by=by) if is_late else None
        return None if placement is None else Arrival(placement, frozenset())
    before = frozenset(row.resource_id for row in rows)
    is_barred = is_due and bool(_in_the_way(seen, rows, now, is_override=is_override))
    # All that may be needed is locked at once, in order of id.
    units = ledger.lock_units(before | (_like(seen) if is_barred else set()))
    now = clock.now()
    if _units(seen) != before:
        # Given away or re-seated while this waited for the lock.
        raise Restart
    _release_lapsed(seen, units, rows, now)
    own = [unit for unit in units if unit.pk in before]
    why = _in_the_way(seen, rows, now, is_override=is_override) if is_due else []
    if not why:
        return Arrival(Placement(units=own, is_locked=True), before)
    if not is_barred:
        # It came during the wait, so the other units are not locked.
        raise Restart
    found = _around(seen, rows, units, now, is_override=is_override)
    if found is not None:
        return found
    if isinstance(why[0], Occupant):
        raise presence.refusal(why[0], next(unit for unit in own if unit.pk == why[0].unit))
    raise ledger.refusal_for(row for row in why if isinstance(row, TakenRow))


def seat(reservation: Reservation, arrival: Arrival | None, *, now: datetime, by: Caller) -> None:
    """Gives the locked reservation its units from `now` (UTC) on, and pins it to them.

    Raises Taken or HeldByOther when the time before an early guest's start is not free, TooLong
    when the range would exceed MAX_SPAN, Restart when the units changed since `prepare`.
    """
    rows = list(live(reservation))
    if arrival is None or (rows and _units(reservation) != arrival.before):
        # Released or re-seated between `prepare` and the lock.
        raise Restart
    if not rows:
        sold = Window(now, reservation.ends_at)
        until = taken_range(reservation.venue.policy, sold).end
        for draft in drafts.allocations(reservation, arrival.placement, Window(now, until)):
            draft.is_locked = True
            ledger.take(draft)
        return
    if any(now < row.starts_at and row.ends_at - now > MAX_SPAN for row in rows):
        raise TooLong
    units = {unit.pk for unit in arrival.placement.units}
    if arrival.moves or units != arrival.before:
        # First everybody leaves, then all arrive: the constraint is checked row by row.
        live(reservation).update(is_live=False)
        ledger.move(arrival.moves, now=now, by=by)
    for row in rows:
        _arrive(row, row.resource_id if row.resource_id in units else min(units), now)
    for unit in units - arrival.before:
        (left,) = arrival.before
        moved = RESEATED({"from": str(left), "to": str(unit)})
        events.record(reservation, moved, at=now, by=by)


def _arrive(row: Allocation, unit: int, now: datetime) -> None:
    if unit == row.resource_id and now < row.starts_at:
        gap = Span(start=now, end=row.starts_at, now=now)
        taken = ledger.taken_rows([unit], gap)
        if taken:
            raise ledger.refusal_for(taken)
    Allocation.objects.filter(pk=row.pk).update(
        resource_id=unit,
        starts_at=min(row.starts_at, now),
        is_live=True,
        is_locked=True,
        lapses_at=None,
    )


def _in_the_way(
    seen: Reservation, rows: Sequence[Allocation], now: datetime, *, is_override: bool
) -> Sequence[Occupant | TakenRow]:
    """The guests who are still in these units, else the rows in the time before an early start."""
    here = {} if is_override else presence.past_end(seen.venue_id, now, but=seen.pk)
    found: list[Occupant | TakenRow] = [
        here[row.resource_id] for row in rows if row.resource_id in here
    ]
    if not found:
        for row in rows:
            gap = Span(start=now, end=row.starts_at, now=now)
            found += ledger.taken_rows([row.resource_id], gap) if now < row.starts_at else []
    return found


def _around(
    seen: Reservation,
    rows: Sequence[Allocation],
    units: Sequence[Resource],
    now: datetime,
    *,
    is_override: bool,
) -> Arrival | None:
    """The arrival on a unit that is free for it, perhaps after a re-seat of others; None without.

    First on the guest's own unit, where only others who can move are in the way.
    """
    if len(rows) != 1:
        return None
    (row,) = rows
    (pool,) = [
        pool
        for pool in pools_as_locked(seen.venue, units)
        if any(unit.pk == row.resource_id for unit in pool)
    ]
    ids = [unit.pk for unit in pool]
    others = [one for one in ledger.taken_from(ids, now, now=now) if one.pk != row.pk]
    seats = reseating.seated(others, now)
    late = {} if is_override else presence.past_end(seen.venue_id, now, but=seen.pk)
    pins = presence.pins(late.values(), seats, ids, now)
    start, before = min(row.starts_at, now), frozenset([row.resource_id])
    chosen = row.resource_id
    moves: dict[int, int] | None = None
    if not row.is_locked:
        free = _free(pool, [*seats, *pins], start, row.ends_at)
        chosen, moves = (free, {}) if free else (row.resource_id, None)
    if moves is None and row.resource_id not in late:
        wanted = seating.Seat(seating.WANTED, row.resource_id, start, row.ends_at, is_pinned=True)
        moves = seating.make_way(ids, seats, [wanted])
    if moves is None and not row.is_locked:
        moves = seating.reseat(ids, [*seats, *pins], start, row.ends_at)
        chosen = moves.pop(seating.WANTED) if moves else chosen
    if moves is None:
        return None
    unit = next(unit for unit in pool if unit.pk == chosen)
    return Arrival(Placement(units=[unit], is_locked=True), before, moves)


def _free(
    pool: Sequence[Resource], seats: Sequence[seating.Seat], start: datetime, end: datetime
) -> int | None:
    """The id of a unit that no seat takes in the range; None when each is taken."""
    taken = {seat.unit for seat in seats if seat.start < end and start < seat.end}
    return next((unit.pk for unit in pool if unit.pk not in taken), None)


def _like(seen: Reservation) -> set[int]:
    """The ids of the units of the reservation's category that are in use."""
    pool = Resource.objects.filter(category=seen.category_id, retired_at__isnull=True)
    return set(pool.values_list("pk", flat=True))


def _release_lapsed(
    seen: Reservation, units: Sequence[Resource], rows: Sequence[Allocation], now: datetime
) -> None:
    start, end = min(row.starts_at for row in rows), max(row.ends_at for row in rows)
    span = Span(start=min(now, start), end=end, now=now)
    # The guest's own hold or no-show is judged under its lock.
    ids = lapses.lapsed_ids([unit.pk for unit in units], span) - {seen.pk}
    lapses.release(ledger.lock_reservations(ids), now=now)


def _elsewhere(seen: Reservation, now: datetime, *, by: Caller) -> Placement:
    last = Allocation.objects.filter(reservation=seen).order_by("-pk").first()
    ask = Ask(
        venue=seen.venue,
        window=Window(now, seen.ends_at),
        party=seen.guest_count,
        resource=None,
        categories=[seen.category],
        now=now,
        by=by,
        is_override=False,
        hours_hold=True,
        prefer=frozenset([last.resource_id] if last else []),
    )
    return place(ask)


def _units(reservation: Reservation) -> set[int]:
    return set(live(reservation).values_list("resource_id", flat=True))
