"""What is taken at one venue within a window, and questions answered from it in memory.

`reading` makes boards, in as many queries for many units and venues as for one. A board only
tells: whoever wants to take time asks allocation.py, under locks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from reservations.allocation import ledger, reseating, seating
from reservations.allocation.seating import Seat
from reservations.availability.busy import BusyRange
from reservations.rules import booking_window
from venues import hours
from venues.hours import Window
from venues.models import Resource, Venue

MANY = 1_000
"""Rows of a board from which on it is worth knowing where to look among them."""

_NOTHING: tuple[list[BusyRange], list[datetime]] = ([], [])


@dataclass(frozen=True, slots=True)
class Joined:
    """The units of a declared combination that seats the party, and the category it is of."""

    category: int
    units: list[Resource]


class Later:
    """What is known of some units beyond any window, read when it is first asked for.

    Boards that are made together share one, so that it is read once for all of them.
    """

    def __init__(
        self, units: Iterable[Resource], now: datetime, *, without: Collection[int] = ()
    ) -> None:
        """The reservations `without` count as gone."""
        self._units = units
        self._now = now
        self._without = without

    @cached_property
    def _ids(self) -> list[int]:
        return [unit.pk for unit in self._units]

    @cached_property
    def last_pins(self) -> dict[int, datetime]:
        """When the last seat that cannot be changed begins, on each unit that has one."""
        return reseating.last_pins(self._ids, self._now)

    @cached_property
    def seats(self) -> list[Seat]:
        """Who sits where from now on: who is moved may have to make way far beyond a window."""
        rows = ledger.taken_from(self._ids, self._now, now=self._now)
        others = [row for row in rows if row.reservation_id not in self._without]
        return reseating.seated(others, self._now)


class Snapshot:
    """The units of a venue that seat a party, and what takes time there within a window."""

    def __init__(
        self,
        venue: Venue,
        every: Sequence[Resource],
        taken: Iterable[BusyRange],
        *,
        units: Sequence[Resource],
        joined: Sequence[Joined],
        now: datetime,
        later: Later,
    ) -> None:
        """`every` unit is known, as a combination may need those that `units` leaves out."""
        self.venue = venue
        self.every = every
        self.units = units
        self.joined = joined
        self.now = now
        self._later = later
        self._rows = [row for row in taken if row.start < row.end]
        self._last: tuple[Window | None, list[BusyRange], set[int]] = (None, [], set())

    def taken(self, unit: int, window: Window) -> list[BusyRange]:
        """What takes a unit's time within a window, earliest first."""
        rows, starts = self._of_unit.get(unit, _NOTHING)
        last = bisect_left(starts, window.end)
        # Rows of one unit do not overlap, so at most one that starts earlier reaches in.
        first = max(0, bisect_right(starts, window.start) - 1)
        return [row for row in rows[first:last] if row.end > window.start]

    def taken_at(self, window: Window) -> list[BusyRange]:
        """What takes time within a window on any unit, earliest first."""
        return self._seen(window)[0]

    def units_taken(self, window: Window) -> set[int]:
        """The units that something takes at some instant of the window."""
        return self._seen(window)[1]

    def is_free(self, unit: int, window: Window) -> bool:
        """Whether nothing takes the unit at any instant of the window."""
        return not self.taken(unit, window)

    def free(self, window: Window, units: Iterable[Resource] | None = None) -> list[Resource]:
        """The units that are free for all of the window, moving nobody."""
        taken = self.units_taken(window)
        asked = self.units if units is None else units
        return [unit for unit in asked if unit.id not in taken]

    def free_count(self, units: Sequence[Resource], window: Window) -> int:
        """How many more bookings of the window these like units can take, moving who can be."""
        ids = {unit.id for unit in units}
        rows = [row for row in self.taken_at(window) if row.unit in ids]
        return len(units) - seating.most_at_once(rows, window.start, window.end)

    def free_joined(self, category: int, window: Window) -> list[Joined]:
        """The combinations of a category that are open and free for a range that is sold."""
        around = self.around(window)
        return [
            one
            for one in self.joined
            if one.category == category
            and all(self.is_free(unit.pk, around) for unit in one.units)
            and self._is_open(one, window)
        ]

    def is_roomy(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether these like units have a place at every instant, and nobody fixed comes later.

        Enough for a booking; where somebody fixed does come later, `can_reseat` tells.
        """
        return bool(self.free_count(units, window)) and self._is_simple(units, window)

    def can_reseat(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether moving later guests along makes room among these like units."""
        if not self.free_count(units, window):
            return False
        return self._is_simple(units, window) or self._greedy(units, window) is not None

    def has_room(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether these like units take one more booking of the window, as `placing` would."""
        taken = self.units_taken(window)
        if any(unit.id not in taken for unit in units):
            return True
        if not self.free_count(units, window):
            return False
        if self._is_simple(units, window) or self._greedy(units, window) is not None:
            return True
        ids = [unit.pk for unit in units]
        return seating.search(ids, self._seats_of(ids), window.start, window.end) is not None

    def _seen(self, window: Window) -> tuple[list[BusyRange], set[int]]:
        asked, rows, units = self._last
        if asked != window:
            start, end = window.start, window.end
            near = self._rows if len(self._rows) < MANY else self._near(window)
            rows = [row for row in near if row.start < end and row.end > start]
            units = {row.unit for row in rows}
            # Each category asks about the same range, and each of its pools.
            self._last = window, rows, units
        return rows, units

    def _near(self, window: Window) -> list[BusyRange]:
        """The rows of which some take time within a window, and none of the others does."""
        first = bisect_left(self._starts, window.start - self._longest)
        return self._rows[first : bisect_left(self._starts, window.end)]

    @cached_property
    def _starts(self) -> list[datetime]:
        return [row.start for row in self._rows]

    @cached_property
    def _longest(self) -> timedelta:
        return max((row.end - row.start for row in self._rows), default=timedelta(0))

    @cached_property
    def _of_unit(self) -> dict[int, tuple[list[BusyRange], list[datetime]]]:
        """Each unit's rows, and when they begin. Not before it is asked for: few ranges ask."""
        found: dict[int, tuple[list[BusyRange], list[datetime]]] = {}
        for row in self._rows:
            rows, starts = found.setdefault(row.unit, ([], []))
            rows.append(row)
            starts.append(row.start)
        return found

    def around(self, window: Window) -> Window:
        """A range that is sold, with the buffers that are taken around it."""
        policy = self.venue.policy
        return Window(window.start - policy.buffer_before, window.end + policy.buffer_after)

    def _is_open(self, joined: Joined, window: Window) -> bool:
        if not hours.opens_by_itself(self.venue):
            return True
        return all(booking_window.is_open_for(self.venue, window, unit) for unit in joined.units)

    def _is_simple(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether no pin starts after the window does: then a place at every instant is enough."""
        pins = (self._later.last_pins.get(unit.pk) for unit in units)
        return all(pin is None or pin <= window.start for pin in pins)

    def _greedy(self, units: Sequence[Resource], window: Window) -> dict[int, int] | None:
        ids = [unit.pk for unit in units]
        seats = [seat for seat in self._seats_of(ids) if seat.end > window.start]
        return seating.reseat(ids, seats, window.start, window.end)

    def _seats_of(self, ids: Sequence[int]) -> list[Seat]:
        asked = set(ids)
        return [seat for seat in self._later.seats if seat.unit in asked]
