"""The figures of venues that sell times or slots: covers, turn time, turnover, use of schedules.

A visit belongs to the local date on which it starts. Holds, cancelled visits and no-shows do not
count. Reads only.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from reservations.models import Allocation, Reservation
from reservations.reports import periods
from reservations.rules import modes
from venues import hours
from venues.hours import Window
from venues.models import Resource, Venue

NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One local date: visits, the guests they bring (covers), and units in service.

    `turn_time` is how long a guest stayed, on average over those whose arrival and departure were
    recorded; None when there are none.
    """

    day: date
    visits: int
    covers: int
    units: int
    turn_time: timedelta | None

    @property
    def turnover(self) -> Fraction | None:
        """Visits by units in service; None without units."""
        return Fraction(self.visits, self.units) if self.units else None


@dataclass(frozen=True, slots=True)
class ScheduleFigures:
    """How much of a unit's open time is sold. Closed time is not open."""

    unit: Resource
    open: timedelta
    sold: timedelta

    @property
    def use(self) -> Fraction | None:
        """Time sold by time open; None when the unit is never open."""
        return Fraction(self.sold // _SECOND, self.open // _SECOND) if self.open else None


_SECOND = timedelta(seconds=1)


def by_day(venue: Venue, first: date, last: date, *, now: datetime) -> list[DayFigures]:
    """The figures of each local date from `first` to `last`, inclusive, as they stand at `now`.

    Raises Invalid when the period is too long or ends before it starts.
    """
    window = periods.window_of(venue, first, last)
    visits: Counter[date] = Counter()
    covers: Counter[date] = Counter()
    turns: dict[date, list[timedelta]] = {}
    for row in _visits(venue, window, now):
        day = row.starts_at.astimezone(venue.zone).date()
        visits[day] += 1
        covers[day] += row.guest_count
        if row.checked_in_at and row.checked_out_at:
            turns.setdefault(day, []).append(row.checked_out_at - row.checked_in_at)
    units = list(Resource.objects.filter(venue=venue))
    return [
        DayFigures(
            day,
            visits[day],
            covers[day],
            _in_service(units, modes.days(day, day, venue.zone)),
            _mean(turns.get(day, [])),
        )
        for day in hours.dates(first, last)
    ]


def use_of_schedules(
    venue: Venue, first: date, last: date, *, now: datetime
) -> list[ScheduleFigures]:
    """By unit in service, the time that is open and sold from `first` to `last`, inclusive.

    Time sold outside the hours does not count. Raises Invalid when the period is too long or ends
    before it starts.
    """
    window = periods.window_of(venue, first, last)
    sold = _sold(venue, window, now)
    shut = periods.closures_of(venue, window)
    found = []
    for unit in Resource.objects.filter(venue=venue, retired_at__isnull=True):
        unit.venue = venue
        openings = hours.openings_of(venue, unit)
        opened = hours.around(openings, unit.zone, window.start, window.end)
        if modes.is_always_open(venue, openings):
            opened = [window]
        held = shut.get(unit.pk, [])
        open_now = _less(_within(opened, window), held)
        taken = sum((_common(open_now, one) for one in sold.get(unit.pk, [])), NOTHING)
        found.append(ScheduleFigures(unit, sum((_length(one) for one in open_now), NOTHING), taken))
    return found


def _visits(venue: Venue, window: Window, now: datetime) -> Iterator[Reservation]:
    rows = Reservation.objects.filter(
        venue=venue,
        confirmed_at__isnull=False,
        starts_at__gte=window.start,
        starts_at__lt=window.end,
    )
    return (row for row in rows.order_by() if row.status_at(now) in periods.COUNTED)


def _sold(venue: Venue, window: Window, now: datetime) -> dict[int, list[Window]]:
    """By unit, the ranges that visits had or have; of one who left early, until then."""
    rows = Allocation.objects.overlapping(window.start, window.end, venues=[venue.pk])
    rows = rows.filter(is_live=True, reservation__confirmed_at__isnull=False)
    found: dict[int, list[Window]] = {}
    for row in rows.select_related("reservation"):
        guest = row.reservation
        if guest is None or guest.status_at(now) not in periods.COUNTED:
            continue
        # Without the buffers, which are not sold.
        start, end = max(row.starts_at, guest.starts_at), min(row.ends_at, guest.ends_at)
        if start < end:
            found.setdefault(row.resource_id, []).append(Window(start, end))
    return found


def _within(opened: list[Window], window: Window) -> list[Window]:
    """What of these ranges, which do not overlap, lies within `window`."""
    parts = ((max(one.start, window.start), min(one.end, window.end)) for one in opened)
    return [Window(start, end) for start, end in parts if start < end]


def _less(opened: list[Window], closed: list[Window]) -> list[Window]:
    """What is left of these ranges without the closed ones."""
    left = opened
    for gap in closed:
        left = [
            Window(start, end)
            for one in left
            for start, end in (
                (one.start, min(one.end, gap.start)),
                (max(one.start, gap.end), one.end),
            )
            if start < end
        ]
    return left


def _common(opened: list[Window], sold: Window) -> timedelta:
    parts = ((max(one.start, sold.start), min(one.end, sold.end)) for one in opened)
    return sum((end - start for start, end in parts if start < end), NOTHING)


def _length(one: Window) -> timedelta:
    return one.end - one.start


def _in_service(units: list[Resource], day: Window) -> int:
    return sum(unit.retired_at is None or unit.retired_at >= day.end for unit in units)


def _mean(lengths: list[timedelta]) -> timedelta | None:
    return sum(lengths, NOTHING) / len(lengths) if lengths else None
