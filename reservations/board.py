"""What is taken at one venue, read once for a window, and questions answered from it in memory.

Two queries for a window, however many units and slots are asked about. The board only reads:
whoever wants to take time asks allocation.py, under locks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Q

from reservations import allocation, judging, placing, seating
from reservations.models import Allocation
from reservations.seating import Seat
from venues.hours import Window
from venues.models import Combination, Resource, Venue


@dataclass(frozen=True, slots=True)
class Taken:
    """One row that takes time: whose, and since when it would not (`lapses_at`)."""

    unit: int
    start: datetime
    end: datetime
    reservation: int | None
    is_held: bool
    lapses_at: datetime | None

    @property
    def is_closure(self) -> bool:
        return self.reservation is None


@dataclass(frozen=True, slots=True)
class Joined:
    """The units of a declared combination that seats the party, and the category it is of."""

    category: int
    units: list[Resource]


class Board:
    """The units of a venue that seat a party, and what takes time there within a window."""

    def __init__(
        self,
        venue: Venue,
        every: Sequence[Resource],
        taken: Iterable[Taken],
        *,
        units: Sequence[Resource],
        joined: Sequence[Joined],
        now: datetime,
    ) -> None:
        """`every` unit is known, as a combination may need those that `units` leaves out."""
        self.venue = venue
        self.every = every
        self.units = units
        self.joined = joined
        self.now = now
        self._of_unit: dict[int, list[Taken]] = {unit.pk: [] for unit in every}
        for row in taken:
            if row.unit in self._of_unit and row.start < row.end:
                self._of_unit[row.unit].append(row)
        self._starts = {unit: [row.start for row in rows] for unit, rows in self._of_unit.items()}

    def taken(self, unit: int, window: Window) -> list[Taken]:
        """What takes a unit's time within a window, earliest first."""
        rows = self._of_unit[unit]
        last = bisect_left(self._starts[unit], window.end)
        # Rows of one unit do not overlap, so at most one that starts earlier reaches in.
        first = max(0, bisect_right(self._starts[unit], window.start) - 1)
        return [row for row in rows[first:last] if row.end > window.start]

    def is_free(self, unit: int, window: Window) -> bool:
        """Whether nothing takes the unit at any instant of the window."""
        return not self.taken(unit, window)

    def free(self, window: Window, units: Iterable[Resource] | None = None) -> list[Resource]:
        """The units that are free for all of the window, moving nobody."""
        asked = self.units if units is None else units
        return [unit for unit in asked if self.is_free(unit.pk, window)]

    def free_count(self, units: Sequence[Resource], window: Window) -> int:
        """How many more bookings of the window these like units can take, moving who can be."""
        rows = [row for unit in units for row in self.taken(unit.pk, window)]
        return len(units) - seating.most_at_once(
            [Seat(0, row.unit, row.start, row.end, is_pinned=True) for row in rows],
            window.start,
            window.end,
        )

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

    def can_reseat(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether moving later guests along makes room among these like units."""
        if not self.free_count(units, window):
            return False
        return self._is_simple(units, window) or self._greedy(units, window) is not None

    def has_room(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether these like units take one more booking of the window, as `placing` would."""
        if self.free(window, units):
            return True
        if not self.free_count(units, window):
            return False
        if self._is_simple(units, window) or self._greedy(units, window) is not None:
            return True
        ids = [unit.pk for unit in units]
        return seating.search(ids, self._seats_of(ids), window.start, window.end) is not None

    def around(self, window: Window) -> Window:
        """A range that is sold, with the buffers that are taken around it."""
        policy = self.venue.policy
        return Window(window.start - policy.buffer_before, window.end + policy.buffer_after)

    def _is_open(self, joined: Joined, window: Window) -> bool:
        if not judging.opens_by_itself(self.venue):
            return True
        return all(judging.is_open_for(self.venue, window, unit) for unit in joined.units)

    def _is_simple(self, units: Sequence[Resource], window: Window) -> bool:
        """Whether no pin starts after the window does: then a place at every instant is enough."""
        pins = (self._last_pins.get(unit.pk) for unit in units)
        return all(pin is None or pin <= window.start for pin in pins)

    def _greedy(self, units: Sequence[Resource], window: Window) -> dict[int, int] | None:
        ids = [unit.pk for unit in units]
        seats = [seat for seat in self._seats_of(ids) if seat.end > window.start]
        return seating.reseat(ids, seats, window.start, window.end)

    def _seats_of(self, ids: Sequence[int]) -> list[Seat]:
        asked = set(ids)
        return [seat for seat in self._seats if seat.unit in asked]

    @cached_property
    def _last_pins(self) -> dict[int, datetime]:
        return placing.last_pins((unit.pk for unit in self.units), self.now)

    @cached_property
    def _seats(self) -> list[Seat]:
        """Who sits where from now on: who is moved may have to make way far beyond the window."""
        ids = [unit.pk for unit in self.units]
        return placing.seated(allocation.taken_from(ids, self.now, now=self.now), self.now)


def load(
    venue: Venue,
    window: Window,
    *,
    now: datetime,
    category: str | None = None,
    party: int = 1,
    unit: int | None = None,
) -> Board:
    """The board of a venue for a window (UTC) as seen at `now`, for units that seat the party."""
    every = _units(venue, unit)
    policy = venue.policy
    # Who did not come had the unit until then, whether a sweep has written that down or not.
    is_promised = Q(reservation__confirmed_at__isnull=False)
    rows = Allocation.objects.filter(
        Q(lapses_at__isnull=True) | Q(lapses_at__gt=now) | is_promised, venue=venue, is_live=True
    ).overlapping(
        window.start - policy.buffer_before, window.end + policy.buffer_after + timedelta(seconds=1)
    )
    values = rows.order_by("starts_at").values_list(
        "resource_id",
        "starts_at",
        "ends_at",
        "reservation_id",
        "reservation__confirmed_at",
        "lapses_at",
    )
    return Board(
        venue,
        every,
        (
            Taken(
                resource,
                start,
                min(end, lapses_at) if lapses_at and lapses_at <= now else end,
                reservation,
                _is_held(reservation, confirmed),
                lapses_at,
            )
            for resource, start, end, reservation, confirmed, lapses_at in values
        ),
        units=[
            one for one in every if one.capacity >= party and category in (None, one.category.code)
        ],
        joined=_joined(venue, every, party, category),
        now=now,
    )


def _units(venue: Venue, unit: int | None) -> list[Resource]:
    units = venue.resources.filter(retired_at__isnull=True).select_related("category")
    if unit is not None:
        units = units.filter(pk=unit)
    found = list(units.order_by("capacity", "rank", "pk"))
    for one in found:
        one.venue = venue
    return found


def _joined(
    venue: Venue, every: Sequence[Resource], party: int, category: str | None
) -> list[Joined]:
    """The combinations that seat the party; none is asked for where every unit seats it alone."""
    if all(unit.capacity >= party for unit in every):
        return []
    units = {unit.pk: unit for unit in every}
    rows = Combination.objects.filter(venue=venue, capacity__gte=party).order_by("capacity", "pk")
    if category is not None:
        rows = rows.filter(category__code=category)
    found = []
    for row in rows.prefetch_related("resources"):
        ids = [unit.pk for unit in row.resources.all()]
        if ids and units.keys() >= set(ids):
            found.append(Joined(row.category_id, [units[pk] for pk in ids]))
    return found


def _is_held(reservation: int | None, confirmed_at: datetime | None) -> bool:
    return reservation is not None and confirmed_at is None
