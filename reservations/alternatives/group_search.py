"""Finds ranges in which a refused group could be booked, and a place for each. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from reservations.alternatives import search
from reservations.alternatives.search import MOST, Alternative
from reservations.errors import Refusal
from reservations.pricing import offered
from reservations.requests import Booking
from reservations.rules import booking_window
from reservations.rules.categories import priced_as
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A range in which the whole group could be booked now. `places` are in the group's order."""

    window: Window
    places: list[Alternative]

    @property
    def price_minor(self) -> int:
        """The price of all places together, in minor units."""
        return sum(place.price_minor for place in self.places)


class _Search:
    def __init__(
        self,
        venue: Venue,
        bookings: Sequence[Booking],
        window: Window,
        now: datetime,
        *,
        is_desk: bool,
    ) -> None:
        self.venue, self.bookings, self.now, self.is_desk = venue, bookings, now, is_desk
        self.window = search.whole(venue, window)
        smallest = min(booking.guest_count for booking in bookings)
        self.board = search.board_around(venue, window, now=now, party=smallest)
        self.categories: list[Category] = list(venue.categories.all())
        self.named = {booking.resource for booking in bookings}

    def run(self) -> list[Arrangement]:
        """At most MOST arrangements, nearest start first."""
        ranges = search.ranges_around(self.venue, self.window, self.board.units)
        others = (window for window in ranges if window != self.window)
        apart = search.apart_at(self.venue, self.window)
        found: list[Arrangement] = []
        for window in chain([self.window], others):
            if all(abs(window.start - one.window.start) >= apart for one in found):
                found += filter(None, [self._at(window)])
            if len(found) == MOST:
                break
        return found

    def _at(self, window: Window) -> Arrangement | None:
        try:
            opened = booking_window.judge_range(
                self.venue, window, self.board.units, self.now, is_desk=self.is_desk
            )
        except Refusal:
            return None
        around = self.board.around(window)
        free = list(self.board.free(around, opened))
        places: list[Alternative] = []
        for booking in self.bookings:
            unit = next(self._choices(booking, free), None)
            if unit is None:
                return None
            free.remove(unit)
            places.append(self._place(booking, unit, window))
        return Arrangement(window, places)

    def _choices(self, booking: Booking, free: Sequence[Resource]) -> Iterator[Resource]:
        """Free units that seat the party: those asked for first, then others not on request."""
        seating = [unit for unit in free if unit.capacity >= booking.guest_count]
        if booking.resource is not None:
            yield from (unit for unit in seating if unit.pk == booking.resource)
            # A unit that another booking of the group names is kept for that booking.
            seating = [unit for unit in seating if unit.pk not in self.named]
        by_name = catalogue.rates_by_unit(self.venue)
        seating = [unit for unit in seating if unit.id not in by_name]
        asked = self._asked(booking)
        yield from (unit for unit in seating if unit.category.code == asked)
        for category in self.categories:
            if not category.is_on_request:
                yield from (unit for unit in seating if unit.category_id == category.pk)

    def _asked(self, booking: Booking) -> str | None:
        """The code of the category asked for, or of the named unit's category, or None."""
        of_unit = (one.category.code for one in self.board.every if one.pk == booking.resource)
        return booking.category or next(of_unit, None)

    def _place(self, booking: Booking, unit: Resource, window: Window) -> Alternative:
        category = priced_as(self.venue, [unit])
        chosen = unit if booking.resource is not None else None
        price = offered.price_of(self.venue, category, window, booking.guest_count)
        return Alternative(window, category, chosen, price)
