"""Limits how often one reservation may change state."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from guests.callers import Caller
from reservations.errors import RateLimited
from reservations.models import Event, Reservation

SKEW = timedelta(seconds=5)
"""How far clocks of servers may differ. A change dated later was dated by a wrong clock."""

_PERIODS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `count` changes within any `period`."""

    count: int
    period: timedelta


def parse(text: str) -> Pace:
    """Reads `count/period`, such as `1/m` or `10/h`; periods are s, m, h and d.

    Raises ValueError, or KeyError for an unknown period.
    """
    count, period = text.split("/")
    return Pace(int(count), _PERIODS[period])


def of_venue(state_change_rate: str) -> Pace:
    """The venue's own rate, or that of the deployment when the text is empty."""
    return parse(state_change_rate or settings.STATE_CHANGE_RATE)


def judge(reservation: Reservation, *, pace: Pace, by: Caller, now: datetime) -> None:
    """Raises RateLimited when `count` changes were made within the last period.

    Assumes the reservation's lock. The venue's staff and the system are exempt. Raises RateLimited.
    """
    if not by.limits_apply_at(reservation.venue_id):
        return
    recent = _recent(reservation, pace, now).order_by("-recorded_at")
    times = list(recent.values_list("recorded_at", flat=True)[: pace.count])
    if len(times) >= pace.count:
        wait = min(times[-1] + pace.period - now, pace.period)
        raise RateLimited(wait, count=pace.count, period=pace.period)


def left(reservation: Reservation, pace: Pace, now: datetime) -> tuple[int, int]:
    """How many changes are left at `now`, and in how many seconds (rounded up) the next is allowed.

    The seconds are 0 when no change was made within the period.
    """
    recent = _recent(reservation, pace, now).order_by("recorded_at")
    times = list(recent.values_list("recorded_at", flat=True))
    wait = min(times[0] + pace.period - now, pace.period) if times else timedelta(0)
    return max(0, pace.count - len(times)), -(-wait // timedelta(seconds=1))


def judge_rate(reservation: Reservation, *, by: Caller, now: datetime) -> None:
    """Judges a change by the rate of the reservation's venue.

    Assumes the reservation's lock. Raises RateLimited.
    """
    own = of_venue(reservation.venue.policy.state_change_rate)
    judge(reservation, pace=own, by=by, now=now)


def _recent(reservation: Reservation, pace: Pace, now: datetime) -> QuerySet[Event]:
    """The limited changes of the last period, without those that a wrong clock dated later."""
    since, until = now - pace.period, now + SKEW
    return reservation.events.filter(is_limited=True, recorded_at__gt=since, recorded_at__lte=until)
