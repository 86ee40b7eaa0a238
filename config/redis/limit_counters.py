"""The cache in which limits count, over Redis, with one question to it for each count."""

from typing import Any, Final

from django_redis.cache import RedisCache

_MOST_KNOWN: Final = 10_000


class LimitCounters(RedisCache):  # type: ignore[misc]  # the package has no types
    """Remembers which counters there are, so that counting does not begin by making one.

    The limiter asks to add a counter, and then to raise it. A counter that this process has added
    or seen is not asked for again: raising it makes it anew if it is gone.
    """

    _known: dict[str, Any] = {}  # noqa: RUF012 - of the process, as caches are of threads

    def add(self, key: str, value: Any, timeout: Any = None, **options: Any) -> bool:
        """Adds a counter. False where there is one, as far as this process knows."""
        if key in self._known:
            return False
        is_added = bool(super().add(key, value, timeout, **options))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = timeout
        return is_added

    def incr(self, key: str, delta: int = 1, **options: Any) -> int:
        """Raises a counter and returns it. Raises ValueError for one that never was added."""
        if key not in self._known:
            return int(super().incr(key, delta, **options))
        count = int(super().incr(key, delta, ignore_key_check=True, **options))
        if count == delta:
            # It was gone: Redis has started anew. What it made has no end yet.
            self.expire(key, self._known[key])
        return count
