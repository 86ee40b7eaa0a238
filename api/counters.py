"""Counters in the cache for limits: what they say, or None while they cannot be reached."""

import logging
import time
from typing import TypedDict

from django.http import HttpRequest
from django_ratelimit.core import get_usage
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

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
