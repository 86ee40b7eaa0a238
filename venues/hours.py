"""Turns local opening hours into instants.

Pure functions of openings and a zone. A local time that the clocks skip in spring means the instant
at which the gap ends. A closing time that the clocks show twice in autumn means the second, so that
an hour that happens twice is sold twice. Lengths are elapsed time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from venues.models import Opening, Resource, Venue

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A range `[start, end)` of aware instants in UTC."""

    start: datetime
    end: datetime

    def holds(self, start: datetime, end: datetime) -> bool:
        """True when all of `[start, end)` lies within this range."""
        return self.start <= start and end <= self.end


def instant(day: date, clock: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The instant (UTC) at which a clock in `zone` shows `clock` on `day`.

    When the clock shows it twice: the first time, or with `last` the second. When never: the end of
    the gap.
    """
    local = datetime.combine(day, clock, tzinfo=zone).replace(fold=int(last))
    there = local.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return there
    return _gap_end(local.replace(fold=1), local.replace(fold=0), zone)


def showings(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """The instants (UTC) at which a clock in `zone` shows this, earliest first; [] in a gap.

    Two when the hour happens twice.
    """
    local = datetime.combine(day, clock, tzinfo=zone)
    found = {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    wanted = local.replace(tzinfo=None)
    return sorted(one for one in found if one.astimezone(zone).replace(tzinfo=None) == wanted)


def windows(openings: Iterable[Opening], zone: ZoneInfo, first: date, last: date) -> list[Window]:
    """The ranges (UTC) in which these openings are open on local days `first` to `last`, sorted.

    Adjacent ranges are not merged, since slots count from the start of each.
    """
    weekly: dict[int, list[Opening]] = {}
    dated: dict[date, list[Opening]] = {}
    for opening in openings:
        if opening.date is not None:
            dated.setdefault(opening.date, []).append(opening)
        elif opening.weekday is not None:
            weekly.setdefault(opening.weekday, []).append(opening)
    found = [
        window
        for day in _days(first, last)
        for opening in dated.get(day, weekly.get(day.weekday(), []))
        if (window := _window(opening, day, zone)) is not None
    ]
    return sorted(found)


def openings_of(venue: Venue, unit: Resource | None) -> Sequence[Opening]:
    """The openings that apply to a unit: its own, or else the venue's. For None the venue's."""
    every = list(venue.openings.all())
    own = [row for row in every if unit is not None and row.resource_id == unit.pk]
    if own or venue.policy.unit_schedules:
        return own
    return [row for row in every if row.resource_id is None]


def opens_by_itself(venue: Venue) -> bool:
    """True when units here have hours of their own, so that each must be judged separately."""
    return venue.policy.unit_schedules or any(row.resource_id for row in venue.openings.all())


def closed_days(venue: Venue, unit: Resource | None) -> set[date]:
    """The local dates on which no night is sold, for a unit or (None) the venue."""
    rows = openings_of(venue, unit)
    return {row.date for row in rows if row.date is not None and row.opens is None}


def around(
    openings: Iterable[Opening], zone: ZoneInfo, start: datetime, end: datetime
) -> list[Window]:
    """The open ranges (UTC) of the local days that `[start, end)` touches and of the day before."""
    first = start.astimezone(zone).date() - DAY
    return windows(openings, zone, first, end.astimezone(zone).date())


def is_open(opened: Iterable[Window], start: datetime, end: datetime) -> bool:
    """True when these ranges together cover all of `[start, end)`."""
    covered = start
    for window in sorted(opened):
        if window.start > covered:
            break
        covered = max(covered, window.end)
    return covered >= end


def slots(window: Window, length: timedelta | None) -> Iterator[Window]:
    """Yields the slots of `length` in a range, from its start; without a length the range itself.

    Leaves out a rest that is shorter than a slot.
    """
    if length is None:
        yield window
        return
    start = window.start
    while start + length <= window.end:
        yield Window(start, start + length)
        start += length


def nights(check_in: date, check_out: date, zone: ZoneInfo, arrive: time, leave: time) -> Window:
    """The range (UTC) from the time `arrive` on the first local date to `leave` on the last."""
    return Window(instant(check_in, arrive, zone), instant(check_out, leave, zone))


def _window(opening: Opening, day: date, zone: ZoneInfo) -> Window | None:
    if opening.opens is None or opening.closes is None:
        return None
    closing_day = day + DAY if opening.closes <= opening.opens else day
    window = Window(
        instant(day, opening.opens, zone),
        instant(closing_day, opening.closes, zone, last=True),
    )
    # Hours that lie entirely in the gap of spring do not exist.
    return window if window.start < window.end else None


def _gap_end(skipped_early: datetime, skipped_late: datetime, zone: ZoneInfo) -> datetime:
    # Read with the offset after the gap, a skipped time falls before the change; read with the
    # offset before it, after the change. Between the two, the offset changes once, on a whole
    # second.
    low, high = int(skipped_early.timestamp()), int(skipped_late.timestamp())
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += DAY
