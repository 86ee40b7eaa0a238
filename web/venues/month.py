"""A calendar month on a page: weeks from Monday, with the days that guests can choose."""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.utils.dateparse import parse_date

from reservations.availability import answer_cache, calendar_days
from reservations.rules import booking_window, modes, sold_ranges
from venues.models import Resource, Venue

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
FURTHEST = timedelta(days=730)
"""How far ahead months are shown if the venue sets no horizon."""


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the calendar. With an empty `query`, guests cannot choose it."""

    date: date
    query: str = ""
    free: int | None = None
    price_minor: int | None = None
    is_today: bool = False
    is_chosen: bool = False
    is_between: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    """The weeks of a month, where None is a day of another month.

    `before` and `after` are neighbouring months as `2027-03`, "" if they are not shown.
    """

    first: date
    weeks: list[list[MonthDay | None]] = field(default_factory=list)
    before: str = ""
    after: str = ""

    @property
    def weekdays(self) -> list[date]:
        """Seven days from a Monday, for their names."""
        monday = self.first - self.first.weekday() * DAY
        return [monday + number * DAY for number in range(7)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The query of a page: the chosen dates and the party, at an instant."""

    query: Mapping[str, str]
    chosen: date | None
    until: date | None = None
    guests: int
    now: datetime


def of_nights(venue: Venue, asked: Asked) -> Month:
    """Returns a month of nights with free units and lowest prices, for arrival, then departure."""
    lowest, highest = _seen(venue, asked.now)
    first = _first(venue, asked, lowest, highest)
    last = (first + 31 * DAY).replace(day=1) - DAY
    nights: list[calendar_days.CalendarDay] = answer_cache.one(
        f"page: nights from {first}",
        venue,
        now=asked.now,
        work_out=lambda: calendar_days.calendar(venue, first, last, now=asked.now),
    )
    told = {night.day: night for night in nights}
    arrive, leave = asked.chosen, asked.until

    def day(one: date) -> MonthDay:
        chosen: dict[str, date] = {}
        if arrive and not leave and one > arrive:
            chosen = {"check_in": arrive, "check_out": one}
        elif told[one].free:
            chosen = {"check_in": one}
        query = {"month": f"{first:%Y-%m}", "guests": asked.guests, **chosen}
        return MonthDay(
            one,
            query=urlencode(query) if chosen else "",
            free=told[one].free,
            price_minor=told[one].lowest_price_minor,
            is_today=one == asked.now.astimezone(venue.zone).date(),
            is_chosen=one in (arrive, leave),
            is_between=bool(arrive and leave and arrive < one < leave),
        )

    return _month(first, day=day, lowest=lowest, highest=highest)


def of_days(venue: Venue, asked: Asked) -> Month:
    """Returns a month of days. Guests can choose those on which the venue sells something."""
    lowest, highest = _seen(venue, asked.now)
    first = _first(venue, asked, lowest, highest)
    sold = _sold_on(venue, first, asked.now)

    def day(one: date) -> MonthDay:
        query = {"date": one, "guests": asked.guests} if one in sold else {}
        return MonthDay(
            one,
            query=urlencode(query),
            is_today=one == lowest,
            is_chosen=one == asked.chosen,
        )

    return _month(first, day=day, lowest=lowest, highest=highest)


def _month(first: date, *, day: Callable[[date], MonthDay], lowest: date, highest: date) -> Month:
    weeks = [
        [day(one) if one.month == first.month else None for one in week]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
        # Leave out weeks that have passed.
        if week[-1] >= lowest
    ]
    earlier, later = (first - DAY).replace(day=1), (first + 31 * DAY).replace(day=1)
    return Month(
        first,
        weeks,
        before=f"{earlier:%Y-%m}" if first > lowest else "",
        after=f"{later:%Y-%m}" if later <= highest else "",
    )


def _first(venue: Venue, asked: Asked, lowest: date, highest: date) -> date:
    """The first day of the requested month, within the months shown."""
    try:
        found = parse_date(f"{asked.query.get('month', '')}-01")
    except ValueError:
        found = None
    soonest = (asked.now + venue.policy.notice).astimezone(venue.zone).date()
    if (soonest + WEEK).month != soonest.month:
        # In the last week of a month there is little left to choose.
        soonest += WEEK
    return min(max(found or asked.chosen or soonest, lowest), highest).replace(day=1)


def _seen(venue: Venue, now: datetime) -> tuple[date, date]:
    """The first and the last local day that guests can book, whatever the notice."""
    today = now.astimezone(venue.zone).date()
    lowest = modes.first_night(venue, now) if modes.sells_nights(venue) else today
    return lowest, today + (venue.policy.horizon or FURTHEST)


def _sold_on(venue: Venue, first: date, now: datetime) -> set[date]:
    """The local days from which a range starts that the policy allows."""
    last = (first + 31 * DAY).replace(day=1)
    latest = now + FURTHEST
    units: list[Resource] = [unit for unit in venue.resources.all() if not unit.retired_at]
    return {
        window.start.astimezone(venue.zone).date()
        for windows, _ in sold_ranges.sold(venue, units, first - DAY, last)
        for window in windows
        if window.start <= latest and booking_window.may_start(venue, window, now)
    }
