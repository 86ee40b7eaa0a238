"""What could be booked instead of a refused time: up to three, from one look. Reads only."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import islice

from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.availability.vacancy import Fitting
from reservations.errors import Closed, HeldByOther, NotOffered, PartyTooLarge, Taken
from reservations.rules import booking_window, modes, sold_ranges
from venues import catalogue, hours, prices
from venues.hours import Window
from venues.models import Category, Resource, Venue

REFUSED_TIME = (Taken, HeldByOther, Closed, NotOffered, PartyTooLarge)
"""Refusals that come with what could be booked instead."""

MOST = 3
NEAR = timedelta(hours=1)
DAY = timedelta(days=1)
REACH = 7
"""Days around the wish that are looked at, where nights are sold; else the day on either side."""

CLOSEST = timedelta(minutes=15)
"""How far apart the starts that are looked at are at least, where any start is sold."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A range in a category that could be booked at this moment; `unit` where one was asked for."""

    window: Window
    category: Category
    unit: Resource | None
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWish:
    """What was refused: a party for a range, in a category (its code), on a unit, or neither."""

    venue: Venue
    window: Window
    party: int
    category: str | None
    resource: int | None
    now: datetime


def board_around(
    venue: Venue,
    window: Window,
    *,
    now: datetime,
    party: int,
    without: int | None = None,
    margin: timedelta | None = None,
) -> Snapshot:
    """What is taken as far around a range as alternatives are looked for."""
    margin = margin or _reach(venue)
    reach = Window(window.start - margin, window.end + margin)
    return snapshot_queries.board(venue, reach, now=now, party=party, without=without)


def ranges_around(venue: Venue, window: Window, units: Collection[Resource]) -> list[Window]:
    """Ranges as long as this one that are sold around it, nearest first."""
    zone, length = venue.zone, window.end - window.start
    if modes.sells_nights(venue):
        found = set(_stays(venue, window))
    else:
        first = (window.start - DAY).astimezone(zone).date()
        last = (window.start + DAY).astimezone(zone).date()
        apart = hours.opens_by_itself(venue)
        found = {
            Window(sold.start, sold.start + length)
            for unit in (units if apart else [None])
            for sold in sold_ranges.sold_ranges(venue, unit, first, last)
        }
        if modes.sells_any_start(venue):
            found |= set(_shifted(venue, window))
        found = {one for one in found if abs(one.start - window.start) <= DAY}
    return sorted(found, key=lambda one: abs(one.start - window.start))


def apart_at(venue: Venue, window: Window) -> timedelta:
    """How far apart the starts of alternatives are at least: as far as they are sold, mostly.

    Where any start is sold, what overlaps another one would be much the same.
    """
    return window.end - window.start if modes.sells_any_start(venue) else timedelta(0)


