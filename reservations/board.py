"""What is taken at one venue, read once for a window, and questions answered from it in memory.

Two queries for a window, however many units and slots are asked about. The board only reads:
whoever wants to take time asks allocation.py, under locks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reservations import seating
from reservations.models import Allocation
from reservations.seating import Seat
from venues.hours import Window
from venues.models import Resource, Venue


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


class Board:
    """The units of a venue and what takes their time within a window."""

    def __init__(self, venue: Venue, units: Sequence[Resource], taken: Iterable[Taken]) -> None:
        self.venue = venue
        self.units = units
        self._of_unit: dict[int, list[Taken]] = {unit.pk: [] for unit in units}
        for row in taken:
            if row.unit in self._of_unit:
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

    def around(self, window: Window) -> Window:
        """A range that is sold, with the buffers that are taken around it."""
        policy = self.venue.policy
        return Window(window.start - policy.buffer_before, window.end + policy.buffer_after)

    def __iter__(self) -> Iterator[Taken]:
        for rows in self._of_unit.values():
            yield from rows


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
    units = venue.resources.filter(retired_at__isnull=True, capacity__gte=party)
    units = units.select_related("category").order_by("capacity", "rank", "pk")
    if category is not None:
        units = units.filter(category__code=category)
    if unit is not None:
        units = units.filter(pk=unit)
    policy = venue.policy
    rows = Allocation.objects.filter(venue=venue).taking_time(at=now)
    rows = rows.overlapping(
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
    found = list(units)
    for one in found:
        one.venue = venue
    return Board(
        venue,
        found,
        (
            Taken(resource, start, end, reservation, _is_held(reservation, confirmed), lapses_at)
            for resource, start, end, reservation, confirmed, lapses_at in values.iterator()
        ),
    )


def _is_held(reservation: int | None, confirmed_at: datetime | None) -> bool:
    return reservation is not None and confirmed_at is None
