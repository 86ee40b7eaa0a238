"""Turns local opening hours into instants.

Pure functions of openings and a zone. A local time that the clocks skip in spring means the instant
at which the gap ends. A closing time that the clocks show twice in autumn means the second, so that
an hour that happens twice is sold twice. Lengths are elapsed time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
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


def since_midnight(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local clock shows a time since midnight of a day.

    It may lie on a later day: 26 hours are two in the night after.
    """
    days, seconds = divmod(int(clock.total_seconds()), 86_400)
    minutes, second = divmod(seconds, 60)
    return instant(day + days * DAY, time(minutes // 60, minutes % 60, second), zone)


def month(first: date, zone: ZoneInfo) -> Window:
    """The range (UTC) of the month whose first day this is, by the clock of `zone`."""
    after = (first + 31 * DAY).replace(day=1)
    return Window(instant(first, time(0), zone), instant(after, time(0), zone))


def showings(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    """The instants (UTC) at which a clock in `zone` shows this, earliest first; [] in a gap.

    Two when the hour happens twice.
    """
    local = datetime.combine(day, clock, tzinfo=zone)
    found = {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    wanted = local.replace(tzinfo=None)
    return sorted(one for one in found if one.astimezone(zone).replace(tzinfo=None) == wanted)


def windows(
    openings: Iterable[Opening],
    zone: ZoneInfo,
    first: date,
    last: date,
    *,
    apart: bool = False,
) -> list[Window]:
    """The ranges (UTC) in which these openings are open on local days `first` to `last`, sorted.

    They never overlap. Openings of one day that overlap or meet are one range; with `apart`,
    openings that only meet stay two, since each is sold as it is. Where hours run on into those of
    the next day, they end where these begin, so that every day's grid counts from its own start.
    """
    rows = list(openings)
    # Only hours past midnight reach into another day.
    around = DAY if any(_ends_next_day(row) for row in rows) else timedelta(0)
    found: list[tuple[date, Window]] = []
    for day, window in _each(rows, zone, first - around, last + around):
        before_day, before = found[-1] if found else (None, None)
        if before is None or window.start > before.end:
            found.append((day, window))
            continue
        is_same_day = before_day == day
        joined = Window(window.start, max(window.end, before.end))
        if is_same_day and not (apart and window.start == before.end):
            found[-1] = (day, Window(before.start, joined.end))
        elif before.start < window.start:
            found[-1:] = [(before_day or day, Window(before.start, window.start)), (day, joined)]
        else:
            found[-1] = (day, joined)
    return [window for day, window in found if first <= day <= last]


def runs(opened: Iterable[Window]) -> list[Window]:
    """These ranges with those that overlap or meet joined into one, sorted."""
    found: list[Window] = []
    for window in sorted(opened):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(window.end, found[-1].end))
        else:
            found.append(window)
    return found


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
    return any(run.holds(start, end) for run in runs(opened))


def slots(window: Window, length: timedelta | None, zone: ZoneInfo) -> Iterator[Window]:
    """Yields the slots of `length` in a range, from its start; without a length the range itself.

    Leaves out a rest that is shorter than a slot.
    """
    if length is None:
        yield window
        return
    start = window.start
    while (end := later(start, length, zone)) <= window.end:
        yield Window(start, end)
        start = end


def later(start: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that is a slot's length after `start`. Whole days are local days.

    A local day has 23 or 25 hours when the clocks change.
    """
    if length % DAY:
        return start + length
    there = start.astimezone(zone)
    return instant(there.date() + length, there.time(), zone)


def clash(openings: Iterable[Opening]) -> tuple[Opening, Opening] | None:
    """Two of these weekly openings, or of these dates, that overlap by local clocks, or None.

    Assumes that all are of one unit, or of the venue. Those that only meet do not overlap.
    """
    rows = [row for row in openings if row.opens is not None and row.closes is not None]
    for one, other in combinations(rows, 2):
        apart = _days_apart(one, other)
        if apart is None:
            continue
        begin, end = _clocks(one)
        other_begin, other_end = (clock + apart for clock in _clocks(other))
        if begin < other_end and other_begin < end:
            return one, other
    return None


def nights(check_in: date, check_out: date, zone: ZoneInfo, arrive: time, leave: time) -> Window:
    """The range (UTC) from the time `arrive` on the first local date to `leave` on the last."""
    return Window(instant(check_in, arrive, zone), instant(check_out, leave, zone))


def _each(
    openings: Iterable[Opening], zone: ZoneInfo, first: date, last: date
) -> Iterator[tuple[date, Window]]:
    """Each opening of the local days as a range, day by day, sorted within a day."""
    weekly: dict[int, list[Opening]] = {}
    dated: dict[date, list[Opening]] = {}
    for opening in openings:
        if opening.date is not None:
            dated.setdefault(opening.date, []).append(opening)
        elif opening.weekday is not None:
            weekly.setdefault(opening.weekday, []).append(opening)
    for day in dates(first, last):
        found = (_window(row, day, zone) for row in dated.get(day, weekly.get(day.weekday(), [])))
        for window in sorted(one for one in found if one is not None):
            yield day, window


def _window(opening: Opening, day: date, zone: ZoneInfo) -> Window | None:
    if opening.opens is None or opening.closes is None:
        return None
    closing_day = day + DAY if _ends_next_day(opening) else day
    window = Window(
        instant(day, opening.opens, zone),
        instant(closing_day, opening.closes, zone, last=True),
    )
    # Hours that lie entirely in the gap of spring do not exist.
    return window if window.start < window.end else None


def _days_apart(one: Opening, other: Opening) -> timedelta | None:
    """How long after the day of one that of the other is, within a day; None for any other."""
    if one.date is not None and other.date is not None:
        apart = other.date - one.date
        return apart if abs(apart) <= DAY else None
    if one.weekday is None or other.weekday is None:
        return None
    days = (other.weekday - one.weekday) % 7
    return {0: timedelta(0), 1: DAY, 6: -DAY}.get(days)


def _clocks(opening: Opening) -> tuple[timedelta, timedelta]:
    """From when to when, counted from midnight of the day."""
    assert opening.opens is not None
    assert opening.closes is not None
    begin, end = (
        timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        for clock in (opening.opens, opening.closes)
    )
    return begin, end + DAY if _ends_next_day(opening) else end


def _ends_next_day(opening: Opening) -> bool:
    if opening.opens is None or opening.closes is None:
        return False
    return opening.closes <= opening.opens


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


def dates(first: date, last: date) -> Iterator[date]:
    """Yields the dates from `first` to `last`, both included."""
    day = first
    while day <= last:
        yield day
        day += DAY
