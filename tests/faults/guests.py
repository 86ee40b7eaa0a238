"""Guests who book without pause, and remember each answer word for word."""

import http.client
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from tests.faults.fleet import Fleet, wait_until
from tests.faults.servers import OwnPostgres

WAIT = 30.0
HOURS = 24 * 20
SAMPLE = 60
"""Answers that are asked for again; in each test of a fault, so over time all sorts of them."""


@dataclass
class Answer:
    """What came back; without status where nothing did."""

    status: int | None = None
    body: dict[str, Any] = field(default_factory=dict)
    # Found however their names are written: a proxy, and some servers, write them small.
    headers: http.client.HTTPMessage = field(default_factory=http.client.HTTPMessage)


@dataclass
class Wish:
    """One booking that is wanted, under a key of its own, which stands in its remarks as well."""

    key: str
    body: dict[str, Any]
    answer: Answer


class Guests:
    """Of one venue; those who book at once do so on threads, each its own connection."""

    def __init__(self, port: int, world: dict[str, Any]) -> None:
        self.port = port
        self.world = world
        self.wishes: list[Wish] = []
        self._stop = threading.Event()

    @contextmanager
    def booking(self, threads: int = 8) -> Iterator[None]:
        """While this lasts, they book; after it each has had an answer, or the lack of one."""
        every = [threading.Thread(target=self._book) for _ in range(threads)]
        for one in every:
            one.start()
        try:
            yield
        finally:
            self._stop.set()
            for one in every:
                one.join()

    def wait_for(self, more: int) -> None:
        """Until so many more bookings have been answered with 201."""
        wanted = len(self.booked()) + more
        wait_until(lambda: len(self.booked()) >= wanted)

    def wait_for_unsure(self, more: int) -> None:
        """Until so many more have not been told whether they booked."""
        wanted = len(self.unsure()) + more
        wait_until(lambda: len(self.unsure()) >= wanted)

    def booked(self) -> list[Wish]:
        return [wish for wish in list(self.wishes) if wish.answer.status == 201]

    def unsure(self) -> list[Wish]:
        """Those who cannot know: nothing came back, or that the service was away."""
        return [wish for wish in list(self.wishes) if wish.answer.status in (None, 503)]

    def statuses(self) -> set[int | None]:
        return {wish.answer.status for wish in self.wishes}

    def wish(self) -> Wish:
        start = timezone.now().replace(minute=0, second=0, microsecond=0)
        start += timedelta(hours=24 + random.randrange(HOURS))
        key = uuid4().hex
        body = {
            "venue": self.world["venue"],
            "resource": random.choice(self.world["units"]),
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(hours=1)).isoformat(),
            "first_name": "Ada",
            "last_name": "Lovelace",
            "phone": "+31201234567",
            "guest_count": 1,
            "remarks": key,
        }
        return Wish(key, body, Answer())

    def send(self, wish: Wish) -> Answer:
        return self.ask("POST", "/api/v1/reservations", wish.body, **{"Idempotency-Key": wish.key})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """The answer to one request; an empty one where the connection ended without.

        `body` is sent as JSON, or as it is if it is text.
        """
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        sent = {"Authorization": f"Bearer {self.world['token']}", **headers}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        is_raw = body is None or isinstance(body, str)
        try:
            line.request(method, path, body if is_raw else json.dumps(body), sent)
            came = line.getresponse()
            text = came.read()
            # A proxy's own answer is no JSON; its status is told to the test all the same.
            is_json = "json" in came.getheader("Content-Type", "")
            return Answer(came.status, json.loads(text) if is_json and text else {}, came.headers)
        except (http.client.HTTPException, OSError):
            return Answer()
        finally:
            line.close()

    def _book(self) -> None:
        while not self._stop.is_set():
            wish = self.wish()
            wish.answer = self.send(wish)
            self.wishes.append(wish)
            if wish.answer.status in (None, 503):
                # Nobody asks a thousand times a second for what is away.
                self._stop.wait(0.2)


def judge(guests: Guests, database: OwnPostgres) -> dict[str, int]:
    """Hold every answer against the database, and every key against a repeat. Returns counts."""
    refused = {wish.key for wish in guests.wishes if wish.answer.status == 409}
    made = kept(database)
    for wish in guests.booked():
        assert made.get(wish.key) == [int(wish.answer.body["id"])]
    assert not refused & made.keys()
    unsure = guests.unsure()
    in_doubt = sum(wish.key in made for wish in unsure)
    for wish in _some(guests.booked()):
        repeated = guests.send(wish)
        assert (repeated.status, repeated.body) == (201, wish.answer.body)
    # All that may have been made, some of what was not.
    for wish in [one for one in unsure if one.key in made] + _some(unsure):
        assert guests.send(wish).status in (201, 409)
    after = kept(database)
    assert all(len(ids) == 1 for ids in after.values())
    # Those that were there before the repeats are the same ones.
    assert made.items() <= after.items()
    assert database.rows(OVERLAPS) == []
    return {
        "asked": len(guests.wishes),
        "booked": len(guests.booked()),
        "refused": len(refused),
        "unsure": len(unsure),
        "unsure and made": in_doubt,
    }


def _some(wishes: list[Wish]) -> list[Wish]:
    return random.sample(wishes, min(len(wishes), SAMPLE))


def kept(database: OwnPostgres) -> dict[str, list[int]]:
    """Reservations by the key they were made under."""
    found = database.rows(
        "SELECT remarks, array_agg(id) AS ids FROM reservations_reservation"
        " WHERE remarks <> '' GROUP BY remarks"
    )
    return {row["remarks"]: row["ids"] for row in found}


OVERLAPS = """
SELECT one.id FROM reservations_allocation AS one JOIN reservations_allocation AS other
ON one.resource_id = other.resource_id AND one.id < other.id AND one.is_live AND other.is_live
AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at
"""


def fresh(fleet: Fleet, by: str = "api", **lot: Any) -> Guests:
    """Guests of a lot of their own."""
    given = ", ".join(f"{name}={value!r}" for name, value in lot.items())
    return Guests(fleet.ports[by], fleet.world(f"lot({given})"))
