"""The free slots of a seeded year. No two clients ever ask for the same one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd

from benchmarks import load

SLUG = "bench"
UNITS = 500
PATH = "/api/v1/reservations"
DAY = 24 * 60
STAY = 120
SKIPPED_DAYS = 10
"""Days at the beginning of the year that stay unused, so that a kept database serves
for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A seeded database: `rows` stays of `stay` minutes, `period` minutes apart on each unit."""

    rows: int
    units: int
    first_unit: int
    venue: int
    category: int
    base: datetime
    revision: int = 0
    stay: int = STAY
    key: str = ""

    @property
    def period(self) -> int:
        return period(self.rows, self.units)

    @property
    def in_gap(self) -> int:
        """How many stays fit between two seeded ones."""
        return (self.period - self.stay) // STAY

    @property
    def first_gap(self) -> int:
        return SKIPPED_DAYS * DAY // self.period + 1

    @property
    def slots(self) -> int:
        """How many stays can still be sold."""
        gaps = self.rows // self.units - self.first_gap
        return gaps * self.in_gap * self.units

    @property
    def stride(self) -> int:
        """A step that visits every slot once, in an order that no index likes."""
        return _stride(self.slots)

    def slot(self, number: int) -> tuple[int, datetime]:
        """Returns the unit and the start of the slot with this number, as create.sql does."""
        slot = number * self.stride % self.slots
        unit = self.first_unit + slot % self.units
        return unit, self._start(slot // self.units)

    def range(self, number: int) -> datetime:
        """Returns the start of a range in which every unit is free, another for each number."""
        ranges = self.slots // self.units
        return self._start(number * _stride(ranges) % ranges)

    def _start(self, place: int) -> datetime:
        gap, in_gap = divmod(place, self.in_gap)
        minutes = (self.first_gap + gap) * self.period + self.stay + STAY * in_gap
        return self.base + timedelta(minutes=minutes)


def period(rows: int, units: int) -> int:
    """Returns the minutes from one seeded stay of a unit to its next, over a year."""
    return 365 * DAY // max(rows // units, 1)


def _stride(size: int) -> int:
    """A step that visits every number below `size` once, far from the one before."""
    step = int(size * 0.618) | 1
    while gcd(step, size) > 1:
        step += 2
    return step


def half(rows: int, units: int) -> int:
    """Returns the length of stays, in minutes, that leaves a little more than half of the year
    free.
    """
    return period(rows, units) * 45 // 100


class Counter:
    """Hands out numbers of slots, one by one or in blocks."""

    def __init__(self) -> None:
        self.next = 0

    def block(self, size: int) -> int:
        """Returns the first of `size` numbers that nobody else gets."""
        first = self.next
        self.next += size
        return first


def creates(world: World, counter: Counter) -> Iterator[bytes]:
    """Yields requests to create, each for another slot."""
    while True:
        yield create(world, *world.slot(counter.block(1)))


def create(world: World, unit: int | None, start: datetime) -> bytes:
    """Returns a request to create two hours on a unit, or on any unit for None."""
    return load.request("POST", PATH, key=world.key, body=_body(world, unit, start))


def _body(world: World, unit: int | None, start: datetime) -> bytes:
    wish = {
        "venue": SLUG,
        "starts_at": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ends_at": (start + timedelta(minutes=STAY)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+31 20 123 4567",
        "email": "ada@example.com",
        "guest_count": 1,
    }
    which = {"category": "standard"} if unit is None else {"resource": str(unit)}
    return json.dumps({**wish, **which}).encode()
