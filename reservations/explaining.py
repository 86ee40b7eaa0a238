"""Why a time can or cannot be booked: the rule, or the rows, that stand against it. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from reservations import board, judging
from reservations.board import Board, Taken
from reservations.errors import NotFound, Refusal
from reservations.errors import Taken as TimeTaken
from reservations.requests import Times
from venues.hours import Window
from venues.models import Resource, Venue


@dataclass(frozen=True, slots=True)
class Explanation:
    """A range, whether it could be booked now, and what stands against it if not."""

    window: Window
    refusal: Refusal | None
    against: list[Taken]


def explain(
    venue: Venue, times: Times, *, resource: int | None, party: int, now: datetime
) -> Explanation:
    """Judge a range as a booking would be, for one unit or for any.

    Raises Invalid where the times mean no range, NotFound for a unit that is not the venue's.
    """
    window = judging.resolve(venue, times)
    found = board.load(venue, window, now=now, party=party)
    units = [unit for unit in found.units if resource in (None, unit.pk)]
    if resource is not None and not units:
        raise NotFound("There is no such unit at this venue, or it does not seat so many.")
    try:
        judging.judge_policy(venue, window, now)
        opened = _open(venue, units, window)
    except Refusal as refusal:
        return Explanation(window, refusal, [])
    return _taken(found, opened, window)


def _open(venue: Venue, units: list[Resource], window: Window) -> list[Resource]:
    if not judging.opens_by_itself(venue) or len(units) == 1:
        judging.judge_hours(venue, window, units[0] if len(units) == 1 else None)
        return units
    opened = [unit for unit in units if judging.is_open_for(venue, window, unit)]
    if not opened and units:
        judging.judge_hours(venue, window, units[0])
    return opened


def _taken(found: Board, units: list[Resource], window: Window) -> Explanation:
    around = found.around(window)
    pools = judging.pools(found.venue, units)
    if len(units) == 1:
        is_bookable = found.is_free(units[0].pk, around)
    else:
        is_bookable = any(found.free_count(pool, around) > 0 for pool in pools)
    if is_bookable:
        return Explanation(window, None, [])
    against = [row for unit in units for row in found.taken(unit.pk, around)]
    return Explanation(window, TimeTaken(), against)
