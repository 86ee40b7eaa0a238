"""Refuses a booking without locks when its units are clearly taken. A crowd shares the query."""

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


def look(ask: Ask, units: Sequence[Resource], *, is_shared: bool = True) -> Refusal | None:
    """Returns the refusal when none of these units is free at this moment. Takes no locks.

    None decides nothing: a unit seems free, staff override the policy, no single unit seats the
    party, or the venue has changed since it was read. `refusal.asked` is the ask.

    A crowd on one unit shares the query. Pass `is_shared` False in a transaction that has taken
    time: the query sees that time, though it is not committed.
    """
    if not units or ask.is_override:
        return None
    if ask.resource is None:
        refusal = _of_pool(ask, units)
    else:
        refusal = _of_named(ask, ask.resource, is_shared=is_shared)
    if refusal is not None:
        refusal.asked = ask
    return refusal


@contextmanager
def trying(ask: Ask) -> Iterator[bool]:
    """Yields True when the caller should try to take the unit, False when another caller just did.

    For one named unit, only the first caller of a crowd gets True. The others wait at most
    `single_flight.LONGEST_WAIT` seconds until the first has committed; then `look` tells them more
    cheaply than another try. For a pool it yields True at once. Hold no lock when you enter it.
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
    """The key that callers share who ask for one unit and range, at one revision of the venue."""
    return "taken", ask.resource, ask.venue.revision, ask.window


def _of_named(ask: Ask, unit: int, *, is_shared: bool) -> Refusal | None:
    def read() -> tuple[list[TakenRow], bool]:
        rows = ledger.taken_rows([unit], ask.locked().span)
        return rows, bool(rows) and catalogue.is_unchanged(ask.venue)

    rows, is_certain = single_flight.together(crowd_of(ask), read) if is_shared else read()
    return ledger.refusal_for(rows) if is_certain else None


def _of_pool(ask: Ask, units: Sequence[Resource]) -> Refusal | None:
    rows = ledger.taken_rows([unit.pk for unit in units], ask.locked().span)
    pools = [[unit.pk for unit in pool] for pool in pools_of(ask.venue, units)]
    seats = seated(rows, ask.now)
    if not all(is_pool_full(pool, seats, ask.span) for pool in pools):
        return None
    first = [row for row in rows if row.resource_id in pools[0]]
    return ledger.refusal_for(first) if catalogue.is_unchanged(ask.venue) else None
