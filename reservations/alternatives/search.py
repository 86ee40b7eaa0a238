"""Finds what could be booked instead of a refused booking, in one read. Reads only."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import islice

from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.availability.vacancy import Fitting
from reservations.errors import Closed, HeldByOther, NotOffered, Occupied, PartyTooLarge, Taken
from reservations.pricing import offered
from reservations.rules import booking_window, modes, sold_ranges
from reservations.rules.taken_ranges import time_after
from venues import catalogue, hours
from venues.hours import Window
from venues.models import Category, Resource, Venue

REFUSED_TIME = (Taken, HeldByOther, Occupied, Closed, NotOffered, PartyTooLarge)
"""The refusals for which alternatives are offered."""

MOST = 3
"""The largest number of alternatives offered."""
NEAR = timedelta(hours=1)
"""How far around the range, at least, the first search looks where times or slots are sold."""
DAY = timedelta(days=1)
REACH = 7
"""Where nights are sold, how many days before and after the range are searched; elsewhere one."""

CLOSEST = timedelta(minutes=15)
"""The smallest distance between starts that are searched, where any start is sold."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A range in a category that could be booked now.

    `unit` is None unless a unit was asked for, or the unit has rates of its own.
    """

    window: Window
    category: Category
    unit: Resource | None
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWish:
    """A refused booking: a party and a range, with a category's code, a unit's id or neither."""

    venue: Venue
    window: Window
    party: int
    category: str | None
    resource: int | None
    now: datetime
    is_desk: bool = False
    """True when staff of the venue ask: they also get the night that runs."""


def board_around(
    venue: Venue,
    window: Window,
    *,
    now: datetime,
    party: int,
    without: int | None = None,
    margin: timedelta | None = None,
) -> Snapshot:
    """The snapshot of a venue around a range, as far as alternatives are searched.

    `margin` limits how far that is. The time of reservation `without` (an id) counts as free.
    """
    margin = margin or _reach(venue)
    reach = Window(window.start - margin, window.end + margin)
    return snapshot_queries.snapshot(venue, reach, now=now, party=party, without=without)


def ranges_around(venue: Venue, window: Window, units: Collection[Resource]) -> list[Window]:
    """The ranges of this length that the venue sells around it, nearest start first."""
    zone, length = venue.zone, modes.length(venue, window)
    if modes.sells_nights(venue):
        found = set(_stays(venue, window))
    else:
        first = (window.start - DAY).astimezone(zone).date()
        last = (window.start + DAY).astimezone(zone).date()
        apart = hours.opens_by_itself(venue)
        found = {
            Window(sold.start, modes.end_of(venue, sold.start, length))
            for unit in (units if apart else [None])
            for sold in sold_ranges.sold_ranges(venue, unit, first, last)
        }
        if modes.sells_any_start(venue):
            found |= set(_shifted(venue, window))
        found = {one for one in found if abs(one.start - window.start) <= DAY}
    return sorted(found, key=lambda one: abs(one.start - window.start))


def whole(venue: Venue, window: Window) -> Window:
    """The range in whole minutes, later by less than one where any start is sold.

    A request from now carries seconds, which no alternative should.
    """
    if not modes.sells_any_start(venue):
        return window
    return Window(_next_minute(window.start), _next_minute(window.end))


def apart_at(venue: Venue, window: Window) -> timedelta:
    """The smallest distance between the starts of two alternatives; zero for starts on a grid.

    Where any start is sold, two alternatives must not overlap, since they would be much the same.
    """
    return window.end - window.start if modes.sells_any_start(venue) else timedelta(0)


class Search:
    """A search around a refused booking. Its subclasses search for changes."""

    def __init__(
        self,
        wish: RefusedWish,
        *,
        spent: Collection[tuple[int, date]] = (),
        without: int | None = None,
        margin: timedelta | None = None,
    ) -> None:
        """Reads the venue around the refused range.

        `spent` holds units and local dates that take no more of this guest. The time of reservation
        `without` (an id) counts as free. `margin` limits how far the search goes.
        """
        self.wish, self.venue, self.spent = wish, wish.venue, spent
        self.window = self.whole(wish.window)
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

    def whole(self, window: Window) -> Window:
        """The range around which is searched."""
        return whole(self.venue, window)

    def run(self) -> list[Alternative]:
        """At most MOST alternatives, nearest start first, all different from what was asked for."""
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
        """Alternatives at the time asked for: another unit first, then other categories."""
        wanted = self._wanted()
        others = [
            pk
            for pk, category in self.categories.items()
            if pk not in wanted and not category.is_on_request
        ]
        return self._at(self.window, [*wanted, *others])

    def is_offered(self, window: Window) -> bool:
        """True when policy and hours allow the range."""
        return booking_window.is_offered(
            self.venue, window, self.wish.now, is_desk=self.wish.is_desk
        )

    def barred(self, window: Window) -> set[int]:
        """The ids of the units that this guest cannot get in a range, free or not."""
        if not self.spent:
            return set()
        return {
            unit.pk
            for unit in self.board.units
            if (unit.pk, window.start.astimezone(unit.zone).date()) in self.spent
        }

    def free_unit(self, category: int, window: Window) -> Resource | None:
        """A unit of the category that is free, first the one asked for; None when none is."""
        first, barred = self.wish.resource, self.barred(window)
        return self.fitting.free_unit(category, window, first=first, barred=barred)

    def has_room(self, category: int, window: Window) -> bool:
        """True when a booking that names only the category would find a place."""
        barred = self.barred(window) if self.spent else ()
        if any(unit.category_id == category for unit in self.board.units if unit.pk in barred):
            # The booking could get a barred unit, and this search cannot choose the unit.
            return False
        is_free = self.fitting.free_unit(category, window) is not None
        return is_free or self.fitting.has_room(category, window)

    def by_name(self, category: int, window: Window) -> Resource | None:
        """A free unit of the category with rates of its own, which guests may name; or None."""
        barred = self.barred(window)
        free = self.fitting.free_by_name(category, window)
        return next((unit for unit in free if unit.pk not in barred), None)

    def price(self, category: int, window: Window, unit: Resource | None) -> int:
        """The price of the range in the category, or on the unit, in minor units."""
        return offered.price_of(self.venue, self.priced(category, unit), window, self.wish.party)

    def priced(self, category: int, unit: Resource | None) -> Category:
        """The category (by id) with the rates that count for the unit."""
        units = [unit] if unit is not None else []
        return catalogue.priced(self.venue, self.categories[category], units)

    def _within(self, ranges: list[Window]) -> list[Window]:
        if self.margin is None:
            return ranges
        policy = self.venue.policy
        first = self.window.start - self.margin + policy.buffer_before
        last = self.window.end + self.margin - time_after(policy)
        return [one for one in ranges if first <= one.start and one.end <= last]

    def _nearness(self, found: Alternative) -> timedelta:
        return abs(found.window.start - self.window.start)

    def _wanted(self) -> list[int]:
        """The ids of the categories asked for. If none of them seats the party, those that do."""
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
        """For each range, the first category that has a place, if any has.

        Adds its start to `told`. Where any start is sold, skips ranges that overlap one whose start
        is in `told`.
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
            if unit is None and (names_unit or not self.has_room(pk, window)):
                unit = self.by_name(pk, window)
                if unit is None:
                    continue
            yield Alternative(window, self.categories[pk], unit, self.price(pk, window, unit))


