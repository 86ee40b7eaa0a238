"""The figures of a venue in a period: occupancy, revenue, lead time and no-shows.

Takes four queries and a snapshot, whatever the period and the number of reservations.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext as _

from desk import phrases
from desk.charts.chart import Chart, Point, chart
from desk.timeline.grid import openings_of
from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.models import Reservation
from reservations.pricing.owed import owed_expression
from reservations.rules import modes
from reservations.rules.sold_ranges import sold_part
from reservations.status import Status
from venues import hours
from venues.hours import DAY, Window
from venues.models import Venue

LONGEST = 92
"""Days in one page of charts, at most."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of a period in words, as pairs of label and text, and its charts."""

    sums: list[tuple[str, str]]
    charts: list[Chart]


def of(venue: Venue, first: date, last: date, *, now: datetime) -> Figures:
    """Returns the figures of the local days `first` to `last`, both included."""
    days = list(hours.dates(first, last))
    rows = _sold(venue, days)
    by_day = _by_day(_booked(venue, days), venue, days, now)
    full = _occupancy(venue, days, now)
    earned = sum(day["earned"] for day in by_day.values())
    stays = sum(day["stays"] for day in by_day.values())
    missed = sum(day["missed"] for day in by_day.values())
    average = sum(full) / len(full)
    sums = [
        (_("Full"), f"{average:.0%}"),
        (_("Revenue"), phrases.money(earned, venue.currency)),
        (_("Reservations"), str(stays)),
        (_("Did not come"), _of(missed, stays)),
    ]
    charts = [
        _full_chart(days, full, average),
        _revenue_chart(venue, days, by_day, earned),
        _lead_chart(rows, stays),
        _missed_chart(days, by_day, missed, stays),
    ]
    return Figures(sums, charts)


def _sold(venue: Venue, days: list[date]) -> QuerySet[Reservation]:
    return _booked(venue, days).filter(cancelled_at=None)


def _booked(venue: Venue, days: list[date]) -> QuerySet[Reservation]:
    """What was confirmed for these days, also what was cancelled: it may owe a fee."""
    within = modes.days(days[0], days[-1], venue.zone)
    return Reservation.objects.filter(
        venue=venue,
        starts_at__gte=within.start,
        starts_at__lt=within.end,
        confirmed_at__isnull=False,
    ).order_by()


def _by_day(rows: Any, venue: Venue, days: list[date], now: datetime) -> dict[date, dict[str, int]]:
    # A database has rules of its own for time zones. Whose local day it is, `hours` alone says.
    ends = [modes.days(day, day, venue.zone).end for day in days]
    number = Case(
        *(When(starts_at__lt=end, then=Value(place)) for place, end in enumerate(ends)),
        output_field=IntegerField(),
    )
    found = (
        rows.with_status(at=now)
        .annotate(day=number)
        .values("day")
        .annotate(
            stays=Count("pk", filter=Q(cancelled_at=None)),
            earned=Sum(owed_expression()),
            missed=Count("pk", filter=Q(status_number=int(Status.NO_SHOW))),
        )
    )
    return {days[row["day"]]: row for row in found}


def _occupancy(venue: Venue, days: list[date], now: datetime) -> list[float]:
    """For each day, the share of sellable time that is taken: of the night, or of the opening
    hours.
    """
    openings = openings_of(venue)
    windows = [sold_part(venue, day, openings) for day in days]
    found = snapshot_queries.snapshot(venue, Window(windows[0].start, windows[-1].end), now=now)
    return [_share(found, window) for window in windows]


def _share(board: Snapshot, window: Window) -> float:
    whole = (window.end - window.start) * len(board.every)
    taken = sum(
        (
            min(row.end, window.end) - max(row.start, window.start)
            for unit in board.every
            for row in board.taken(unit.pk, window)
        ),
        timedelta(),
    )
    return taken / whole if whole else 0.0


def _full_chart(days: list[date], full: list[float], average: float) -> Chart:
    best = max(range(len(days)), key=full.__getitem__)
    said = _("On average %(average)s; most on %(day)s, %(most)s.")
    return chart(
        "full",
        _("How full"),
        [
            Point(phrases.day(day), share, f"{share:.0%}")
            for day, share in zip(days, full, strict=True)
        ],
        summary=said
        % {
            "average": f"{average:.0%}",
            "day": phrases.day(days[best]),
            "most": f"{full[best]:.0%}",
        },
        what=_("Day"),
        measure=_("Share taken"),
        most=1,
    )


def _revenue_chart(
    venue: Venue, days: list[date], by_day: dict[date, dict[str, int]], earned: int
) -> Chart:
    amounts = [by_day.get(day, {}).get("earned", 0) for day in days]
    said = _("%(amount)s for stays that began in these days.")
    return chart(
        "revenue",
        _("Revenue"),
        [
            Point(phrases.day(day), amount, phrases.money(amount, venue.currency))
            for day, amount in zip(days, amounts, strict=True)
        ],
        summary=said % {"amount": phrases.money(earned, venue.currency)},
        what=_("Day of arrival"),
        measure=_("Revenue"),
    )


def _lead_chart(rows: QuerySet[Reservation], stays: int) -> Chart:
    steps = (
        (_("same day"), None, 1), (_("1–2 days"), 1, 3), (_("3–7 days"), 3, 8),
        (_("8–30 days"), 8, 31), (_("more than 30 days"), 31, None),
    )  # fmt: skip
    counted = {
        f"step_{number}": Count("pk", filter=_ahead(least, most))
        for number, (_label, least, most) in enumerate(steps)
    }
    found = rows.aggregate(**counted)
    points = [
        Point(label, found[f"step_{number}"], _of(found[f"step_{number}"], stays))
        for number, (label, _least, _most) in enumerate(steps)
    ]
    most = max(points, key=lambda point: point.value)
    return chart(
        "lead",
        _("How early they booked"),
        points,
        summary=_("Most booked this early: %(when)s.") % {"when": most.label} if stays else "",
        what=_("Before arrival"),
        measure=_("Reservations"),
    )


def _ahead(least: int | None, most: int | None) -> Q:
    """Matches reservations made at least `least` and less than `most` days before the start."""
    asked = Q()
    if least is not None:
        asked &= Q(created_at__lte=F("starts_at") - least * DAY)
    if most is not None:
        asked &= Q(created_at__gt=F("starts_at") - most * DAY)
    return asked


def _missed_chart(
    days: list[date], by_day: dict[date, dict[str, int]], missed: int, stays: int
) -> Chart:
    counts = [by_day.get(day, {}) for day in days]
    points = [
        Point(
            phrases.day(day),
            count.get("missed", 0),
            _of(count.get("missed", 0), count.get("stays", 0)),
        )
        for day, count in zip(days, counts, strict=True)
    ]
    return chart(
        "missed",
        _("Did not come"),
        points,
        summary=_("%(count)s of the reservations.") % {"count": _of(missed, stays)},
        what=_("Day of arrival"),
        measure=_("Did not come"),
    )


def _of(part: int, whole: int) -> str:
    told = _("%(part)s of %(whole)s") % {"part": part, "whole": whole}
    return f"{told} ({part / whole:.0%})" if whole else told
