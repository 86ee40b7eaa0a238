"""How full a venue is: now, in a range, by the hour and usually; as tables and plots."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from reservations.reports import occupancy
from reservations.rules import modes
from venues.hours import Window
from venues.models import Venue
from web import plots
from web.plots import PlotBar

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STATS_DAYS = 90
"""Days of the past for what is usual."""


def told(venue: Venue, window: Window, now: datetime) -> dict[str, Any]:
    """Returns the shares taken: now, in the range, by hour of its first day, and usually."""
    (at_once,) = occupancy.over(venue, Window(now, now + MINUTE), None, now=now)
    (in_range,) = occupancy.over(venue, window, None, now=now)
    rows = [(_("Whole lot"), at_once.taken, in_range.taken)]
    rows += [
        (_("Floor %(floor)s") % {"floor": floor}, share, in_range.by_floor.get(floor, 0.0))
        for floor, share in at_once.by_floor.items()
    ]
    day = window.start.astimezone(venue.zone).date()
    steps = occupancy.over(venue, modes.days(day, day, venue.zone), HOUR, now=now)
    hours = [_bar(f"{step.window.start.astimezone(venue.zone):%H}", step.taken) for step in steps]
    since = Window(now - timedelta(days=STATS_DAYS), now)
    usual = occupancy.stats(venue, since, now=now)
    units = sum(1 for unit in venue.resources.all() if unit.retired_at is None)
    peaks = [
        _bar(f"{hour:02}", taken / (STATS_DAYS * max(1, units)))
        for hour, taken in usual.by_hour.items()
    ]
    return {
        "rows": [(name, round(100 * one), round(100 * two)) for name, one, two in rows],
        "day": day,
        "hours": hours,
        "hours_plot": plots.columns(_("Taken hour by hour"), hours, full=1),
        "by_hour": _by_hour(hours, peaks),
        "peaks": peaks if usual.peak_hours else [],
        "peak_hours": [f"{hour:02}:00–{(hour + 1) % 24:02}:00" for hour in usual.peak_hours],
        "peaks_plot": plots.columns(_("Usually taken by hour of the day"), peaks),
    }


def _by_hour(hours: Sequence[PlotBar], peaks: Sequence[PlotBar]) -> list[tuple[str, str, str]]:
    usual = {bar.label: bar.shown for bar in peaks}
    return [(bar.label, bar.shown, usual.get(bar.label, "")) for bar in hours]


def _bar(label: str, share: float) -> PlotBar:
    return PlotBar(label, share, f"{round(100 * share)}%")
