"""What could be booked: whole ranges, nights of a month, slots of some days. Reads only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from reservations import drafting, judging, reading
from reservations.board import Board
from reservations.errors import PartyTooLarge, Refusal
from reservations.requests import Times
from venues import hours, kept
from venues.hours import Window
from venues.models import Category, Policy, Resource, Venue

DAY = timedelta(days=1)
USUAL_LENGTH = timedelta(hours=1)
"""How long a start is offered for, where the venue has no usual length."""

State = Literal["free", "taken", "past", "closed"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A category for one whole range: free units, how many more fit, the price of one."""

    category: Category
    units: list[Resource]
    count: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Availability:
    """A range and what of it can be booked; `refusal` is the rule against it, if one is."""

    window: Window
    offers: list[Offer]
    refusal: Refusal | None


class Slot(NamedTuple):
    """One unit for one range that is sold, and how it stands now."""

    unit: Resource
    window: Window
    state: State


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A night, or a day of times: how many could be sold, how many still can, the lowest price."""

    day: date
    capacity: int
    free: int
    lowest_price_minor: int | None


def of_range(
    venue: Venue, times: Times, *, party: int, category: str | None, now: datetime
) -> Availability:
    """What of each category is free for the whole range, judged as a booking would be.

    Raises Invalid where the times mean no range, NotFound for a category that is not there.
    """
    window = judging.resolve(venue, times, now)
    found = reading.board(venue, window, now=now, category=category, party=party)
    categories = judging.categories_named(venue, category)
    try:
        opened = _judged(found, window)
    except Refusal as refusal:
        prices = [(one, drafting.price_of(venue, one, window)) for one in categories]
        return Availability(window, [Offer(one, [], 0, price) for one, price in prices], refusal)
    return Availability(window, [_offer(found, one, opened, window) for one in categories], None)


def slots(
    venue: Venue, within: Window, *, now: datetime, category: str | None = None
) -> list[Slot]:
    """The grid of units and the ranges that start within a window, in order of time, then unit."""
    grid = _grid(venue, _units(venue, category), within, now=now)
    return sorted(grid, key=lambda slot: (slot.window.start, slot.unit.rank, slot.unit.id))


def of_unit(unit: Resource, within: Window, *, now: datetime) -> list[Slot]:
    """One unit's ranges that start within a window, earliest first."""
    venue = judging.load_venue(unit.venue_id)
    those = [one for one in _units(venue, None) if one.pk == unit.pk]
    return list(_grid(venue, those, within, now=now))


def calendar(
    venue: Venue, first: date, last: date, *, now: datetime, category: str | None = None
) -> list[CalendarDay]:
    """Each local day from `first` to `last`: the nights, or else the unit-slots, that begin on it.

    What begins after midnight counts for the day it begins on.
    """
    categories = {one.pk: one for one in judging.categories_named(venue, category)}
    begun: dict[date, list[_Stretch]] = {day: [] for day in _dates(first, last)}
    units = _units(venue, category)
    for stretch in _stretches(venue, units, days(first, last, venue.zone), now=now):
        begun[stretch.window.start.astimezone(venue.zone).date()].append(stretch)
    return [_calendar_day(venue, day, found, categories) for day, found in begun.items()]


def days(first: date, last: date, zone: ZoneInfo) -> Window:
    """From the first instant of one local date to the last of another."""
    return Window(hours.instant(first, time.min, zone), hours.instant(last + DAY, time.min, zone))


def sold_ranges(venue: Venue, unit: Resource | None, first: date, last: date) -> list[Window]:
    """The ranges that are sold on the local days `first` to `last`, of a unit or the venue."""
    policy = venue.policy
    if venue.mode == Venue.Mode.NIGHT:
        closed = judging.closed_days(venue, unit)
        return [stay(venue, day, day + DAY) for day in _dates(first, last) if day not in closed]
    zone = unit.zone if unit is not None else venue.zone
    openings = judging.openings_of(venue, unit)
    if judging.is_always_open(venue, openings):
        length = _offered_length(policy)
        # Steps are counted from each midnight, and a stay may end on another day.
        return [
            start
            for day in _dates(first, last)
            for start in _starts(days(day, day, zone), timedelta(0), length, policy.step or length)
        ]
    opened = hours.windows(openings, zone, first, last)
    if venue.mode == Venue.Mode.SLOT:
        return [slot for entry in opened for slot in hours.slots(entry, policy.slot_length)]
    length = _offered_length(policy)
    step = policy.step or length
    return [start for entry in opened for start in _starts(entry, length, length, step)]


def sold(
    venue: Venue, units: Sequence[Resource], first: date, last: date
) -> Iterator[tuple[list[Window], Sequence[Resource]]]:
    """The ranges that are sold on some local days, each list with the units that sell those."""
    if not judging.opens_by_itself(venue):
        yield sold_ranges(venue, None, first, last), units
        return
    for unit in units:
        yield sold_ranges(venue, unit, first, last), [unit]


def stay(venue: Venue, check_in: date, check_out: date) -> Window:
    """The nights from one local date to another, at the venue's times of arrival and leaving."""
    policy = venue.policy
    return hours.nights(
        check_in, check_out, venue.zone, policy.check_in_time, policy.check_out_time
    )


