"""Clients who are released at one instant, and what each of them asked and was answered."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from random import randrange
from threading import Barrier
from typing import Any

from tests.faults.fleet import wait_until
from tests.faults.guests import Answer, Guests


@dataclass(slots=True, kw_only=True)
class Call:
    """One request. `mark` stands in the remarks of the `count` reservations it makes.

    `about` is the reservation it changes, `person` who asks where it is no administrator, and
    `at` the moment before which it is not sent, as `time.time()` counts.
    """

    verb: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    about: int | None = None
    mark: str = ""
    count: int = 0
    person: dict[str, str] | None = None
    at: float = 0.0
    answer: Answer = field(default_factory=Answer)

    @property
    def is_done(self) -> bool:
        """The answer says that it took effect. A form leads on, or is shown again."""
        return self.answer.status in ((302,) if isinstance(self.body, str) else (200, 201, 204))

    @property
    def is_unknown(self) -> bool:
        """Nobody can tell from the answer whether it took effect."""
        return self.answer.status in (None, 503)

    @property
    def made(self) -> list[int]:
        """The ids of the reservations in the answer."""
        if self.answer.status != 201:
            return []
        return [int(one["id"]) for one in self.answer.body.get("items", [self.answer.body])]


def send(port: int, call: Call) -> Call:
    """Sends a call once its moment has come, and keeps the answer."""
    time.sleep(max(call.at - time.time(), 0))
    guests = Guests(port, {"token": ""})
    call.answer = guests.ask(call.method, call.path, call.body, **call.headers)
    return call


def send_until_done(port: int, call: Call) -> Call:
    """Sends a call, which has a key, as often as it takes to get an answer: that it was done."""
    wait_until(lambda: not send(port, call).is_unknown)
    assert call.is_done, call
    return call


def release(port: int, calls: Sequence[Call], strike: Callable[[], object]) -> None:
    """Sends all calls at one instant, each from a client of its own.

    After a random number of answers `strike` is called, while the others are under way.
    """
    gate = Barrier(len(calls))

    def client(call: Call) -> None:
        gate.wait()
        send(port, call)

    with ThreadPoolExecutor(len(calls)) as clients:
        asked = [clients.submit(client, call) for call in calls]
        for _ in islice(as_completed(asked), randrange(len(calls))):
            pass
        strike()
    for one in asked:
        one.result()
