"""How full a venue is, was and usually is: shares of unit-time taken. Reads only."""

from collections import Counter
from collections.abc import Iterable, Iterator
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
"""What the offsets of all zones are multiples of, so that local hours begin with one."""
INSTANT = timedelta(microseconds=1)
MOST_STEPS = 1_000
LONGEST_LOOK = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class OccupancyAt:
    """A stretch of time and the share of unit-time taken in it, from 0 to 1, by group."""

    window: Window
    taken: float
    by_floor: dict[int, float]
    by_category: dict[str, float]


@dataclass(frozen=True, slots=True)
class Stats:
    """What is usual: unit-hours taken by local hour of day and by weekday (Monday is 0)."""

    window: Window
    reservations: int
    by_hour: dict[int, float]
    by_weekday: dict[int, float]
    peak_hours: list[int]
    no_show_share: float | None


def over(
    venue: Venue, window: Window, step: timedelta | None, *, now: datetime
) -> list[OccupancyAt]:
    """The share taken in each step of a window; without a step, in the window as a whole.

    Raises Invalid for more steps, or a longer window, than one answer holds.
    """
    judge(window)
    step = step or window.end - window.start
    if (window.end - window.start) / step > MOST_STEPS:
        raise Invalid(
            "step",
            gettext("Ask for at most %(most)s steps. Choose a longer step or a shorter range.")
            % {"most": MOST_STEPS},
        )
    found = snapshot_queries.board(venue, window, now=now)
    parts = list(_parts(window, step))
    units: Counter[str] = Counter()
    seconds: list[Counter[str]] = [Counter() for _ in parts]
    for unit in found.units:
        groups = ("all", f"floor {unit.floor}", f"category {unit.category.code}")
        units.update(groups)
        # The work is that of what is taken, not of each unit in each step.
        for row in found.taken(unit.pk, window):
            for number in _touched(row, window, step):
                taken = _overlap(row, parts[number])
                for group in groups:
                    seconds[number][group] += taken
    return [_step(part, units, told) for part, told in zip(parts, seconds, strict=True)]


def stats(venue: Venue, window: Window, *, now: datetime) -> Stats:
    """What the venue's reservations of a window say is usual, in its own zone.

    Closures count for nothing, nor does what was given up before it began. Raises Invalid for a
    longer window than one answer holds.
    """
    judge(window)
    rows = Allocation.objects.overlapping(window.start, window.end, venues=[venue.pk])
    rows = rows.filter(is_live=True, reservation__isnull=False)
    rows = rows.filter(reservation__confirmed_at__isnull=False)
    # Where nights or slots are sold, a year of them has few ranges that differ.
    alike = rows.order_by().values_list("starts_at", "ends_at", "lapses_at").annotate(Count("pk"))
    # Who did not come had the unit until then, whether a sweep has written that down or not.
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
    """Whether a window can be looked at. Raises Invalid."""
    if window.end <= window.start:
        raise Invalid("ends_at", gettext("The end must be after the start."))
    if window.end - window.start > LONGEST_LOOK:
        raise Invalid(
            "ends_at",
            gettext("Ask for at most %(most)s days.") % {"most": LONGEST_LOOK.days},
        )


def _touched(row: BusyRange, window: Window, step: timedelta) -> range:
    """The steps of a window in which a row takes time, by number."""
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
    """Each quarter of an hour in which any of a window is taken, and for how many INSTANTs.

    The work is that of the ranges and of the quarters, not of each range's quarters.
    """
    begin = window.start.replace(minute=0, second=0, microsecond=0)
    # How many more ranges run from a quarter on; and what those that begin or end in it are less,
    # or more, than a whole one.
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
    """Of the reservations whose guest should have come by now, the share that did not."""
    due = _begun(venue, window).filter(Q(no_show_at__lte=now) | Q(checked_in_at__isnull=False))
    count = due.count()
    if not count:
        return None
    return round(due.in_status(Status.NO_SHOW, at=now).count() / count, 4)