class Search:
    """One look at a venue around a wish; what a change may ask for is said by its subclasses."""

    def __init__(
        self,
        wish: RefusedWish,
        *,
        spent: Collection[tuple[int, date]] = (),
        without: int | None = None,
        margin: timedelta | None = None,
    ) -> None:
        """`spent` are units' days that take no more of the guest; `without`, whom to look past.

        Ranges further off than the `margin` are left out, where there is one.
        """
        self.wish, self.venue, self.window, self.spent = wish, wish.venue, wish.window, spent
        self.margin = margin
        self.board = board_around(
            self.venue,
            self.window,
            now=wish.now,
            party=wish.party,
            without=without,
            margin=margin,
        )
        self.categories = {category.pk: category for category in self.venue.categories.all()}
        self._category_of = catalogue.category_by_unit(self.venue)
        self.fitting = Fitting(self.board, self.categories)

    def run(self) -> list[Alternative]:
        """At most three, different from one another and from what was asked."""
        wanted = self._wanted()
        units = [unit for unit in self.board.units if self._category_of[unit.id] in wanted]
        ranges = self._within(ranges_around(self.venue, self.window, units))
        before = (window for window in ranges if window.start < self.window.start)
        after = (window for window in ranges if window.start > self.window.start)
        same = list(islice(self.at_that_time(), MOST))
        told = [one.window.start for one in same[:1]]
        times = [self._first(side, wanted, told) for side in (before, after)]
        found = [*same[:1], *(one for side in times if (one := next(side, None)) is not None)]
        if len(found) < MOST:
            others = merge(same[1:], *times, key=self._nearness)
            found += islice(others, MOST - len(found))
        return sorted(found, key=self._nearness)

    def at_that_time(self) -> Iterator[Alternative]:
        """At the time that was asked for: another unit, then another category."""
        wanted = self._wanted()
        others = [
            pk
            for pk, category in self.categories.items()
            if pk not in wanted and not category.is_on_request
        ]
        return self._at(self.window, [*wanted, *others])

    def is_offered(self, window: Window) -> bool:
        """Whether policy and hours let the range be asked for."""
        return booking_window.is_offered(self.venue, window, self.wish.now)

    def barred(self, window: Window) -> set[int]:
        """The units that this guest may not have for a range, free or not."""
        if not self.spent:
            return set()
        return {
            unit.pk
            for unit in self.board.units
            if (unit.pk, window.start.astimezone(unit.zone).date()) in self.spent
        }

    def free_unit(self, category: int, window: Window) -> Resource | None:
        """A unit that could be named, first the one that was."""
        first, barred = self.wish.resource, self.barred(window)
        return self.fitting.free_unit(category, window, first=first, barred=barred)

    def has_room(self, category: int, window: Window) -> bool:
        """Whether naming the category is enough to find a place."""
        barred = self.barred(window) if self.spent else ()
        if any(unit.category_id == category for unit in self.board.units if unit.pk in barred):
            # Which unit it would get is not ours to say.
            return False
        is_free = self.fitting.free_unit(category, window) is not None
        return is_free or self.fitting.has_room(category, window)

    def price(self, category: int, window: Window) -> int:
        """What it would cost."""
        return prices.price_of(self.venue, self.categories[category], window)

    def _within(self, ranges: list[Window]) -> list[Window]:
        if self.margin is None:
            return ranges
        policy = self.venue.policy
        first = self.window.start - self.margin + policy.buffer_before
        last = self.window.end + self.margin - policy.buffer_after
        return [one for one in ranges if first <= one.start and one.end <= last]

    def _nearness(self, found: Alternative) -> timedelta:
        return abs(found.window.start - self.window.start)

    def _wanted(self) -> list[int]:
        """The categories that were asked for, or could have been given.

        Where none of them seats the party, those that do.
        """
        given = [pk for pk, one in self.categories.items() if not one.is_on_request]
        asked, code, unit = given, self.wish.category, self.wish.resource
        if unit is not None:
            asked = [self._category_of[unit]] if unit in self._category_of else []
        elif code is not None:
            asked = [pk for pk, one in self.categories.items() if one.code == code]
        seating = {self._category_of[unit.id] for unit in self.board.units}
        seating |= {joined.category for joined in self.board.joined}
        return asked if seating.intersection(asked) else [pk for pk in given if pk in seating]

    def _first(
        self, ranges: Iterable[Window], wanted: list[int], told: list[datetime]
    ) -> Iterator[Alternative]:
        """Of each range the first category that could be booked, if any could.

        Its start is `told` then; where any start is sold, none is that overlaps one of those.
        """
        apart = apart_at(self.venue, self.window)
        for window in ranges:
            if any(abs(window.start - at) < apart for at in told):
                continue
            for found in islice(self._at(window, wanted), 1):
                told.append(window.start)
                yield found

    def _at(self, window: Window, categories: Iterable[int]) -> Iterator[Alternative]:
        if not self.is_offered(window):
            return
        names_unit = self.wish.resource is not None
        for pk in categories:
            unit = self.free_unit(pk, window) if names_unit else None
            if unit is not None or (not names_unit and self.has_room(pk, window)):
                yield Alternative(window, self.categories[pk], unit, self.price(pk, window))


def _reach(venue: Venue) -> timedelta:
    """As far as anything is looked for."""
    return (REACH + 1 if modes.sells_nights(venue) else 1) * DAY


def _near(venue: Venue, window: Window) -> timedelta:
    """As far as the next free time usually is."""
    if modes.sells_nights(venue):
        return 2 * DAY
    return min(3 * (window.end - window.start) + NEAR, 2 * DAY)


def _shifted(venue: Venue, window: Window) -> Iterator[Window]:
    """Every quarter of an hour near by, then one after the other for a day."""
    length, near = max(window.end - window.start, CLOSEST), _near(venue, window)
    shifts = {count * CLOSEST for count in range(1, near // CLOSEST + 1)}
    shifts |= {count * length for count in range(1, DAY // length + 1)}
    for shift in shifts:
        yield Window(window.start - shift, window.end - shift)
        yield Window(window.start + shift, window.end + shift)


def _stays(venue: Venue, window: Window) -> Iterator[Window]:
    """As many nights, beginning up to REACH days before or after."""
    arrival, _ = modes.local_dates(venue, window)
    nights = modes.length(venue, window)
    first, last = arrival - REACH * DAY, arrival + REACH * DAY
    for night in sold_ranges.sold_ranges(venue, None, first, last):
        day = night.start.astimezone(venue.zone).date()
        yield modes.stay(venue, day, day + nights)
