"""A provider whose calls break off before they are made, or after they were carried out."""

import random
from collections.abc import Callable
from typing import Any

from payments.providers.fake import Fake
from payments.providers.protocol import Order, Reading, Started, Unreachable


class Crash(Exception):  # noqa: N818 - a process that ends, not a fault
    """The process ended here."""


class Chance:
    """Ends a call in some of the cases, until it is told to stop."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.is_on = True

    def may_end(self) -> None:
        if self.is_on and self.random.random() < 0.12:
            raise self.random.choice([Crash, Unreachable])


class Crashing(Fake):
    """The fake, cut off at random. `chance` is of the race that runs."""

    chance = Chance(0)

    def start(self, order: Order) -> Started:
        return super().start(order)

    def read(self, ref: str) -> Reading:
        return self._cut(lambda: super(Crashing, self).read(ref))

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        return self._cut(
            lambda: super(Crashing, self).capture(ref, amount_minor=amount_minor, key=key)
        )

    def void(self, ref: str, *, key: str) -> Reading:
        return self._cut(lambda: super(Crashing, self).void(ref, key=key))

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        return self._cut(
            lambda: super(Crashing, self).refund(ref, amount_minor=amount_minor, key=key)
        )

    def _cut(self, call: Callable[[], Any]) -> Any:
        self.chance.may_end()
        told = call()
        self.chance.may_end()
        return told
