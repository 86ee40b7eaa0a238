"""Says whether a category has a place for a range."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain

from reservations.availability.snapshot import Snapshot
from reservations.rules import booking_window
from reservations.rules.categories import named_by_guests, pools_of
from venues import catalogue, hours
from venues.hours import Window
from venues.models import Resource

MakesRoom = Callable[[Sequence[Resource], Window], bool]
"""Decides whether a re-seat makes room among like units: `can_reseat`, or a cheaper check."""


class Fitting:
    """The units of a snapshot by category, and the places they have for a range."""

    def __init__(
        self, found: Snapshot, categories: Iterable[int], *, makes_room: MakesRoom | None = None
    ) -> None:
        self.board = found
        self._makes_room = makes_room or found.can_reseat
        self._units: dict[int, list[Resource]] = {pk: [] for pk in categories}
        # Units with rates of their own are found by name alone.
        self._by_name: dict[int, list[Resource]] = {pk: [] for pk in categories}
        category_of = catalogue.category_by_unit(found.venue)
        by_name = catalogue.rates_by_unit(found.venue)
        for unit in found.units:
            if (category := category_of[unit.id]) in self._units:
                (self._by_name if unit.id in by_name else self._units)[category].append(unit)
        self._ids_by_name = {pk: {unit.id for unit in units} for pk, units in self._by_name.items()}
        self._ids = {pk: {unit.id for unit in units} for pk, units in self._units.items()}
        # Worked out when first needed. Most searches never need the pools.
        self._pools: dict[int, list[list[Resource]]] = {}
        self._is_apart = hours.opens_by_itself(found.venue)

    def free_unit(
        self,
        category: int,
        window: Window,
        *,
        first: int | None = None,
        barred: Collection[int] = (),
    ) -> Resource | None:
        """A unit of the category that is free and open, without a re-seat; None when none is.

        Tries `first` (an id) first, and leaves out units whose ids are in `barred`.
        """
        gone = self.board.units_taken(self.board.around(window)).union(barred)
        if self._ids[category] <= gone and first not in self._ids_by_name[category] - gone:
            return None
        free = (unit for unit in self._in_turn(category, first) if unit.id not in gone)
        # Hours are judged last, since that costs many times more than the check for free units.
        return next((unit for unit in free if self._is_open(unit, window)), None)

    def free_by_name(self, category: int, window: Window) -> list[Resource]:
        """The free and open units of the category that have rates of their own.

        [] where guests may not name a unit.
        """
        named = named_by_guests(self.board.venue, self._by_name[category])
        if not named:
            return []
        gone = self.board.units_taken(self.board.around(window))
        return [unit for unit in named if unit.id not in gone and self._is_open(unit, window)]

    def has_room(self, category: int, window: Window) -> bool:
        """True when a booking of the category would find a place by a re-seat or on a combination.

        Call it after `free_unit` returned None.
        """
        if not self._units[category]:
            return bool(self.board.free_joined(category, window))
        around = self.board.around(window)
        roomy = (pool for pool in self._like(category) if self._makes_room(pool, around))
        return any(booking_window.is_open_for(self.board.venue, window, pool[0]) for pool in roomy)

    def _is_open(self, unit: Resource, window: Window) -> bool:
        return not self._is_apart or booking_window.is_open_for(self.board.venue, window, unit)

    def _in_turn(self, category: int, first: int | None) -> Iterator[Resource]:
        units = self._units[category]
        every = [*self._by_name[category], *units] if first is not None else []
        named = [unit for unit in every if unit.id == first]
        return chain(named, units)

    def _like(self, category: int) -> list[list[Resource]]:
        if category not in self._pools:
            self._pools[category] = pools_of(self.board.venue, self._units[category])
        return self._pools[category]
