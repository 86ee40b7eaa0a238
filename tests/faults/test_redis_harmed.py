"""Redis away, silent, slow and empty during bookings: none fails, no limit loosens, all is told."""

import json
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.faults.fleet import Fleet, wait_until
from tests.faults.guests import Guests, fresh, judge

BOOKINGS = int(os.environ.get("REDIS_BOOKINGS", "15"))
AWAY = float(os.environ.get("REDIS_AWAY_SECONDS", "4"))
"""Over how many seconds the bookings are spread while Redis is stopped."""
Harm = Callable[[Fleet], AbstractContextManager[None]]


@contextmanager
def stopped(fleet: Fleet) -> Iterator[None]:
    """Refuses connections; and when it is back, it has forgotten everything."""
    fleet.redis.stop()
    yield
    fleet.redis.start()


@contextmanager
def silent(fleet: Fleet) -> Iterator[None]:
    """Accepts, and never answers."""
    fleet.redis.pause()
    yield
    fleet.redis.resume()


@contextmanager
def slow(fleet: Fleet) -> Iterator[None]:
    """Answers, a second late."""
    with fleet.line.slow(1.0):
        yield


@pytest.mark.parametrize("harm", [stopped, silent, slow])
def test_bookings_go_on_limits_hold_and_every_event_goes_out_afterwards(
    fleet: Fleet, harm: Harm, report: Callable[[object], None]
) -> None:
    guests, changing = fresh(fleet), fresh(fleet, confirms_at_once=False, state_change_rate="1/m")
    usual = [book(guests) for _ in range(BOOKINGS)]
    with harm(fleet):
        harmed = list(book_for(AWAY if harm is stopped else 0, guests))
        change_twice(changing)
    book(guests)
    change_twice(changing)
    fleet.finish_tasks("config.tasks.dispatch_events")
    assert guests.statuses() == {201}
    judge(guests, fleet.postgres)
    assert waiting(fleet) == 0
    assert set(Counter(handed_on(fleet)).values()) == {1}
    median, slowest = statistics.median, max
    report({"usual": (median(usual), slowest(usual)), "harmed": (median(harmed), slowest(harmed))})


def test_the_api_starts_without_redis_says_so_and_books(fleet: Fleet) -> None:
    with stopped(fleet):
        fleet.launch("second")
        guests = fresh(fleet, "second")
        wait_until(lambda: guests.ask("GET", "/healthz").status == 200)
        said = guests.ask("GET", "/readyz")
        assert said.status == 503 and "cache" in json.dumps(said.body)
        book(guests)
    assert guests.ask("GET", "/readyz").status == 200
    fleet.kill("second")
    assert guests.statuses() == {201}


def book(guests: Guests) -> float:
    """One booking, and the seconds that it took."""
    wish = guests.wish()
    while any(_alike(wish.body, one.body) for one in guests.wishes):
        wish = guests.wish()
    began = time.monotonic()
    wish.answer = guests.send(wish)
    guests.wishes.append(wish)
    return time.monotonic() - began


def book_for(seconds: float, guests: Guests) -> Iterator[float]:
    """So many bookings, one after the other, that are not over before so many seconds."""
    began = time.monotonic()
    for number in range(1, BOOKINGS + 1):
        yield book(guests)
        time.sleep(max(began + number * seconds / BOOKINGS - time.monotonic(), 0))


def change_twice(guests: Guests) -> None:
    """One change of a reservation's state is made, another within the minute is refused."""
    book(guests)
    row = f"/api/v1/reservations/{guests.booked()[-1].answer.body['id']}"
    assert guests.ask("POST", f"{row}/confirm", {}).status == 200
    refused = guests.ask("POST", f"{row}/cancel", {})
    assert (refused.status, refused.body["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def waiting(fleet: Fleet) -> int:
    query = "SELECT id FROM reservations_event WHERE dispatched_at IS NULL"
    return len(fleet.postgres.rows(query))


def handed_on(fleet: Fleet) -> list[str]:
    """Events as the worker's log tells them, once for each time one was handed on."""
    return re.findall(r"event_id=(\d+)", fleet.log("worker"))


def _alike(one: dict[str, str], other: dict[str, str]) -> bool:
    return (one["resource"], one["starts_at"]) == (other["resource"], other["starts_at"])
