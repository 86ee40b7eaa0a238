"""What could be booked: whole ranges, nights of a month, slots of some days. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from reservations import drafting, judging, reading
from reservations.board import Board
from reservations.errors import PartyTooLarge, Refusal
from reservations.requests import Times
from venues import hours
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


@dataclass(frozen=True, slots=True)
class Slot:
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
    found = reading.board(venue, _reach(venue, within), now=now, category=category)
    grid = list(_grid(found, within))
    return sorted(grid, key=lambda slot: (slot.window.start, slot.unit.rank, slot.unit.pk))


def of_unit(unit: Resource, within: Window, *, now: datetime) -> list[Slot]:
    """One unit's ranges that start within a window, earliest first."""
    venue = judging.load_venue(unit.venue_id)
    found = reading.board(venue, _reach(venue, within), now=now, unit=unit.pk)
    return list(_grid(found, within))


def calendar(
    venue: Venue, first: date, last: date, *, now: datetime, category: str | None = None
) -> list[CalendarDay]:
    """Each local day from `first` to `last`: the nights, or else the unit-slots, that begin on it.

    What begins after midnight counts for the day it begins on.
    """
    within = days(first, last, venue.zone)
    found = reading.board(venue, _reach(venue, within), now=now, category=category)
    prices = {one.pk: one for one in judging.categories_named(venue, category)}
    begun: dict[date, list[Slot]] = {day: [] for day in _dates(first, last)}
    for slot in _grid(found, within):
        begun[slot.window.start.astimezone(venue.zone).date()].append(slot)
    return [_calendar_day(venue, day, slots, prices) for day, slots in begun.items()]


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
) -> Iterator[tuple[Resource, list[Window]]]:
    """Each unit with its ranges; worked out once for all that have no hours of their own."""
    apart = judging.opens_by_itself(venue)
    shared = [] if apart else sold_ranges(venue, None, first, last)
    for unit in units:
        yield unit, sold_ranges(venue, unit, first, last) if apart else shared


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
    if all(unit.category_id != category.pk for unit in found.units):
        return Offer(category, [], len(found.free_joined(category.pk, window)), price)
    units = [unit for unit in opened if unit.category_id == category.pk]
    # Where fixed units leave room at every instant, but on no unit throughout, none can be had.
    pools = [pool for pool in judging.pools(found.venue, units) if found.has_room(pool, around)]
    count = sum(found.free_count(pool, around) for pool in pools)
    return Offer(category, found.free(around, units), count, price)


def _grid(found: Board, within: Window) -> Iterator[Slot]:
    # A unit's own zone, and hours past midnight, put a start on another date of the venue's.
    first = within.start.astimezone(found.venue.zone).date() - DAY
    last = within.end.astimezone(found.venue.zone).date() + DAY
    # Judged once for all units that sell the same ranges.
    barred: dict[Window, State | None] = {}
    for unit, windows in sold(found.venue, found.units, first, last):
        for window in windows:
            if within.start <= window.start < within.end:
                if window not in barred:
                    barred[window] = _barred(found, window)
                yield Slot(unit, window, barred[window] or _state(found, unit, window))


def _barred(found: Board, window: Window) -> State | None:
    """How a range stands that nobody may book any more, or yet."""
    if window.start < found.now:
        return "past"
    try:
        judging.judge_policy(found.venue, window, found.now)
    except Refusal:
        return "closed"
    return None


def _state(found: Board, unit: Resource, window: Window) -> State:
    taken = found.taken(unit.pk, found.around(window))
    if not taken:
        return "free"
    return "closed" if all(row.is_closure for row in taken) else "taken"


def _calendar_day(
    venue: Venue, day: date, slots: list[Slot], categories: dict[int, Category]
) -> CalendarDay:
    free = [slot for slot in slots if slot.state == "free"]
    prices = {
        drafting.price_of(venue, categories[slot.unit.category_id], slot.window)
        for slot in {(slot.unit.category_id, slot.window): slot for slot in free or slots}.values()
    }
    return CalendarDay(day, len(slots), len(free), min(prices, default=None))


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


def _reach(venue: Venue, within: Window) -> Window:
    """All that ranges which start within a window may touch; a night may be nearly two days."""
    return Window(within.start, within.end + max(3 * DAY, _offered_length(venue.policy)))


def _dates(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
