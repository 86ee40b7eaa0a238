"""The rate limits of the API.

Failed log-ins of one e-mail address from one network: by default twenty a minute
(guests/log_in_limit.py). Sign-ups from one network: by default 300 a minute. Rows in the database
count both (guests/rate_counters.py), because each attempt hashes a password, which takes far
longer.

Requests of one partner: by default 6,000 a minute, counted in the cache only.

State changes of one reservation: by default once a minute. The reservation's own events decide, in
the database, under its lock (reservations/limits/state_changes.py). This module only adds a gate in
front, which counts in the cache. It reads the counter before the verb and counts after the verb
took effect, so it refuses only what the events would refuse. If the cache cannot be reached, it
refuses nothing.
"""

import logging
import time
from datetime import timedelta
from typing import TypedDict

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from guests import accounts
from guests.addresses import address_of
from guests.callers import Caller
from guests.errors import TooManyOfPartner
from guests.rates import Allowance, is_limited, read_rate
from reservations import clock
from reservations.limits import state_changes
from reservations.models import Reservation

log = logging.getLogger(__name__)

_PARTNER_LEFT = "holdfast.partner_left"

PAUSE = 5.0
"""Seconds for which the cache is not asked again after it failed. A cache that hangs would
otherwise cost every request its timeout."""


class Usage(TypedDict):
    """`count` of `limit` in the current window, which ends in `time_left` seconds."""

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
    """Returns the count for `key`, raised by one with `increment`. None while the cache is away.

    `rate` is such as "1/60s".
    """
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
    """Refuses a state change above the rate before the database takes a lock. Raises
    RateLimited.
    """
    if not by.limits_apply_at(seen.venue_id):
        return
    usage = _usage(request, seen, increment=False)
    if usage and usage["count"] >= usage["limit"]:
        # The events say how long to wait. They decide here too.
        state_changes.judge(seen, pace=_pace(seen), by=by, now=clock.now())


def count_state_change(request: HttpRequest, changed: Reservation, *, by: Caller) -> None:
    """Counts a state change that took effect."""
    if by.limits_apply_at(changed.venue_id):
        _usage(request, changed, increment=True)


def tell(response: HttpResponse, row: Reservation, *, by: Caller) -> None:
    """Adds RateLimit headers to the response: the rate and what is left. Does nothing for callers
    without limits.
    """
    if not by.limits_apply_at(row.venue_id):
        return
    own = _pace(row)
    left, wait = state_changes.left(row, own, clock.now())
    told = headers("state", own.count, own.period, left=left, wait=wait)
    for name, value in told.items():
        response[name] = value


def partner_gate(request: HttpRequest, partner: Caller) -> None:
    """Counts a request of a partner. Raises TooManyOfPartner above the partner's rate.

    Keeps what is left on the request, for the headers of its answer. Counts nothing while the
    cache is away.
    """
    rate = partner.rate or settings.PARTNER_RATE
    if not is_limited(rate):
        return
    count, period = read_rate(rate)
    window = f"{count}/{int(period.total_seconds())}s"
    counted = usage(
        request, group="partner", key=partner.partner or "", rate=window, increment=True
    )
    if counted is None:
        return
    wait = timedelta(seconds=counted["time_left"])
    allowance = Allowance(limit=count, period=period, used=counted["count"], wait=wait)
    request.META[_PARTNER_LEFT] = allowance
    if allowance.is_overdrawn:
        raise TooManyOfPartner(allowance)


def tell_partner(request: HttpRequest, response: HttpResponse) -> None:
    """Adds the RateLimit headers of a partner's rate, where no closer rate has set them."""
    allowance = request.META.get(_PARTNER_LEFT)
    if allowance is not None and "RateLimit" not in response:
        for name, value in of_allowance("partner", allowance).items():
            response[name] = value


def sign_up_gate(request: HttpRequest) -> dict[str, str]:
    """Counts a sign-up from this network and returns the RateLimit headers. Raises
    TooManySignUps.
    """
    return of_allowance("sign-up", accounts.count_sign_up(address_of(request)))


def of_allowance(name: str, allowance: Allowance) -> dict[str, str]:
    """Returns the RateLimit headers of a rate that the database counts."""
    return headers(
        name,
        allowance.limit,
        allowance.period,
        left=allowance.left,
        wait=allowance.retry_after,
    )


def headers(name: str, count: int, period: timedelta, *, left: int, wait: int) -> dict[str, str]:
    """Returns the RateLimit headers: `count` in each `period`, `left` of them now, more in `wait`
    seconds.
    """
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
