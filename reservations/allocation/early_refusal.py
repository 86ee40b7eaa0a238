"""Refuse what is taken by one look, without locks, which a crowd shares."""

from collections.abc import Iterator
from contextlib import contextmanager

from reservations import single_flight
from reservations.allocation import ledger
from reservations.allocation.ask import Ask
from reservations.allocation.candidates import candidates
from reservations.allocation.ledger import Row
from reservations.allocation.reseating import is_pool_full, seated
from reservations.rules.categories import pools_of
from venues import catalogue
from venues.hours import Window
from venues.models import Venue


def judge_unlocked(ask: Ask, *, is_alone: bool = False) -> None:
    """Refuse what is taken as things stand, by one look and without waiting for anybody's lock.

    Who is let through knows nothing yet: `place` finds out under locks. A transaction that took no
    time yet `is_alone`: a crowd that is after the same unit may look together.
    """
    units = candidates(ask)
    if not units or ask.is_override:
        return

    if is_alone and ask.resource is not None:
        rows, _ = _look_together(ask, ask.resource)
    else:
        rows = ledger.taken_rows([unit.pk for unit in units], ask.locked().span)
    if ask.resource is not None and rows:
        raise ledger.refusal_for(rows)
    pools = [[unit.pk for unit in pool] for pool in pools_of(ask.venue, units)]
    seats = seated(rows, ask.now)
    if all(is_pool_full(pool, seats, ask.span) for pool in pools):
        first = [row for row in rows if row.resource_id in pools[0]]
        raise ledger.refusal_for(first)


def judge_seen(ask: Ask) -> None:
    """The same for a unit that was asked for and a venue as it was last seen.

    No word where the venue is not any more as it was seen.
    """
    if ask.resource is None or ask.is_override:
        return
    rows, is_unchanged = _look_together(ask, ask.resource)
    if rows and is_unchanged:
        raise ledger.refusal_for(rows)


@contextmanager
def trying(venue: Venue, resource: int, window: Window) -> Iterator[bool]:
    """Whether to try for a unit: not where others try, or find out, whether it can be had.

    In a crowd all but one will be refused, and to try is dearer than to look. Waits until another
    has tried, so not to be entered with a lock in hand.
    """
    crowd = crowd_of(venue, resource, window)
    if single_flight.is_asked(crowd):
        yield False
        return
    with single_flight.trying(crowd) as is_first:
        yield is_first


def crowd_of(venue: Venue, resource: int | None, window: Window) -> tuple[object, ...]:
    """What all of them ask who want a unit for a range, of a venue as it was seen (`crowds`)."""
    return "taken", resource, venue.revision, window


def _look_together(ask: Ask, unit: int) -> tuple[list[Row], bool]:
    """What takes the unit that was asked for; if anything, whether the venue is as it is known."""

    def look() -> tuple[list[Row], bool]:
        rows = ledger.taken_rows([unit], ask.locked().span)
        return rows, bool(rows) and catalogue.is_unchanged(ask.venue)

    return single_flight.together(crowd_of(ask.venue, unit, ask.window), look)
