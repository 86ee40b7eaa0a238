"""Reseating."""

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
    """These rows as seats, pinned where nobody may be moved. For whoever foresees what happens."""
    return [
        seating.Seat(row.pk, row.resource_id, row.starts_at, row.ends_at, _is_pinned(row, now))
        for row in rows
    ]


def last_pins(units: Iterable[int], now: datetime) -> dict[int, datetime]:
    """When the last seat that cannot be changed begins, after now, on each unit that has one."""
    rows = Allocation.objects.filter(resource_id__in=list(units), starts_at__gt=now)
    found = rows.taking_time(at=now).filter(_PINNED).values("resource_id")
    return dict(found.annotate(last=Max("starts_at")).values_list("resource_id", "last"))


def is_pool_full(pool: list[int], seats: Iterable[seating.Seat], span: Span) -> bool:
    return seating.is_full(
        pool, [seat for seat in seats if seat.unit in pool], span.start, span.end
    )


def reseat(ask: Ask, pool: list[Resource]) -> Placement | Refusal:
    span, ids = ask.span, [unit.pk for unit in pool]
    rows = ledger.taken_rows(ids, span)
    if seating.is_full(ids, seated(rows, ask.now), span.start, span.end):
        return ledger.refusal_for(rows)
    # Those that come later may have to move on in turn.
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
    # Where somebody moves to, a lapsed hold may still be written as live.
    last = max([span.end, *(seat.end for seat in seats)])
    lapses.release_lapsed(ids, replace(span, start=ask.now, end=last))
    ledger.move(moves, now=ask.now, by=ask.by)
    return Placement(units=[unit for unit in pool if unit.pk == chosen])


# The twin of `_is_pinned` for rows that begin after now; tests of availability hold them together.
_PINNED = (
    Q(is_locked=True) | Q(reservation__isnull=True) | Q(reservation__checked_in_at__isnull=False)
)


def _is_pinned(row: TakenRow, now: datetime) -> bool:
    if row.is_locked or row.reservation_id is None or row.starts_at <= now:
        return True
    return row.checked_in_at is not None
