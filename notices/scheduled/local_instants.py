"""The instants at which somebody's clock shows a time: exactly one for each local day.

A time that the clock shows twice counts the first time, and one that it skips counts where the gap
ends. Twenty-four hours later is the wrong time on two days of a year, and after them on all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from venues import hours

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True, order=True)
class LocalInstant:
    """An instant (UTC), and the local day that it belongs to."""

    at: datetime
    day: date


def on(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """The instant (UTC) at which the clock of `zone` shows this; None where the day is left out.

    A zone leaves out a day when it crosses the date line, as Samoa did in 2011.
    """
    if hours.instant(day, _MIDNIGHT, zone) == hours.instant(day + _DAY, _MIDNIGHT, zone):
        return None
    return hours.instant(day, clock, zone)


def last(clock: time, zone: ZoneInfo, at: datetime) -> LocalInstant:
    """The last instant up to `at` (aware) that shows this time, `at` itself included."""
    return max(one for one in _around(clock, zone, at) if one.at <= at)


def following(clock: time, zone: ZoneInfo, after: datetime) -> LocalInstant:
    """The first instant after `after` (aware) that shows this time."""
    return min(one for one in _around(clock, zone, after) if one.at > after)


def between(clock: time, zone: ZoneInfo, after: datetime, until: datetime) -> list[LocalInstant]:
    """The instants in `(after, until]` that show this time, earliest first: a few days."""
    found = {*_around(clock, zone, after), *_around(clock, zone, until)}
    return sorted(one for one in found if after < one.at <= until)


def _around(clock: time, zone: ZoneInfo, at: datetime) -> Iterator[LocalInstant]:
    # Where a gap lies before midnight, an evening ends on the next day. A day may be left out.
    today = at.astimezone(zone).date()
    for days in range(-3, 4):
        day = today + days * _DAY
        found = on(day, clock, zone)
        if found is not None:
            yield LocalInstant(found, day)
