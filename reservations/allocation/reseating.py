"""Frees a unit by moving guests who are not pinned to other units of their pool."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import Max, Q

from reservations.allocation import lapses, ledger, seating
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.ledger import Span, TakenRow
from reservations.errors import Refusal, Taken
from reservations.models import Allocation
from venues.models import Resource


def seated(rows: Iterable[TakenRow], now: datetime) -> list[seating.Seat]:
    """These rows as seats for `allocation.seating`, pinned when the guest must keep the unit."""
    return [
        seating.Seat(row.pk, row.resource_id, row.starts_at, row.ends_at, _is_pinned(row, now))
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


def reseat(ask: Ask, pool: list[Resource]) -> Placement | Refusal:
    """Frees one unit of the pool for the ask, and moves the guests that this takes.

    Assumes that the pool is locked. Returns the Placement, or the Refusal when the pool is full or
    its pinned guests are in the way (`reason` "fixed_units", with the names of their units).
    """
    span, ids = ask.span, [unit.pk for unit in pool]
    rows = ledger.taken_rows(ids, span)
    if seating.is_full(ids, seated(rows, ask.now), span.start, span.end):
        return ledger.refusal_for(rows)
    # Guests who arrive after the range may have to move as well.
    seats = seated(ledger.taken_from(ids, span.start, now=ask.now), ask.now)
    moves = seating.reseat(ids, seats, span.start, span.end)
    if moves is None:
        every = seated(ledger.taken_from(ids, ask.now, now=ask.now), ask.now)
        moves = seating.search(ids, every, span.start, span.end)
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


# `_is_pinned` in SQL, for rows that begin after now. Tests of availability bind the two.
_PINNED = (
    Q(is_locked=True) | Q(reservation__isnull=True) | Q(reservation__checked_in_at__isnull=False)
)


def _is_pinned(row: TakenRow, now: datetime) -> bool:
    if row.is_locked or row.reservation_id is None or row.starts_at <= now:
        return True
    return row.checked_in_at is not None
