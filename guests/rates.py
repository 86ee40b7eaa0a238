"""Rates: how many of something are allowed in a period, and what is left."""

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
    """`used` of `limit` in this `period`. The next period begins after `wait`."""

    limit: int
    period: timedelta
    used: int
    wait: timedelta

    @property
    def left(self) -> int:
        """How many are left, at least 0."""
        return max(0, self.limit - self.used)

    @property
    def is_overdrawn(self) -> bool:
        """True when the last one counted was one too many."""
        return self.used > self.limit

    @property
    def retry_after(self) -> int:
        """Seconds until the next period begins, rounded up; at least 1."""
        return max(1, ceil(self.wait.total_seconds()))


def is_limited(rate: str) -> bool:
    """False for the rate `0`, which is none."""
    return rate != "0"


def read_rate(rate: str) -> tuple[int, timedelta]:
    """Reads a rate such as `20/m` as a number and a period.

    Assumes that settings have checked it.
    """
    count, _, unit = rate.partition("/")
    return int(count), _PERIODS[unit]
