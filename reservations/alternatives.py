"""What could be booked instead of a refused time: up to three, from one look. Reads only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from reservations import availability, board, drafting, judging
from reservations.board import Board
from reservations.errors import Refusal
from reservations.requests import Booking
from venues.hours import Window
from venues.models import Category, Resource, Venue

MOST = 3
DAY = timedelta(days=1)
REACH = 7
"""Days around the wish that are looked at."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A range in a category that could be booked at this moment; `unit` where one was asked for."""

    window: Window
    category: Category
    unit: Resource | None
    price_minor: int


def for_booking(booking: Booking, *, now: datetime) -> list[Alternative]:
    """Another unit at the same time, another category, and the nearest times before and after.

    Three queries and no lock, so that it may be taken meanwhile; [] for a wish that is no range.
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
        reach = Window(window.start - REACH * DAY, window.end + (REACH + 1) * DAY)
        self.board: Board = board.load(venue, reach, now=now, party=booking.guest_count)
        self.categories = {
            category.pk: category for category in venue.categories.prefetch_related("rates")
        }

    def run(self) -> list[Alternative]:
        """At most three, different from one another and from what was asked."""
        wanted = self._wanted()
        others = [pk for pk in self.categories if pk not in wanted]
        found: list[Alternative] = []
        same_time = chain(
            self._at(self.window, wanted) if self.booking.resource is not None else (),
            self._at(self.window, [pk for pk in others if not self.categories[pk].is_on_request]),
        )
        for alternative in chain(same_time, self._near(wanted)):
            if len(found) < MOST:
                found.append(alternative)
        return found

    def _wanted(self) -> list[int]:
        """The categories that were asked for, or could have been given."""
        if self.booking.resource is not None:
            units = [unit for unit in self.board.units if unit.pk == self.booking.resource]
            return [unit.category_id for unit in units]
        if self.booking.category is not None:
            code = self.booking.category
            return [pk for pk, one in self.categories.items() if one.code == code]
        return [pk for pk, one in self.categories.items() if not one.is_on_request]

    def _near(self, wanted: list[int]) -> Iterator[Alternative]:
        """The nearest earlier and the nearest later time, then the next later ones."""
        length = self.window.end - self.window.start
        before: list[Window] = []
        after: list[Window] = []
        for window in self._ranges(length):
            (before if window.start < self.window.start else after).append(window)
        before.reverse()
        for windows in (before, after, after):
            for window in windows:
                offer = next(self._at(window, wanted), None)
                if offer is not None:
                    windows.remove(window)
                    yield offer
                    break

    def _ranges(self, length: timedelta) -> list[Window]:
        zone = self.venue.zone
        if self.venue.mode == Venue.Mode.NIGHT:
            nights = (self.window.end.astimezone(zone).date()
                      - self.window.start.astimezone(zone).date())  # fmt: skip
            return list(_stays(self.venue, self.window, nights))
        first = (self.window.start - DAY).astimezone(zone).date()
        last = (self.window.end + DAY).astimezone(zone).date()
        unit = self.board.units[0] if self.board.units else None
        by_unit = unit if judging.opens_by_itself(self.venue) else None
        starts = availability.sold_ranges(self.venue, by_unit, first, last)
        return [
            Window(start.start, start.start + length)
            for start in starts
            if start.start != self.window.start
        ]

    def _at(self, window: Window, categories: Iterable[int]) -> Iterator[Alternative]:
        try:
            judging.judge_policy(self.venue, window, self.now)
        except Refusal:
            return
        around = self.board.around(window)
        for pk in categories:
            units = [
                unit
                for unit in self.board.units
                if unit.category_id == pk and judging.is_open_for(self.venue, window, unit)
            ]
            unit = self._free(units, around)
            if unit is not None or self._fits(units, around):
                price = drafting.price_of(self.venue, self.categories[pk], window)
                yield Alternative(window, self.categories[pk], unit, price)

    def _free(self, units: list[Resource], around: Window) -> Resource | None:
        """A free unit, where the guest may choose: first the one that was asked for."""
        if self.booking.resource is None:
            return None
        free = self.board.free(around, units)
        return min(free, key=lambda unit: unit.pk != self.booking.resource, default=None)

    def _fits(self, units: list[Resource], around: Window) -> bool:
        if self.booking.resource is not None:
            return False
        pools = judging.pools(self.venue, units)
        return any(self.board.free_count(pool, around) > 0 for pool in pools)


def _stays(venue: Venue, window: Window, nights: timedelta) -> Iterator[Window]:
    arrival = window.start.astimezone(venue.zone).date()
    first = arrival - REACH * DAY
    for night in availability.sold_ranges(venue, None, first, arrival + REACH * DAY):
        day = night.start.astimezone(venue.zone).date()
        if day != arrival:
            yield availability.stay(venue, day, day + nights)
