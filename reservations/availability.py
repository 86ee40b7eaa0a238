"""What could be booked: whole ranges, nights of a month, slots of some days. Reads only."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from reservations import board, drafting, judging
from reservations.board import Board
from reservations.errors import Refusal
from reservations.requests import Times
from venues import hours
from venues.hours import Window
from venues.models import Category, Resource, Venue

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

    Raises Invalid where the times mean no range.
    """
    window = judging.resolve(venue, times)
    refusal = _refusal(venue, window, now)
    found = board.load(venue, window, now=now, category=category, party=party)
    offers = []
    for one in _categories(venue, category):
        units = [unit for unit in found.units if unit.category_id == one.pk]
        if refusal is not None or not units:
            offers.append(Offer(one, [], 0, drafting.price_of(venue, one, window)))
        else:
            offers.append(_offer(found, one, _open(venue, units, window), window))
    return Availability(window, offers, refusal)


def slots(
    venue: Venue, first: date, days: int, *, now: datetime, category: str | None = None
) -> list[Slot]:
    """The grid of units and ranges on some local days, in order of time, then of unit."""
    last = first + timedelta(days=days - 1)
    found = board.load(venue, _reach(venue, first, last), now=now, category=category)
    grid = [
        Slot(unit, window, _state(found, unit, window, now))
        for unit, windows in _sold(venue, found.units, first, last)
        for window in windows
    ]
    return sorted(grid, key=lambda slot: (slot.window.start, slot.unit.rank, slot.unit.pk))


def of_unit(unit: Resource, start: datetime, end: datetime, *, now: datetime) -> list[Slot]:
    """One unit's ranges on the local days that `[start, end)` touches, earliest first."""
    venue = judging.load_venue(unit.venue_id)
    first = start.astimezone(venue.zone).date() - DAY
    last = end.astimezone(venue.zone).date() + DAY
    found = board.load(venue, _reach(venue, first, last), now=now, unit=unit.pk)
    return [
        Slot(one, window, _state(found, one, window, now))
        for one, windows in _sold(venue, found.units, first, last)
        for window in windows
    ]


def calendar(
    venue: Venue, first: date, last: date, *, now: datetime, category: str | None = None
) -> list[CalendarDay]:
    """Each local day from `first` to `last`: nights where nights are sold, else unit-slots."""
    found = board.load(venue, _reach(venue, first, last), now=now, category=category)
    prices = {one.pk: one for one in _categories(venue, category)}
    days: dict[date, list[Slot]] = {
        first + timedelta(days=number): [] for number in range((last - first).days + 1)
    }
    for unit, windows in _sold(venue, found.units, first, last):
        for window in windows:
            slot = Slot(unit, window, _state(found, unit, window, now))
            days[window.start.astimezone(venue.zone).date()].append(slot)
    return [_calendar_day(venue, day, slots, prices) for day, slots in days.items()]


def sold_ranges(venue: Venue, unit: Resource | None, first: date, last: date) -> list[Window]:
    """The ranges that are sold on the local days `first` to `last`, of a unit or the venue."""
    policy = venue.policy
    if venue.mode == Venue.Mode.NIGHT:
        closed = judging.closed_days(venue, unit)
        return [stay(venue, day, day + DAY) for day in _dates(first, last) if day not in closed]
    zone = unit.zone if unit is not None else venue.zone
    openings = judging.openings_of(venue, unit)
    if judging.is_always_open(venue, openings):
        opened = [_days(venue, first, last)]
    else:
        opened = hours.windows(openings, zone, first, last)
    if venue.mode == Venue.Mode.SLOT:
        return [slot for entry in opened for slot in hours.slots(entry, policy.slot_length)]
    length = policy.default_length or policy.shortest_stay or USUAL_LENGTH
    step = policy.step or length
    return [start for entry in opened for start in _starts(entry, length, step)]


def stay(venue: Venue, check_in: date, check_out: date) -> Window:
    """The nights from one local date to another, at the venue's times of arrival and leaving."""
    policy = venue.policy
    return hours.nights(
        check_in, check_out, venue.zone, policy.check_in_time, policy.check_out_time
    )


def _offer(found: Board, category: Category, units: list[Resource], window: Window) -> Offer:
    around = found.around(window)
    return Offer(
        category,
        found.free(around, units),
        sum(found.free_count(pool, around) for pool in judging.pools(found.venue, units)),
        drafting.price_of(found.venue, category, window),
    )


def _refusal(venue: Venue, window: Window, now: datetime) -> Refusal | None:
    try:
        judging.judge_policy(venue, window, now)
        if not judging.opens_by_itself(venue):
            judging.judge_hours(venue, window)
    except Refusal as refusal:
        return refusal
    return None


def _open(venue: Venue, units: Iterable[Resource], window: Window) -> list[Resource]:
    if not judging.opens_by_itself(venue):
        return list(units)
    return [unit for unit in units if judging.is_open_for(venue, window, unit)]


def _state(found: Board, unit: Resource, window: Window, now: datetime) -> State:
    policy = found.venue.policy
    if window.start < now:
        return "past"
    is_near = window.start < now + policy.notice
    is_far = policy.horizon is not None and window.start > now + policy.horizon
    if is_near or is_far:
        return "closed"
    taken = found.taken(unit.pk, found.around(window))
    if not taken:
        return "free"
    return "closed" if all(row.is_closure for row in taken) else "taken"


def _sold(
    venue: Venue, units: Sequence[Resource], first: date, last: date
) -> Iterator[tuple[Resource, list[Window]]]:
    """Each unit with its ranges; worked out once for all that have no hours of their own."""
    apart = judging.opens_by_itself(venue)
    shared = [] if apart else sold_ranges(venue, None, first, last)
    for unit in units:
        yield unit, sold_ranges(venue, unit, first, last) if apart else shared


def _calendar_day(
    venue: Venue, day: date, slots: list[Slot], categories: dict[int, Category]
) -> CalendarDay:
    free = [slot for slot in slots if slot.state == "free"]
    prices = {
        drafting.price_of(venue, categories[slot.unit.category_id], slot.window)
        for slot in {(slot.unit.category_id, slot.window): slot for slot in free or slots}.values()
    }
    return CalendarDay(day, len(slots), len(free), min(prices, default=None))


def _categories(venue: Venue, code: str | None) -> list[Category]:
    categories = venue.categories.prefetch_related("rates")
    return list(categories if code is None else categories.filter(code=code))


def _starts(entry: Window, length: timedelta, step: timedelta) -> Iterator[Window]:
    start = entry.start
    while start + length <= entry.end:
        yield Window(start, start + length)
        start += step


def _reach(venue: Venue, first: date, last: date) -> Window:
    """All that ranges of these days may touch: the last one may end a day later."""
    days = _days(venue, first, last)
    return Window(days.start, days.end + 2 * DAY)


def _days(venue: Venue, first: date, last: date) -> Window:
    midnight = time.min
    return Window(
        hours.instant(first, midnight, venue.zone), hours.instant(last + DAY, midnight, venue.zone)
    )


def _dates(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