def _judged(found: Board, window: Window) -> list[Resource]:
    """The units that are open then. Raises the rule that a booking would meet before its time."""
    judging.judge_policy(found.venue, window, found.now)
    if not found.units and not found.joined:
        raise PartyTooLarge
    return judging.open_units(found.venue, window, found.units)


def _offer(found: Board, category: Category, opened: Sequence[Resource], window: Window) -> Offer:
    around = found.around(window)
    price = drafting.price_of(found.venue, category, window)
    key, category_of = category.id, kept.category_by_unit(found.venue)
    if all(category_of[unit.id] != key for unit in found.units):
        return Offer(category, [], len(found.free_joined(key, window)), price)
    units = [unit for unit in opened if category_of[unit.id] == key]
    # Where fixed units leave room at every instant, but on no unit throughout, none can be had.
    pools = [pool for pool in judging.pools(found.venue, units) if found.has_room(pool, around)]
    count = sum(found.free_count(pool, around) for pool in pools)
    return Offer(category, found.free(around, units), count, price)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A range that some units sell; `state` where it is alike for all, `taken` where it is not."""

    window: Window
    units: Sequence[Resource]
    state: State | None
    taken: Mapping[int, State]

    def state_of(self, unit: Resource) -> State:
        return self.state or self.taken.get(unit.id, "free")


def _grid(
    venue: Venue, units: Sequence[Resource], within: Window, *, now: datetime
) -> Iterator[Slot]:
    for stretch in _stretches(venue, units, within, now=now):
        for unit in stretch.units:
            yield Slot(unit, stretch.window, stretch.state_of(unit))


def _stretches(
    venue: Venue, units: Sequence[Resource], within: Window, *, now: datetime
) -> list[_Stretch]:
    """The ranges that start within a window, earliest first, and how each stands."""
    # A unit's own zone, and hours past midnight, put a start on another date of the venue's.
    first = within.start.astimezone(venue.zone).date() - DAY
    last = within.end.astimezone(venue.zone).date() + DAY
    sellers: dict[Window, list[Resource]] = {}
    for windows, alike in sold(venue, units, first, last):
        for window in windows:
            if within.start <= window.start < within.end:
                sellers.setdefault(window, []).extend(alike)
    if not sellers:
        return []
    # No further than they reach: what is read is what can be in their way.
    reach = Window(min(sellers).start, max(window.end for window in sellers))
    found = reading.board(venue, reach, now=now)
    return [_stretch(found, window, sellers[window]) for window in sorted(sellers)]


def _stretch(found: Board, window: Window, units: Sequence[Resource]) -> _Stretch:
    state = _barred(found, window)
    return _Stretch(window, units, state, {} if state else _taken(found, window))


def _taken(found: Board, window: Window) -> dict[int, State]:
    """How each unit stands that is not free for all of a range."""
    states: dict[int, State] = {}
    for row in found.taken_at(found.around(window)):
        if not (row.is_closure and row.unit in states):
            states[row.unit] = "closed" if row.is_closure else "taken"
    return states


def _units(venue: Venue, category: str | None) -> list[Resource]:
    """The units of a venue, or of a category of it, in the order they are shown."""
    (every,) = reading.units([venue]).values()
    found = [unit for unit in every if category is None or unit.category.code == category]
    return sorted(found, key=lambda unit: (unit.rank, unit.id))


def _barred(found: Board, window: Window) -> State | None:
    """How a range stands that nobody may book any more, or yet."""
    if window.start < found.now:
        return "past"
    try:
        judging.judge_policy(found.venue, window, found.now)
    except Refusal:
        return "closed"
    return None


def _calendar_day(
    venue: Venue, day: date, stretches: Iterable[_Stretch], categories: Mapping[int, Category]
) -> CalendarDay:
    capacity = free = 0
    sold_by: set[tuple[int, Window]] = set()
    free_at: set[tuple[int, Window]] = set()
    for stretch in stretches:
        open_units = [unit for unit in stretch.units if stretch.state_of(unit) == "free"]
        capacity += len(stretch.units)
        free += len(open_units)
        sold_by |= {(pk, stretch.window) for pk in _categories(stretch.units)}
        free_at |= {(pk, stretch.window) for pk in _categories(open_units)}
    prices = {drafting.price_of(venue, categories[pk], window) for pk, window in free_at or sold_by}
    return CalendarDay(day, capacity, free, min(prices, default=None))


def _categories(units: Iterable[Resource]) -> set[int]:
    return {unit.category_id for unit in units}


def _offered_length(policy: Policy) -> timedelta:
    return policy.default_length or policy.shortest_stay or USUAL_LENGTH


def _starts(
    entry: Window, fitting: timedelta, length: timedelta, step: timedelta
) -> Iterator[Window]:
    """Ranges of a length at every step of an entry, of which `fitting` must lie within it."""
    start = entry.start
    while start < entry.end and start + fitting <= entry.end:
        yield Window(start, start + length)
        start += step


def _dates(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
