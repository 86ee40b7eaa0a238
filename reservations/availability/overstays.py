"""Adds guests who are still there past their end to the ranges that are taken."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from reservations.allocation.presence import INSTANT, Occupant
from reservations.availability.busy import BusyRange


def added(rows: Sequence[BusyRange], here: Iterable[Occupant], now: datetime) -> list[BusyRange]:
    """These ranges, earliest first, and those of guests past their end: until just after `now`.

    So they stand in the way of a range that contains `now`, and of no later one. A unit that is
    sold at `now` gets none, and no two ranges of a unit overlap.
    """
    late = {one.unit: one for one in here}
    if not late:
        return list(rows)
    starts = {unit: one.ends_at for unit, one in late.items()}
    for row in rows:
        if row.unit in starts and row.start <= now:
            starts[row.unit] = max(starts[row.unit], row.end)
    more = [
        BusyRange(one.venue, unit, starts[unit], now + INSTANT, one.reservation, False, None, True)
        for unit, one in late.items()
        if starts[unit] <= now
    ]
    return sorted([*rows, *more], key=lambda row: row.start)
