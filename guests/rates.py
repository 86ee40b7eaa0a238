"""What a rate leaves: so many of so many, and how long until there are more."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

_PERIODS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`used` of `limit` in this `period`, which begins anew after `wait`."""

    limit: int
    period: timedelta
    used: int
    wait: timedelta

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_overdrawn(self) -> bool:
        """Whether the last one counted was one too many."""
        return self.used > self.limit

    @property
    def retry_after(self) -> int:
        """Whole seconds, rounded up: whoever comes back after so many is not too early."""
        return max(1, ceil(self.wait.total_seconds()))


def read_rate(rate: str) -> tuple[int, timedelta]:
    """`20/m` as a number and a period; settings have judged that it can be read."""
    count, _, unit = rate.partition("/")
    return int(count), _PERIODS[unit]
