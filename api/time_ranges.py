"""Ranges of time in the reading operations: how they are received and how they are sent."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from api.schemas import Day, Instant, Schema, problems, to_z
from reservations.reports import occupancy
from reservations.requests import Times
from reservations.rules.guest_fields import LARGEST_PARTY, longest
from venues import models
from venues.hours import Window
from venues.models import Venue

ANSWERS = problems(400, 401, 404, 422)
"""The errors that the reading operations can give."""

Party = Annotated[int, Field(ge=1, le=LARGEST_PARTY)]
Category = Annotated[str, Field(max_length=longest("code", of=models.Category))]


class Range(Schema):
    """Instants, or the local dates of nights. All are optional."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    check_in: Day | None = None
    check_out: Day | None = None


class Steps(Schema):
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    step: Annotated[int, Field(ge=60, le=31_622_400)] | None = None


def times_of(asked: Range) -> Times:
    """Returns the requested times for the engine. Without a start, the range starts now."""
    return Times(
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        check_in=asked.check_in,
        check_out=asked.check_out,
        # A request without a start is that of a walk-in: from this moment on.
        from_now=True,
    )


def window_of(asked: Steps, now: datetime) -> Window:
    """Returns the requested range. By default it starts now and lasts one minute.

    Raises Invalid for a range that the reports do not accept.
    """
    start = asked.starts_at or now
    end = asked.ends_at or start + timedelta(minutes=1)
    window = Window(start, end)
    occupancy.judge(window)
    return window


def heading(venue: Venue) -> dict[str, str]:
    """Returns the members with which each of these documents begins."""
    return {"venue": venue.slug, "time_zone": venue.time_zone}


def told(window: Window) -> dict[str, str]:
    """Returns the document of a range. Instants are in UTC with `Z`."""
    return {"starts_at": to_z(window.start), "ends_at": to_z(window.end)}
