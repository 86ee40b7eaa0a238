"""Every rate limit of the API: one function and one sentence each.

State changes of one reservation: by default once a minute. The judge is the reservation's own
events, in the database, under its lock (reservations/pace.py). What stands here is the outer
gate, counted in the cache: it is read before the verb and counted after it took effect, so it can
refuse only what the judge would refuse, and a cache that is away refuses nothing.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from guests.callers import Caller
from reservations import clock, pace
from reservations.models import Reservation

log = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds for which a counter that did not answer is not asked again."""

T = TypeVar("T")

_paused_until = 0.0


def state_gate(request: HttpRequest, seen: Reservation, *, by: Caller) -> None:
    """Refuse early what is over the rate, sparing the database the lock. Raises RateLimited."""
    if not by.limits_apply:
        return
    usage = _guarded(lambda: _usage(request, seen, increment=False))
    if usage and usage["count"] >= usage["limit"]:
        # The rows say for how long; they are the judge here too.
        pace.judge(seen, pace=_pace(seen), by=by, now=clock.now())


def count_state_change(request: HttpRequest, changed: Reservation, *, by: Caller) -> None:
    """Count a change that took effect."""
    if by.limits_apply:
        _guarded(lambda: _usage(request, changed, increment=True))


def tell(response: HttpResponse, row: Reservation) -> None:
    """Tell the caller the rate, and what is left of it, as RateLimit headers do."""
    own = _pace(row)
    left, wait = pace.left(row, own, clock.now())
    response["RateLimit-Policy"] = f'"state";q={own.count};w={int(own.period.total_seconds())}'
    response["RateLimit"] = f'"state";r={left};t={wait}'


def _pace(row: Reservation) -> pace.Pace:
    return pace.of_venue(row.venue.policy.state_change_rate)


def _usage(request: HttpRequest, row: Reservation, *, increment: bool) -> dict[str, int] | None:
    own = _pace(row)
    usage: dict[str, int] | None = get_usage(
        request,
        group="state",
        key=lambda *_: str(row.pk),
        rate=lambda *_: (own.count, int(own.period.total_seconds())),
        increment=increment,
    )
    return usage


def _guarded(ask: Callable[[], T]) -> T | None:
    """The answer of the counters, or None while they are away."""
    global _paused_until
    if time.monotonic() < _paused_until:
        return None
    try:
        return ask()
    except (RedisError, ConnectionInterrupted, OSError) as error:
        _paused_until = time.monotonic() + PAUSE
        log.warning("Rate counters do not answer, going by the database alone: %s", error)
        return None
