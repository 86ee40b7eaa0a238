"""How often one reservation may change state."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from guests.callers import Caller
from reservations.errors import RateLimited
from reservations.models import Reservation

_PERIODS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `count` changes in any `period`."""

    count: int
    period: timedelta


def parse(text: str) -> Pace:
    """The pace that `count/period` means: `1/m`, `10/h`."""
    count, period = text.split("/")
    return Pace(int(count), _PERIODS[period])


def of_venue(state_change_rate: str) -> Pace:
    """A venue's own pace, or the one the deployment sets."""
    return parse(state_change_rate or settings.STATE_CHANGE_RATE)


def judge(reservation: Reservation, *, pace: Pace, by: Caller, now: datetime) -> None:
    """Refuse a change that comes too soon after the last ones.

    Assumes the reservation's lock. Staff and system are exempt. Raises RateLimited.
    """
    if not by.limits_apply:
        return
    recent = reservation.events.filter(is_limited=True, recorded_at__gt=now - pace.period)
    times = list(
        recent.order_by("-recorded_at").values_list("recorded_at", flat=True)[: pace.count]
    )
    if len(times) >= pace.count:
        wait = times[-1] + pace.period - now
        raise RateLimited(wait, count=pace.count, period=pace.period)


def left(reservation: Reservation, pace: Pace, now: datetime) -> tuple[int, int]:
    """How many changes are left now, and in how many seconds (rounded up) one more is."""
    recent = reservation.events.filter(is_limited=True, recorded_at__gt=now - pace.period)
    times = list(recent.order_by("recorded_at").values_list("recorded_at", flat=True))
    wait = times[0] + pace.period - now if times else timedelta(0)
    return max(0, pace.count - len(times)), -(-wait // timedelta(seconds=1))


def judge_rate(reservation: Reservation, *, by: Caller, now: datetime) -> None:
    own = of_venue(reservation.venue.policy.state_change_rate)
    judge(reservation, pace=own, by=by, now=now)
