"""What could be booked instead of a refused time: up to three, from one look. Reads only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice

from reservations import availability, drafting, judging, reading
from reservations.errors import Refusal
from reservations.fitting import Fitting, is_offered
from reservations.requests import Booking
from venues.hours import Window
from venues.models import Category, Resource, Venue

MOST = 3
DAY = timedelta(days=1)
REACH = 7
"""Days around the wish that are looked at, where nights are sold; else the day on either side."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A range in a category that could be booked at this moment; `unit` where one was asked for."""

    window: Window
    category: Category
    unit: Resource | None
    price_minor: int


def for_booking(booking: Booking, *, now: datetime) -> list[Alternative]:
    """Another unit or category at the same time, the nearest times before and after; nearest first.

    A few queries and no lock, so that it may be taken meanwhile; [] for a wish that is no range.
    """
    try:
        venue = judging.find_venue(booking.venue)
        window = judging.resolve(venue, booking.times, now)
    except Refusal:
        return []
    return _Search(venue, booking, window, now).run()


class _Search:
    def __init__(self, venue: Venue, booking: Booking, window: Window, now: datetime) -> None:
        self.venue, self.booking, self.window, self.now = venue, booking, window, now
        margin = (REACH + 1 if venue.mode == Venue.Mode.NIGHT else 2) * DAY
        reach = Window(window.start - margin, window.end + margin)
        self.board = reading.board(venue, reach, now=now, party=booking.guest_count)
        self.categories = {
            category.pk: category for category in venue.categories.prefetch_related("rates")
        }
        self.fitting = Fitting(self.board, self.categories)

    def run(self) -> list[Alternative]:
        """At most three, different from one another and from what was asked."""
        wanted = self._wanted()
        ranges = sorted(self._ranges(wanted), key=self._distance)
        before = (window for window in ranges if window.start < self.window.start)
        after = (window for window in ranges if window.start > self.window.start)
        sources = [self._now(wanted), self._first(before, wanted), self._first(after, wanted)]
        found = [one for source in sources if (one := next(source, None)) is not None]
        if len(found) < MOST:
            found += islice(merge(*sources, key=self._nearness), MOST - len(found))
        return sorted(found, key=self._nearness)

    def _nearness(self, found: Alternative) -> timedelta:
        return self._distance(found.window)

    def _distance(self, window: Window) -> timedelta:
        return abs(window.start - self.window.start)

    def _wanted(self) -> list[int]:
        """The categories that were asked for, or could have been given."""
        if self.booking.resource is not None:
            units = [unit for unit in self.board.units if unit.pk == self.booking.resource]
            return [unit.category_id for unit in units]
        if self.booking.category is not None:
            code = self.booking.category
            return [pk for pk, one in self.categories.items() if one.code == code]
        return [pk for pk, one in self.categories.items() if not one.is_on_request]

    def _now(self, wanted: list[int]) -> Iterator[Alternative]:
        """At the time that was asked for: another unit, then another category."""
        others = [
            pk
            for pk, category in self.categories.items()
            if pk not in wanted and not category.is_on_request
        ]
        # A category that was refused is so as a whole; of a unit's, another may be free.
        is_whole = self.booking.resource is None and self.booking.category is not None
        return self._at(self.window, others if is_whole else [*wanted, *others])

    def _first(self, ranges: Iterable[Window], wanted: list[int]) -> Iterator[Alternative]:
        """Of each range the first category that could be booked, if any could."""
        for window in ranges:
            yield from islice(self._at(window, wanted), 1)

    def _ranges(self, wanted: list[int]) -> set[Window]:
        """Ranges as long as the wish that are sold around it."""
        zone, length = self.venue.zone, self.window.end - self.window.start
        if self.venue.mode == Venue.Mode.NIGHT:
            return set(_stays(self.venue, self.window))
        first = (self.window.start - DAY).astimezone(zone).date()
        last = (self.window.start + DAY).astimezone(zone).date()
        by_unit: list[Resource | None] = [None]
        if judging.opens_by_itself(self.venue):
            by_unit = [unit for unit in self.board.units if unit.category_id in wanted]
        return {
            Window(sold.start, sold.start + length)
            for unit in by_unit
            for sold in availability.sold_ranges(self.venue, unit, first, last)
        }

    def _at(self, window: Window, categories: Iterable[int]) -> Iterator[Alternative]:
        if not is_offered(self.venue, window, self.now):
            return
        for pk in categories:
            unit = self.fitting.free_unit(pk, window, first=self.booking.resource)
            if unit is not None or self._has_room(pk, window):
                price = drafting.price_of(self.venue, self.categories[pk], window)
                chosen = unit if self.booking.resource is not None else None
                yield Alternative(window, self.categories[pk], chosen, price)

    def _has_room(self, category: int, window: Window) -> bool:
        return self.booking.resource is None and self.fitting.has_room(category, window)


def _stays(venue: Venue, window: Window) -> Iterator[Window]:
    """As many nights, beginning up to REACH days before or after."""
    arrival = window.start.astimezone(venue.zone).date()
    nights = window.end.astimezone(venue.zone).date() - arrival
    first, last = arrival - REACH * DAY, arrival + REACH * DAY
    for night in availability.sold_ranges(venue, None, first, last):
        day = night.start.astimezone(venue.zone).date()
        yield availability.stay(venue, day, day + nights)
