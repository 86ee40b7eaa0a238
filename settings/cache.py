"""The cache and the counters of limits: in memory when embedded, in Redis with REDIS_URL."""

from typing import Any

from settings.environment import text

REDIS_URL = text("REDIS_URL")


def _redis(
    prefix: str, *, ignore_errors: bool, backend: str = "django_redis.cache.RedisCache"
) -> dict[str, Any]:
    return {
        "BACKEND": backend,
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": prefix,
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 0.2,
            "SOCKET_TIMEOUT": 0.2,
            "IGNORE_EXCEPTIONS": ignore_errors,
        },
    }


def _local(name: str, entries: int) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": name,
        "OPTIONS": {"MAX_ENTRIES": entries},
    }


CACHES = (
    {
        # Without a cache, reading is slower and still right, so errors are ignored ...
        "default": _redis("holdfast", ignore_errors=True),
        # ... but a limit needs its counters: api/limits.py handles these errors.
        "ratelimit": _redis(
            "limits", ignore_errors=False, backend="config.redis.limit_counters.LimitCounters"
        ),
    }
    if REDIS_URL
    # An answer may take a megabyte, a counter takes a few bytes.
    else {"default": _local("holdfast", 300), "ratelimit": _local("limits", 100_000)}
)

RATELIMIT_USE_CACHE = "ratelimit"
# Counters in memory are exact with one process. Embedded, there is only one.
SILENCED_SYSTEM_CHECKS = [] if REDIS_URL else ["django_ratelimit.E003", "django_ratelimit.W001"]
