"""Filters of the admin's lists: by status now, local day, event and caller."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.scoping import venues_of
from guests.callers import Kind
from reservations import clock
from reservations.event_types import EVENT_TYPES
from reservations.querysets import AllocationQuerySet, ReservationQuerySet
from reservations.rules import modes
from reservations.status import Status
from venues import time_zones
from venues.hours import Window

DAY = timedelta(days=1)

_EVENTS = [one.name for one in EVENT_TYPES]

_NAMED: dict[str, tuple[str | Promise, Callable[[date], tuple[date, date]]]] = {
    "yesterday": (_("Yesterday"), lambda today: (today - DAY, today - DAY)),
    "today": (_("Today"), lambda today: (today, today)),
    "tomorrow": (_("Tomorrow"), lambda today: (today + DAY, today + DAY)),
    "week": (_("The next 7 days"), lambda today: (today, today + 6 * DAY)),
}


class StatusFilter(admin.SimpleListFilter):
    """Filters by the status at this moment, which SQL derives."""

    title = _("status now")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.word, str(phrases.LABELS[status])) for status in Status]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        word = self.value()
        if not word or word.upper() not in Status.__members__:
            return rows
        assert isinstance(rows, ReservationQuerySet)
        return rows.in_status(Status[word.upper()], at=clock.now())


class DayFilter(admin.SimpleListFilter):
    """Filters by ranges that overlap a local day of their venue."""

    title = _("day at the venue")
    parameter_name = "day"
    template = "desk/day_filter.html"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self.request = request

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(label)) for name, (label, _days) in _NAMED.items()]

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield from super().choices(changelist)
        value = self.value() or ""
        # For the date field of the template, which keeps the other filters.
        others = [
            (name, text)
            for name, texts in changelist.filter_params.items()
            if name != self.parameter_name
            for text in texts
        ]
        query = [("q", changelist.query)] if changelist.query else []
        day = "" if value in _NAMED else value
        yield {"is_field": True, "day": day, "others": others + query, "name": self.parameter_name}

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value or (value not in _NAMED and _read(value) is None):
            return rows
        zones = venues_of(request).order_by().values_list("time_zone", flat=True).distinct()
        touched = Q(pk__in=[])
        for name in zones:
            window = _window(value, time_zones.named(name), clock.now())
            touched |= Q(venue__time_zone=name, starts_at__lt=window.end, ends_at__gt=window.start)
        return rows.filter(touched)


class KindFilter(admin.SimpleListFilter):
    """Filters allocations by reservation or closure."""

    title = "taken by"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("reservation", "Reservations"), ("closure", "Closures")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "reservation":
                return rows.filter(reservation__isnull=False)
            case "closure":
                return rows.filter(reservation__isnull=True)
            case _:
                return rows


class TakingFilter(admin.SimpleListFilter):
    """Filters allocations by whether they take time now."""

    title = "state now"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("to_come", "Taken, not over"), ("free", "Freed or lapsed")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        assert isinstance(rows, AllocationQuerySet)
        now = clock.now()
        match self.value():
            case "to_come":
                return rows.taking_time(at=now).filter(ends_at__gt=now)
            case "free":
                return rows.exclude(pk__in=rows.taking_time(at=now).values("pk"))
            case _:
                return rows


class EventFilter(admin.SimpleListFilter):
    """Filters events by name. The names come from the event types: the table is too large to
    search.
    """

    title = "what happened"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.partition(".")[2].replace("_", " ")) for name in _EVENTS]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(name=self.value()) if self.value() in _EVENTS else rows


class CallerFilter(admin.SimpleListFilter):
    """Filters events by the kind of caller."""

    title = "who"
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in get_args(Kind) if kind != "anonymous"]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(by_kind=self.value()) if self.value() in get_args(Kind) else rows


def _window(value: str, zone: ZoneInfo, now: datetime) -> Window:
    today = now.astimezone(zone).date()
    day = _read(value) or today
    first, last = _NAMED[value][1](today) if value in _NAMED else (day, day)
    return modes.days(first, last, zone)


def _read(value: str) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.year in modes.YEARS else None
