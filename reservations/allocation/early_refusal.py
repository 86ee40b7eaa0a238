"""Finds what is surely taken by one look, without locks, which a crowd shares."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reservations import single_flight
from reservations.allocation import ledger
from reservations.allocation.ask import Ask
from reservations.allocation.ledger import TakenRow
from reservations.allocation.reseating import is_pool_full, seated
from reservations.errors import Refusal
from reservations.rules.categories import pools_of
from venues import catalogue
from venues.models import Resource


def look(ask: Ask, units: Sequence[Resource]) -> Refusal | None:
    """The refusal where none of these units is free, as of this moment and without locks.

    None says nothing: a unit seems free, staff override, no single unit seats the party, or the
    venue has changed since it was read. The refusal carries the ask.
    """
    if not units or ask.is_override:
        return None
    refusal = _of_named(ask, ask.resource) if ask.resource is not None else _of_pool(ask, units)
    if refusal is not None:
        refusal.asked = ask
    return refusal


@contextmanager
def trying(ask: Ask) -> Iterator[bool]:
    """Yield whether to try to take a unit: of a crowd on one named unit, only the first tries.

    The others wait until the first has committed and then look, which is cheaper than to try.
    Enter it with no lock held.
    """
    if ask.resource is None:
        yield True
        return
    crowd = crowd_of(ask)
    if single_flight.is_asked(crowd):
        yield False
        return
    with single_flight.trying(crowd) as is_first:
        yield is_first


def crowd_of(ask: Ask) -> tuple[object, ...]:
    """The question that all ask who want one unit of a venue, as it was read, for one range."""
    return "taken", ask.resource, ask.venue.revision, ask.window


def _of_named(ask: Ask, unit: int) -> Refusal | None:
    def read() -> tuple[list[TakenRow], bool]:
        rows = ledger.taken_rows([unit], ask.locked().span)
        return rows, bool(rows) and catalogue.is_unchanged(ask.venue)

    rows, is_certain = single_flight.together(crowd_of(ask), read)
    return ledger.refusal_for(rows) if is_certain else None


def _of_pool(ask: Ask, units: Sequence[Resource]) -> Refusal | None:
    rows = ledger.taken_rows([unit.pk for unit in units], ask.locked().span)
    pools = [[unit.pk for unit in pool] for pool in pools_of(ask.venue, units)]
    seats = seated(rows, ask.now)
    if not all(is_pool_full(pool, seats, ask.span) for pool in pools):
        return None
    first = [row for row in rows if row.resource_id in pools[0]]
    return ledger.refusal_for(first) if catalogue.is_unchanged(ask.venue) else None