def _next_minute(at: datetime) -> datetime:
    """The instant itself when it is a whole minute."""
    begun = at.replace(second=0, microsecond=0)
    return at if begun == at else begun + timedelta(minutes=1)


def _reach(venue: Venue) -> timedelta:
    """How far before and after a range the whole search looks."""
    return (REACH + 1 if modes.sells_nights(venue) else 1) * DAY


def _near(venue: Venue, window: Window) -> timedelta:
    """How far before and after a range the first search looks, which usually succeeds."""
    if modes.sells_nights(venue):
        return 2 * DAY
    return min(3 * (window.end - window.start) + NEAR, 2 * DAY)


def _shifted(venue: Venue, window: Window) -> Iterator[Window]:
    """Ranges at every quarter of an hour near by, then one after another for a day."""
    length, near = max(window.end - window.start, CLOSEST), _near(venue, window)
    shifts = {count * CLOSEST for count in range(1, near // CLOSEST + 1)}
    shifts |= {count * length for count in range(1, DAY // length + 1)}
    for shift in shifts:
        yield Window(window.start - shift, window.end - shift)
        yield Window(window.start + shift, window.end + shift)


def _stays(venue: Venue, window: Window) -> Iterator[Window]:
    """Stays of as many nights that begin up to REACH days before or after."""
    arrival, _ = modes.local_dates(venue, window)
    nights = modes.length(venue, window)
    first, last = arrival - REACH * DAY, arrival + REACH * DAY
    for night in sold_ranges.sold_ranges(venue, None, first, last):
        day = night.start.astimezone(venue.zone).date()
        yield modes.stay(venue, day, day + nights)
