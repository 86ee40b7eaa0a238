"""Finds alternatives for a refused change, whose own time counts as free. Reads only."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from itertools import islice

from reservations.alternatives.search import MOST, Alternative, RefusedWish, Search
from reservations.errors import Refusal
from reservations.lifecycle import changes
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.pricing.changed_prices import reprice
from reservations.rules import booking_window, modes, parties
from reservations.rules.taken_ranges import time_after
from venues import catalogue, hours
from venues.hours import Window
from venues.models import Policy, Resource

Promised = tuple[int, Window]
"""A unit (by id) and a range that somebody else may be about to get."""


class _OfMove(Search):
    """The search for a reservation that has not begun."""

    def __init__(
        self, wish: RefusedWish, seen: Reservation, promised: Collection[Promised] = ()
    ) -> None:
        guest_id = seen.guest_id if seen.day_key else None
        spent = one_per_day.spent(wish.venue, guest_id, now=wish.now, moving=seen.pk)
        super().__init__(wish, spent=spent, without=seen.pk)
        self.promised = promised
        self.seen, self.sold = seen, changes.range_of(seen)
        self.own = changes.units_of(seen)

    cut_at: datetime | None = None
    """Of a guest in house: from when on another category counts."""

    def is_offered(self, window: Window) -> bool:
        """True when policy and hours allow the range.

        Notice and horizon are judged where the start moves, length where the range changes.
        """
        if window.start != self.sold.start:
            return super().is_offered(window)

        def judge() -> None:
            if window != self.sold:
                booking_window.judge_length(self.venue, window)
            if not hours.opens_by_itself(self.venue):
                booking_window.judge_hours(self.venue, window)

        return _passes(judge)

    def barred(self, window: Window) -> set[int]:
        """The ids of the units that the change cannot get.

        Its own unit at its own time is no change.
        """
        own = self.own if window == self.sold else set()
        return super().barred(window) | own | self._gone(window)

    def _gone(self, window: Window) -> set[int]:
        around = self.board.around(window)
        return {
            unit for unit, at in self.promised if at.start < around.end and around.start < at.end
        }

    def has_room(self, category: int, window: Window) -> bool:
        """True when the category takes the party.

        The category it has, for an unchanged party, is False.
        """
        is_same = window == self.sold and category == self.seen.category_id
        if is_same and self.wish.party == self.seen.guest_count:
            return False
        return super().has_room(category, window)

    def price(self, category: int, window: Window, unit: Resource | None) -> int:
        """The price in minor units after the change, of which kept time keeps its own."""
        found = reprice(
            self.seen,
            self.venue,
            self.priced(category, unit),
            window,
            cut_at=self.cut_at,
            units=self.own,
            party=replace(parties.of(self.seen), guests=self.wish.party),
        )
        return found.price_minor


class _OfStay(_OfMove):
    """The search for a guest who is present, and who can move to another unit from now on."""

    def __init__(
        self, wish: RefusedWish, seen: Reservation, promised: Collection[Promised] = ()
    ) -> None:
        super().__init__(wish, seen, promised)
        self.cut_at = wish.now

    def whole(self, window: Window) -> Window:
        """The range as it is: the stay has begun at its start, which stays."""
        return window

    def run(self) -> list[Alternative]:
        """At most MOST alternatives: other units until the end asked for, then a longer stay."""
        shorter = self._where_they_are()
        found = list(islice(self.at_that_time(), MOST - len(shorter)))
        return found + shorter

    def is_offered(self, window: Window) -> bool:
        """True for a shorter stay.

        A longer one is judged by length and by the hours of its unit.
        """
        if window.end <= self.sold.end:
            return True
        mine = [unit for unit in self.board.every if unit.pk in self.own]

        def judge() -> None:
            booking_window.judge_length(self.venue, window)
            for unit in mine:
                booking_window.judge_hours(self.venue, window, unit)

        return _passes(judge)

    def free_unit(self, category: int, window: Window) -> Resource | None:
        """The first unit of the category that is free from now on, except their own.

        None if none is.
        """
        around = self.board.around(Window(self.wish.now, window.end))
        gone = self.own | self._gone(window)
        by_name = catalogue.rates_by_unit(self.venue)
        others = [
            unit for unit in self.board.units if unit.id not in gone and unit.id not in by_name
        ]
        free = self.board.free(around, (u for u in others if u.category_id == category))
        return free[0] if free else None

    def has_room(self, category: int, window: Window) -> bool:
        """True when a unit of the category is free without a re-seat."""
        return self.free_unit(category, window) is not None

    def by_name(self, category: int, window: Window) -> Resource | None:
        """None: a guest in house is not moved to a unit with a price of its own unasked."""
        return None

    def _where_they_are(self) -> list[Alternative]:
        """The longest stay on their unit before its next reservation; [] or one alternative."""
        mine = [unit for unit in self.board.units if unit.pk in self.own]
        is_theirs = self.venue.policy.unit_choice == Policy.UnitChoice.GUEST
        if len(self.own) != 1 or not mine or not is_theirs:
            return []
        until = Window(self.wish.now, self.board.around(self.window).end)
        rows = self.board.taken(mine[0].pk, until)
        if not rows:
            return []
        limit = rows[0].start - time_after(self.venue.policy)
        limit = limit.replace(second=0, microsecond=0)
        window = Window(self.sold.start, modes.last_end(self.venue, self.sold.start, limit))
        if window.end <= self.sold.end or not self.is_offered(window):
            return []
        category = self.categories[mine[0].category_id]
        return [Alternative(window, category, mine[0], self.price(category.pk, window, mine[0]))]


def _passes(judge: Callable[[], None]) -> bool:
    try:
        judge()
    except Refusal:
        return False
    return True
