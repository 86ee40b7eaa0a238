"""Counts what is left of a day, by category: nights, or slots. Reads only.

Staff may set notice, length and horizon aside, so only hours, sold time and presence count.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.errors import Refusal
from reservations.rules import booking_window, modes
from reservations.rules.categories import pools_of
from reservations.rules.sold_ranges import sold
from venues.hours import DAY, Window
from venues.models import Category, Venue


@dataclass(frozen=True, slots=True)
class Unsold:
    """How many nights or slots of a category can still be sold, and how many there are."""

    category: Category
    count: int
    capacity: int


def of_night(venue: Venue, day: date, *, now: datetime) -> list[Unsold]:
    """What is left of the night that begins on a local date; [] once it is over.

    The night that runs is counted from now on.
    """
    night = modes.stay(venue, day, day + DAY)
    if night.end <= now:
        return []
    window = Window(max(night.start, now), night.end)
    found = snapshot_queries.snapshot(venue, window, now=now)
    try:
        opened = {unit.pk for unit in booking_window.open_units(venue, night, found.units)}
    except Refusal:
        opened = set()
    return [_of_category(found, one, window, opened) for one in venue.categories.all()]


def of_slots(venue: Venue, day: date, *, now: datetime) -> list[Unsold]:
    """What is left of the slots that begin on a local date, from now on; [] without any."""
    (units,) = snapshot_queries.units([venue]).values()
    ranges = [
        (window, alike)
        for windows, alike in sold(venue, units, day, day)
        for window in windows
        if window.start.astimezone(venue.zone).date() == day
    ]
    if not ranges:
        return []
    reach = Window(min(one.start for one, _ in ranges), max(one.end for one, _ in ranges))
    found = snapshot_queries.snapshot(venue, reach, now=now)
    capacity: Counter[int] = Counter()
    free: Counter[int] = Counter()
    for window, alike in ranges:
        taken = found.units_taken(found.around(window))
        for unit in alike:
            capacity[unit.category_id] += 1
            free[unit.category_id] += window.start >= now and unit.pk not in taken
    return [
        Unsold(one, free[one.pk], capacity[one.pk])
        for one in venue.categories.all()
        if capacity[one.pk]
    ]


def _of_category(found: Snapshot, category: Category, window: Window, opened: set[int]) -> Unsold:
    units = [unit for unit in found.units if unit.category_id == category.pk]
    around = found.around(window)
    pools = pools_of(found.venue, [unit for unit in units if unit.pk in opened])
    # Pinned guests can leave room at every instant but on no unit throughout.
    count = sum(found.free_count(pool, around) for pool in pools if found.has_room(pool, around))
    return Unsold(category, count, len(units))
