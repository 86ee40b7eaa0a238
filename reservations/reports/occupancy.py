"""Measures how full a venue is, was and usually is: shares of unit-time taken. Reads only."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext

from reservations.availability import snapshot_queries
from reservations.availability.busy import BusyRange
from reservations.errors import Invalid
from reservations.models import Allocation, Reservation
from reservations.querysets import ReservationQuerySet
from reservations.status import Status
from venues.hours import Window
from venues.models import Venue

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
"""The offset of every time zone is a multiple of this, so local hours begin with a quarter."""
INSTANT = timedelta(microseconds=1)
"""The smallest difference between two instants in the database."""
MOST_STEPS = 1_000
"""The largest number of steps in one answer."""
LONGEST_LOOK = timedelta(days=800)
"""The longest range that one answer covers."""


@dataclass(frozen=True, slots=True)
class OccupancyAt:
    """A range, and the share of unit-time taken in it, from 0 to 1.

    `by_floor` and `by_category` (its code) have the share of each group of units.
    """

    window: Window
    taken: float
    by_floor: dict[int, float]
    by_category: dict[str, float]


@dataclass(frozen=True, slots=True)
class Stats:
    """Unit-hours taken by local hour of the day (0 to 23) and by weekday (Monday is 0).

    `reservations` counts those that began in the range. `no_show_share` is from 0 to 1; None when
    no guest was due.
    """

    window: Window
    reservations: int
    by_hour: dict[int, float]
    by_weekday: dict[int, float]
    peak_hours: list[int]
    no_show_share: float | None


def over(
    venue: Venue, window: Window, step: timedelta | None, *, now: datetime
) -> list[OccupancyAt]:
    """The share taken in each step of a range, earliest first; without a step, in the whole range.

    Raises Invalid when the range is too long, ends before it starts, or has too many steps.
    """
    judge(window)
    step = step or window.end - window.start
    if (window.end - window.start) / step > MOST_STEPS:
        raise Invalid(
            "step",
            gettext("Ask for at most %(most)s steps. Choose a longer step or a shorter range.")
            % {"most": MOST_STEPS},
        )
    found = snapshot_queries.snapshot(venue, window, now=now)
    parts = list(_parts(window, step))
    units: Counter[str] = Counter()
    seconds: list[Counter[str]] = [Counter() for _ in parts]
    for unit in found.units:
        groups = ("all", f"floor {unit.floor}", f"category {unit.category.code}")
        units.update(groups)
        # This takes time by the number of taken ranges, not by units times steps.
        for row in _with_presence(found.taken(unit.pk, window), parts, now):
            for number in _touched(row, window, step):
                taken = _overlap(row, parts[number])
                for group in groups:
                    seconds[number][group] += taken
    return [_step(part, units, told) for part, told in zip(parts, seconds, strict=True)]


def stats(venue: Venue, window: Window, *, now: datetime) -> Stats:
    """The usual occupancy of a venue, from its reservations in a range, in its local time.

    Closures and reservations cancelled before their start do not count. Raises Invalid when the
    range is too long or ends before it starts.
    """
    judge(window)
    rows = Allocation.objects.overlapping(window.start, window.end, venues=[venue.pk])
    rows = rows.filter(is_live=True, reservation__isnull=False)
    rows = rows.filter(reservation__confirmed_at__isnull=False)
    # Grouped, since a year of nights or slots has few different ranges.
    alike = rows.order_by().values_list("starts_at", "ends_at", "lapses_at").annotate(Count("pk"))
    # A guest who did not come had the unit until the no-show, whether or not a sweep recorded it.
    taken = (
        (start, min(end, lapses_at) if lapses_at and lapses_at <= now else end, count)
        for start, end, lapses_at, count in alike
    )
    by_hour: Counter[int] = Counter()
    by_weekday: Counter[int] = Counter()
    for quarter, amount in _by_quarter(taken, window):
        local = quarter.astimezone(venue.zone)
        by_hour[local.hour] += amount
        by_weekday[local.weekday()] += amount
    fullest = max(by_hour.values(), default=0)
    return Stats(
        window=window,
        reservations=_begun(venue, window).count(),
        by_hour={hour: round(by_hour[hour] * INSTANT / HOUR, 3) for hour in range(24)},
        by_weekday={day: round(by_weekday[day] * INSTANT / HOUR, 3) for day in range(7)},
        peak_hours=[hour for hour in range(24) if fullest and by_hour[hour] == fullest],
        no_show_share=_no_show_share(venue, window, now),
    )


def judge(window: Window) -> None:
    """Raises Invalid when the range is longer than LONGEST_LOOK or ends before it starts."""
    if window.end <= window.start:
        raise Invalid("ends_at", gettext("The end must be after the start."))
    if window.end - window.start > LONGEST_LOOK:
        raise Invalid(
            "ends_at",
            gettext("Ask for at most %(most)s days.") % {"most": LONGEST_LOOK.days},
        )


def _with_presence(
    rows: Sequence[BusyRange], parts: Sequence[Window], now: datetime
) -> Iterator[BusyRange]:
    """These ranges of one unit; a guest past their end counts for the whole step of now."""
    for number, row in enumerate(rows):
        if not row.is_overstay:
            yield row
            continue
        step = next(part for part in parts if part.start <= now < part.end)
        following = (later.start for later in rows[number + 1 :])
        yield row._replace(end=min(step.end, next(following, step.end)))


def _touched(row: BusyRange, window: Window, step: timedelta) -> range:
    """The numbers of the steps in which a row takes time, counted from 0."""
    first = (max(row.start, window.start) - window.start) // step
    last = (min(row.end, window.end) - window.start - INSTANT) // step
    return range(first, last + 1)


def _overlap(row: BusyRange, part: Window) -> int:
    return int((min(row.end, part.end) - max(row.start, part.start)).total_seconds())


def _step(part: Window, units: Counter[str], seconds: Counter[str]) -> OccupancyAt:
    length = (part.end - part.start).total_seconds()
    shares = {group: seconds[group] / (length * count) for group, count in units.items()}
    return OccupancyAt(
        part,
        round(shares.get("all", 0.0), 4),
        {int(name): round(share, 4) for name, share in _of(shares, "floor ")},
        {name: round(share, 4) for name, share in _of(shares, "category ")},
    )


def _of(shares: dict[str, float], kind: str) -> Iterator[tuple[str, float]]:
    for group, share in sorted(shares.items()):
        if group.startswith(kind):
            yield group.removeprefix(kind), share


def _parts(window: Window, step: timedelta) -> Iterator[Window]:
    start = window.start
    while start < window.end:
        yield Window(start, min(start + step, window.end))
        start += step


def _by_quarter(
    ranges: Iterable[tuple[datetime, datetime, int]], window: Window
) -> Iterator[tuple[datetime, int]]:
    """Yields each quarter of an hour with time taken, and how many INSTANTs are taken in it.

    Takes time by the number of ranges plus the number of quarters, not by their product.
    """
    begin = window.start.replace(minute=0, second=0, microsecond=0)
    # `more`: the change in the number of running ranges at a quarter. `odd`: the correction for
    # ranges that begin or end within it.
    more: Counter[int] = Counter()
    odd: Counter[int] = Counter()
    for start, end, count in ranges:
        last = min(end, window.end)
        for at, units in (
            ((max(start, window.start), count), (last, -count)) if start < last else ()
        ):
            quarter, past = divmod((at - begin) // INSTANT, QUARTER // INSTANT)
            more[quarter] += units
            odd[quarter] -= units * past
    running = 0
    for quarter in range(max(odd, default=-1) + 1):
        running += more[quarter]
        if amount := running * (QUARTER // INSTANT) + odd[quarter]:
            yield begin + quarter * QUARTER, amount


def _begun(venue: Venue, window: Window) -> ReservationQuerySet:
    return Reservation.objects.filter(
        venue=venue,
        confirmed_at__isnull=False,
        cancelled_at__isnull=True,
        starts_at__gte=window.start,
        starts_at__lt=window.end,
    )


def _no_show_share(venue: Venue, window: Window, now: datetime) -> float | None:
    """The share of guests due by `now` who did not come, from 0 to 1; None when none was due."""
    due = _begun(venue, window).filter(Q(no_show_at__lte=now) | Q(checked_in_at__isnull=False))
    count = due.count()
    if not count:
        return None
    return round(due.in_status(Status.NO_SHOW, at=now).count() / count, 4)
