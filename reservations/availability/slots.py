"""Lists the ranges of units with their state: free, taken, past or closed. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal, NamedTuple

from django.utils.translation import gettext

from reservations import records
from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.errors import Invalid, Refusal
from reservations.rules import booking_window
from reservations.rules.categories import named_by_guests
from reservations.rules.sold_ranges import sold
from venues import catalogue
from venues.hours import Window
from venues.models import Resource, Venue

DAY = timedelta(days=1)

MOST_SLOTS = 50_000
"""Slots of one answer, which are some ten megabytes."""

State = Literal["free", "taken", "past", "closed"]


class Slot(NamedTuple):
    """One unit for one range that it sells, and its state now."""

    unit: Resource
    window: Window
    state: State


def slots(
    venue: Venue, within: Window, *, now: datetime, category: str | None = None
) -> list[Slot]:
    """The slots that start within a range (UTC), earliest first, then in the order of the units.

    `category` is a code, or None for all. Raises Invalid for more than MOST_SLOTS.
    """
    units = units_sold(venue, category)
    grid = list(islice(_grid(venue, units, within, now=now), MOST_SLOTS + 1))
    if len(grid) > MOST_SLOTS:
        raise Invalid("days", gettext("Too many slots. Ask for fewer days, or for a category."))
    return sorted(grid, key=lambda slot: (slot.window.start, slot.unit.rank, slot.unit.id))


def of_unit(unit: Resource, within: Window, *, now: datetime) -> list[Slot]:
    """The slots of one unit that start within a range (UTC), earliest first."""
    venue = records.load_venue(unit.venue_id)
    those = [one for one in units_sold(venue, None) if one.pk == unit.pk]
    return list(_grid(venue, those, within, now=now))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range that some units sell. `state` is the state of all of them, or None where they differ.

    `taken` has the state of each unit (by id) that is not free; it counts when `state` is None.
    """

    window: Window
    units: Sequence[Resource]
    state: State | None
    taken: Mapping[int, State]

    def state_of(self, unit: Resource) -> State:
        """The state of one of the units in this range."""
        return self.state or self.taken.get(unit.id, "free")


def _grid(
    venue: Venue, units: Sequence[Resource], within: Window, *, now: datetime
) -> Iterator[Slot]:
    for stretch in stretches_sold(venue, units, within, now=now):
        for unit in stretch.units:
            yield Slot(unit, stretch.window, stretch.state_of(unit))


def stretches_sold(
    venue: Venue, units: Sequence[Resource], within: Window, *, now: datetime
) -> list[Stretch]:
    """The ranges that start within `within` (UTC), earliest first, with units and state."""
    # A unit's own zone, or hours past midnight, can put a start on the venue's day before or after.
    first = within.start.astimezone(venue.zone).date() - DAY
    last = within.end.astimezone(venue.zone).date() + DAY
    sellers: dict[Window, list[Resource]] = {}
    for windows, alike in sold(venue, units, first, last):
        for window in windows:
            if within.start <= window.start < within.end:
                sellers.setdefault(window, []).extend(alike)
    if not sellers:
        return []
    # Read no further than these ranges reach.
    reach = Window(min(sellers).start, max(window.end for window in sellers))
    found = snapshot_queries.snapshot(venue, reach, now=now)
    return [_stretch(found, window, sellers[window]) for window in sorted(sellers)]


def _stretch(found: Snapshot, window: Window, units: Sequence[Resource]) -> Stretch:
    state = _barred(found, window)
    return Stretch(window, units, state, {} if state else _taken(found, window))


def _taken(found: Snapshot, window: Window) -> dict[int, State]:
    """The state of each unit, by id, that is not free for all of the range."""
    states: dict[int, State] = {}
    for row in found.taken_at(found.around(window)):
        if not (row.is_closure and row.unit in states):
            states[row.unit] = "closed" if row.is_closure else "taken"
    return states


def units_sold(venue: Venue, category: str | None) -> list[Resource]:
    """The units in use of a venue, or of one category (its code), in display order.

    Leaves out those that only staff give: with rates of their own where guests cannot name them.
    """
    (every,) = snapshot_queries.units([venue]).values()
    by_name = catalogue.rates_by_unit(venue)
    named = {unit.id for unit in named_by_guests(venue, every)}
    found = [
        unit
        for unit in every
        if category is None or unit.category.code == category
        if unit.id in named or unit.id not in by_name
    ]
    return sorted(found, key=lambda unit: (unit.rank, unit.id))


def _barred(found: Snapshot, window: Window) -> State | None:
    """The state "past" or "closed" of a range that nobody may book; None for any other."""
    if booking_window.is_past(found.venue, window, found.now):
        return "past"
    try:
        booking_window.judge_policy(found.venue, window, found.now)
    except Refusal:
        return "closed"
    return None
