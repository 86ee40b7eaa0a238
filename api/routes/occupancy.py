"""How full a venue is, was and usually is."""

from datetime import timedelta
from typing import Any

import ninja
from django.http import HttpResponse
from ninja import Query, Router

from api import replies
from api.auth import OPTIONAL, KnownRequest
from api.replies import reply
from api.schemas import InstantOut
from api.time_ranges import ANSWERS, Steps, heading, told, window_of
from reservations import clock, records
from reservations.reports import occupancy
from venues.hours import Window

router = Router(tags=["venues"])

STATS_DAYS = 90
"""Days of the past that the statistics cover by default."""


class OccupancyStep(ninja.Schema):
    """Shares of the units' time that is taken, from 0 to 1."""

    starts_at: InstantOut
    ends_at: InstantOut
    rate: float
    floors: dict[str, float]
    categories: dict[str, float]


class OccupancyOut(ninja.Schema):
    venue: str
    time_zone: str
    items: list[OccupancyStep]


@router.get(
    "/{slug:slug}/occupancy",
    operation_id="getOccupancy",
    auth=OPTIONAL,
    response={200: OccupancyOut, **ANSWERS},
)
def read_occupancy(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """Tell the share of the units' time that is taken: in total, by floor and by category.

    Without a range, at this moment.
    """
    venue, now = records.find_venue(slug), clock.now()
    step = timedelta(seconds=asked.step) if asked.step else None
    window = window_of(asked, now)

    def document() -> dict[str, Any]:
        steps = occupancy.over(venue, window, step, now=now)
        return {**heading(venue), "items": [_occupancy(step) for step in steps]}

    if asked.starts_at is None:
        # The answer for this moment cannot be reused.
        return reply(document())
    return replies.answer(request, asked, venue, now, document)


class StatsOut(ninja.Schema):
    """Statistics in the venue's time zone, by default of the last 90 days.

    `by_hour` and `by_weekday` (0 is Monday) are hours taken, summed over all units. `peak_hours`
    are the fullest hours. `no_show_share` is the share of guests who did not come.
    """

    venue: str
    time_zone: str
    starts_at: InstantOut
    ends_at: InstantOut
    reservations: int
    peak_hours: list[int]
    by_hour: dict[str, float]
    by_weekday: dict[str, float]
    no_show_share: float | None


@router.get(
    "/{slug:slug}/stats",
    operation_id="getVenueStats",
    auth=OPTIONAL,
    response={200: StatsOut, **ANSWERS},
)
def read_stats(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """Tell the peak hours, the use by hour and weekday, and the share of no-shows."""
    venue, now = records.find_venue(slug), clock.now()
    window = Window(
        asked.starts_at or (asked.ends_at or now) - timedelta(days=STATS_DAYS),
        asked.ends_at or now,
    )

    def document() -> dict[str, Any]:
        found = occupancy.stats(venue, window, now=now)
        return {**heading(venue), **told(found.window), **stats_of(found)}

    return replies.answer(request, asked, venue, now, document)


def stats_of(found: occupancy.Stats) -> dict[str, Any]:
    """Returns the members of a statistics document, besides venue and range."""
    return {
        "reservations": found.reservations,
        "peak_hours": found.peak_hours,
        "by_hour": {str(hour): share for hour, share in found.by_hour.items()},
        "by_weekday": {str(day): share for day, share in found.by_weekday.items()},
        "no_show_share": found.no_show_share,
    }


def _occupancy(step: occupancy.OccupancyAt) -> dict[str, Any]:
    return {
        **told(step.window),
        "rate": step.taken,
        "floors": {str(floor): share for floor, share in step.by_floor.items()},
        "categories": step.by_category,
    }
