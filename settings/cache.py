"""Cache and outer limit counters: in this process when embedded, Redis through REDIS_URL."""

from typing import Any

from settings.environment import text

REDIS_URL = text("REDIS_URL")


def _redis(prefix: str, *, ignore_errors: bool) -> dict[str, Any]:
    return {
        "BACKEND": "django_redis.cache.RedisCache",
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
        # A reader without cache is slow, not wrong, so its errors are ignored ...
        "default": _redis("holdfast", ignore_errors=True),
        # ... a limit without counters is another matter: its errors are seen by api/limits.py.
        "ratelimit": _redis("limits", ignore_errors=False),
    }
    if REDIS_URL
    # An answer that is remembered may be a megabyte, a counter is a few bytes.
    else {"default": _local("holdfast", 300), "ratelimit": _local("limits", 100_000)}
)

RATELIMIT_USE_CACHE = "ratelimit"
# In-process counters are exact where one process serves, which is what embedded means.
SILENCED_SYSTEM_CHECKS = [] if REDIS_URL else ["django_ratelimit.E003", "django_ratelimit.W001"]
