"""Every rate limit of the API: one function and one sentence each.

Failed log-ins of one address at one place: by default twenty a minute (guests/guessing.py).
Sign-ups from one place: by default 300 a minute. Of both, rows in the database are the only judge
(guests/tallies.py): they hash a password, which takes far longer.

State changes of one reservation: by default once a minute. The judge is the reservation's own
events, in the database, under its lock (reservations/pace.py). What stands here is the outer
gate, counted in the cache: it is read before the verb and counted after it took effect, so it can
refuse only what the judge would refuse, and a cache that is away refuses nothing.
"""

import logging
import time
from datetime import timedelta
from typing import TypedDict

from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from guests import accounts
from guests.addresses import address_of
from guests.callers import Caller
from guests.rates import Allowance
from reservations import clock
from reservations.limits import state_changes
from reservations.models import Reservation

log = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds for which counters that did not answer are not asked again: a cache that hangs would
otherwise cost every request its timeout."""


class Usage(TypedDict):
    """How many of `limit` were counted in this window, which ends in `time_left` seconds."""

    count: int
    limit: int
    time_left: int


class _Breaker:
    def __init__(self) -> None:
        self.closed_until = 0.0


_breaker = _Breaker()


def usage(
    request: HttpRequest, *, group: str, key: str, rate: str, increment: bool
) -> Usage | None:
    """What is counted for `key`, one more with `increment`; None while the cache is away."""
    if time.monotonic() < _breaker.closed_until:
        return None
    try:
        counted: Usage | None = get_usage(
            request, group=group, key=lambda *_: key, rate=rate, increment=increment
        )
    except (RedisError, ConnectionInterrupted, OSError) as error:
        _breaker.closed_until = time.monotonic() + PAUSE
        log.warning("Counters of %s cannot be reached: %s", group, type(error).__name__)
        return None
    return counted


def state_gate(request: HttpRequest, seen: Reservation, *, by: Caller) -> None:
    """Refuse early what is over the rate, sparing the database the lock. Raises RateLimited."""
    if not by.limits_apply:
        return
    usage = _usage(request, seen, increment=False)
    if usage and usage["count"] >= usage["limit"]:
        # The rows say for how long; they are the judge here too.
        state_changes.judge(seen, pace=_pace(seen), by=by, now=clock.now())


def count_state_change(request: HttpRequest, changed: Reservation, *, by: Caller) -> None:
    """Count a change that took effect."""
    if by.limits_apply:
        _usage(request, changed, increment=True)


def tell(response: HttpResponse, row: Reservation, *, by: Caller) -> None:
    """Tell a caller with a rate what it is, and what is left of it, as RateLimit headers do."""
    if not by.limits_apply:
        return
    own = _pace(row)
    left, wait = state_changes.left(row, own, clock.now())
    told = headers("state", own.count, own.period, left=left, wait=wait)
    for name, value in told.items():
        response[name] = value


def sign_up_gate(request: HttpRequest) -> dict[str, str]:
    """Count a sign-up from this place and tell what is left. Raises TooManySignUps."""
    return of_allowance("sign-up", accounts.count_sign_up(address_of(request)))


def of_allowance(name: str, allowance: Allowance) -> dict[str, str]:
    """What is left of a rate that rows count, as headers."""
    return headers(
        name,
        allowance.limit,
        allowance.period,
        left=allowance.left,
        wait=allowance.retry_after,
    )


def headers(name: str, count: int, period: timedelta, *, left: int, wait: int) -> dict[str, str]:
    """A rate and what is left of it, in the words of the RateLimit header fields."""
    return {
        "RateLimit-Policy": f'"{name}";q={count};w={int(period.total_seconds())}',
        "RateLimit": f'"{name}";r={left};t={wait}',
    }


def _pace(row: Reservation) -> state_changes.Pace:
    return state_changes.of_venue(row.venue.policy.state_change_rate)


def _usage(request: HttpRequest, row: Reservation, *, increment: bool) -> Usage | None:
    own = _pace(row)
    rate = f"{own.count}/{int(own.period.total_seconds())}s"
    return usage(request, group="state", key=str(row.pk), rate=rate, increment=increment)
