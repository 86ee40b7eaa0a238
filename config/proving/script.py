"""An endless sequence of random calls. The same seed gives the same calls."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from venues.hours import Window

WEIGHTS = {
    "hold": 26,
    "hold a unit": 12,
    "hold together": 8,
    "hold a group": 8,
    "walk in": 6,
    "confirm": 22,
    "modify": 10,
    "move to a unit": 4,
    "swap units": 4,
    "cancel": 7,
    "check in": 12,
    "check out": 8,
    "complete": 2,
    "confirm a group": 4,
    "cancel a group": 2,
    "check a group in": 4,
    "check a group out": 3,
    "undo check-in": 4,
    "undo check-out": 5,
    "reinstate": 7,
    "enter a stay": 2,
    "release the rest": 4,
    "adjust the price": 3,
    "waive the fee": 2,
    "close": 3,
    "reopen": 3,
    "sweep": 2,
    "look": 3,
}
"""How often each verb is called, as a share of the sum. `confirm at the edge` follows
some holds."""

STEP = timedelta(milliseconds=500)
AHEAD = 20
LONGEST = 8
"""Ranges start on a grid of STEP, at most AHEAD steps ahead, and last at most this many steps."""
EDGE = timedelta(milliseconds=50)
"""How far from the end of a hold a client tries to confirm it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call to make. `pick` chooses among units or reservations, from 0 to 1. `edge`
    is an offset.
    """

    verb: str
    category: str
    ahead: int
    length: int
    party: int
    count: int
    pick: float
    edge: timedelta | None

    def window(self, now: datetime) -> Window:
        """Returns the range of the call, on the grid that all clients share."""
        since = now.timestamp() // STEP.total_seconds()
        begin = datetime.fromtimestamp(since * STEP.total_seconds(), now.tzinfo)
        start = begin + (self.ahead + 2) * STEP
        return Window(start, start + self.length * STEP)


def steps(seed: int, client: int) -> Iterator[Step]:
    """Yields the calls of this client, one after the other, without end."""
    dice = random.Random(f"{seed}/{client}")  # noqa: S311 - to be had again, not to be secret
    verbs, weights = list(WEIGHTS), list(WEIGHTS.values())
    while True:
        (verb,) = dice.choices(verbs, weights)
        yield Step(
            verb=verb,
            category=dice.choice(("room", "room", "table")),
            ahead=dice.randrange(AHEAD),
            length=dice.randint(1, LONGEST),
            party=dice.randint(1, 2),
            count=dice.randint(2, 3),
            pick=dice.random(),
            edge=EDGE * dice.uniform(-1, 1) if dice.random() < 0.5 else None,
        )
