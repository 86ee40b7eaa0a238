"""Answers questions about one venue in a range from rows read once, in memory.

`snapshot_queries` makes snapshots, in as many queries for many venues as for one. A snapshot takes
no time and no locks: to book, use `allocation.placement`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from reservations.allocation import ledger, presence, reseating, seating
from reservations.allocation.presence import Occupant
from reservations.allocation.seating import Seat
from reservations.availability.busy import BusyRange
from reservations.rules import booking_window
from reservations.rules.taken_ranges import preparation, taken_range
from venues import hours
from venues.hours import Window
from venues.models import Resource, Venue

MANY = 1_000
"""The number of rows above which a snapshot searches by bisection."""

_NOTHING: tuple[list[BusyRange], list[datetime]] = ([], [])


@dataclass(frozen=True, slots=True)
class Joined:
    """The units of a combination that seats the party, and the id of its category."""

    category: int
    units: list[Resource]


class Later:
    """Allocations of some units beyond the range of a snapshot, read when first needed.

    Snapshots made together share one, so that it runs each query once.
    """

    def __init__(
        self, units: Iterable[Resource], now: datetime, *, without: Collection[int] = ()
    ) -> None:
        """The reservations whose ids are in `without` count as free."""
        self._units = units
        self._now = now
        self._without = without

    @cached_property
    def _ids(self) -> list[int]:
        return [unit.pk for unit in self._units]

    @cached_property
    def last_pins(self) -> dict[int, datetime]:
        """By unit id, the start of its last pinned allocation after `now`.

        Other units are absent.
        """
        return reseating.last_pins(self._ids, self._now)

    @cached_property
    def seats(self) -> list[Seat]:
        """The seats from now on, without an end: a re-seat may move guests beyond the range."""
        rows = ledger.taken_from(self._ids, self._now, now=self._now)
        others = [row for row in rows if row.reservation_id not in self._without]
        return reseating.seated(others, self._now)


def _prepared(row: BusyRange, prepares: timedelta) -> BusyRange:
    """A closure with the time after it in which nobody may begin; other rows as they are."""
    return row._replace(end=row.end + prepares) if prepares and row.is_closure else row


class Snapshot:
    """The units of a venue that seat a party, and the ranges taken on them."""

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
        here: Mapping[int, Occupant],
    ) -> None:
        """`units` seat the party.

        `every` holds all units in use, since combinations need the others. `here` are the guests
        past their end by unit id, where the range read contains `now`; `taken` has them too.
        """
        self.venue = venue
        self.every = every
        self.units = units
        self.joined = joined
        self.now = now
        self.here = here
        self._later = later
        prepares = preparation(venue.policy)
        self._rows = [_prepared(row, prepares) for row in taken if row.start < row.end]
        self._last: tuple[Window | None, list[BusyRange], set[int]] = (None, [], set())

    def taken(self, unit: int, window: Window) -> list[BusyRange]:
        """The ranges that overlap `window` on a unit (by id), earliest first; [] when free."""
        rows, starts = self._of_unit.get(unit, _NOTHING)
        last = bisect_left(starts, window.end)
        # Rows of one unit do not overlap, so at most one earlier row reaches into the window.
        first = max(0, bisect_right(starts, window.start) - 1)
        return [row for row in rows[first:last] if row.end > window.start]

    def taken_at(self, window: Window) -> list[BusyRange]:
        """The ranges that overlap `window` on any unit, earliest first."""
        return self._seen(window)[0]

    def units_taken(self, window: Window) -> set[int]:
        """The ids of the units that are taken at some instant of the window."""
        return self._seen(window)[1]

    def is_free(self, unit: int, window: Window) -> bool:
        """True when the unit (by id) is free for the whole window."""
        return not self.taken(unit, window)

    def free(self, window: Window, units: Iterable[Resource] | None = None) -> list[Resource]:
        """The units that are free for the whole window without a re-seat, in the order given.

        Without `units`, all units that seat the party.
        """
        taken = self.units_taken(window)
        asked = self.units if units is None else units
        return [unit for unit in asked if unit.id not in taken]

    def free_count(self, units: Sequence[Resource], window: Window) -> int:
        """How many more bookings of the window these like units take, if every guest can move."""
        ids = {unit.id for unit in units}
        rows = [row for row in self.taken_at(window) if row.unit in ids]
        return len(units) - seating.most_at_once(rows, window.start, window.end)

    def free_joined(self, category: int, window: Window) -> list[Joined]:
        """The combinations of a category (by id) that are open and free for a range.

        Adds the buffers to the range.
        """
        around = self.around(window)
        return [
            one
            for one in self.joined
            if one.category == category
            and all(self.is_free(unit.pk, around) for unit in one.units)
            and self._is_open(one, window)
        ]

    def is_roomy(self, units: Sequence[Resource], window: Window) -> bool:
        """True when these like units have room at every instant and no pin starts after the window.

        Then a booking finds a place. If a pin does start later, ask `can_reseat`.
        """
        return bool(self.free_count(units, window)) and self._is_simple(units, window)

    def can_reseat(self, units: Sequence[Resource], window: Window) -> bool:
        """True when the greedy pass of `seating.reseat` makes room among these like units."""
        if not self.free_count(units, window):
            return False
        return self._is_simple(units, window) or self._greedy(units, window) is not None

    def has_room(self, units: Sequence[Resource], window: Window) -> bool:
        """True when these like units take one more booking of the window, with re-seats."""
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
            # Every category and pool asks about the same range, so the last answer is kept.
            self._last = window, rows, units
        return rows, units

    def _near(self, window: Window) -> list[BusyRange]:
        """A slice of the rows that has all rows which overlap the window, and others."""
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
        """By unit id, its rows and their starts. Built when first needed, which is rare."""
        found: dict[int, tuple[list[BusyRange], list[datetime]]] = {}
        for row in self._rows:
            rows, starts = found.setdefault(row.unit, ([], []))
            rows.append(row)
            starts.append(row.start)
        return found

    def around(self, window: Window) -> Window:
        """The range as a booking would take it now, with the policy's buffers."""
        return taken_range(self.venue.policy, window, now=self.now)

    def _is_open(self, joined: Joined, window: Window) -> bool:
        if not hours.opens_by_itself(self.venue):
            return True
        return all(booking_window.is_open_for(self.venue, window, unit) for unit in joined.units)

    def _is_simple(self, units: Sequence[Resource], window: Window) -> bool:
        """True when no pin starts after the window does. Then room at every instant is enough."""
        pins = (self._later.last_pins.get(unit.pk) for unit in units)
        return all(pin is None or pin <= window.start for pin in pins)

    def _greedy(self, units: Sequence[Resource], window: Window) -> dict[int, int] | None:
        ids = [unit.pk for unit in units]
        seats = [seat for seat in self._seats_of(ids) if seat.end > window.start]
        return seating.reseat(ids, seats, window.start, window.end)

    def _seats_of(self, ids: Sequence[int]) -> list[Seat]:
        asked = set(ids)
        seats = [seat for seat in self._later.seats if seat.unit in asked]
        return [*seats, *presence.pins(self.here.values(), seats, asked, self.now)]
