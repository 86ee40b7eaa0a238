"""Webhooks while their senders are killed and Redis is away: none is lost."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.faults.fleet import Fleet, wait_until
from tests.hooks.receiver import Received, Receiver, receiving, says

ENDPOINTS = 4
DELIVERIES = 500
KILLS = 10
AT_ONCE = 3
"""Tried at once to an endpoint, by all workers together (hooks.sender)."""
SENDERS = ("sender", "second_sender")
GOOD, SLOW = 20, 30
AWAY = float(os.environ.get("REDIS_AWAY_SECONDS", "4"))
"""Seconds without Redis."""
_EXPIRED = """
SELECT count(*) AS expired FROM reservations_reservation AS row
JOIN venues_venue AS venue ON venue.id = row.venue_id
WHERE venue.slug = %s AND row.expired_at IS NOT NULL
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        found.answer = after_a_while
        yield found


def after_a_while(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.02)
    says(204)(handler)


def after_longer(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.1)
    says(204)(handler)


def start(fleet: Fleet, name: str, *, lease: float) -> None:
    fleet.send(name, "webhook", lease=lease)


def waiting(fleet: Fleet) -> int:
    (row,) = fleet.postgres.rows(
        "SELECT count(*) AS waiting FROM notices_delivery WHERE channel = 'webhook' "
        "AND done_at IS NULL"
    )
    return int(row["waiting"])


def claimed(fleet: Fleet) -> int:
    (row,) = fleet.postgres.rows(
        "SELECT count(*) AS claimed FROM notices_delivery WHERE claimed_by <> ''"
    )
    return int(row["claimed"])


def _done(fleet: Fleet) -> set[str]:
    rows = fleet.postgres.rows(
        "SELECT message_id FROM notices_delivery WHERE channel = 'webhook' AND done_at IS NOT NULL"
    )
    return {row["message_id"] for row in rows}


def webhook_id(got: Received) -> str:
    return got.headers["webhook-id"]


def counts(receiver: Receiver) -> Counter[str]:
    return Counter(map(webhook_id, list(receiver.got)))


@dataclass
class Kill:
    """What the receiver had got when a sender died, and the database did not know of as done."""

    on_the_way: set[str]
    """The receiver had not answered yet."""
    answered: set[str]
    """It had, and the sender had not recorded it."""


def killed(fleet: Fleet, receiver: Receiver, name: str, before: list[Kill]) -> Kill:
    """Kills a sender. What kills before this one have left unrecorded is theirs."""
    fleet.kill(name)
    got = list(receiver.got)
    known = _done(fleet).union(*(one.on_the_way | one.answered for one in before))
    on_the_way = {webhook_id(one) for one in got if not one.is_answered} - known
    answered = {webhook_id(one) for one in got if one.is_answered} - known
    return Kill(on_the_way, answered - on_the_way)


def test_two_senders_killed_ten_times_lose_none(
    fleet: Fleet, receiver: Receiver, report: Callable[[object], None]
) -> None:
    world = fleet.world(f"webhooks({ENDPOINTS}, {DELIVERIES}, {receiver.url()!r})")
    for name in SENDERS:
        start(fleet, name, lease=5)
    kills: list[Kill] = []
    for number in range(KILLS):
        least = (number + 1) * DELIVERIES // (KILLS + 2)
        wait_until(lambda least=least: len(counts(receiver)) >= least)  # type: ignore[misc]
        name = SENDERS[number % 2]
        kills.append(killed(fleet, receiver, name, kills))
        start(fleet, name, lease=5)
    wait_until(lambda: waiting(fleet) == 0)
    for name in SENDERS:
        fleet.kill(name)
    found = counts(receiver)
    assert set(found) == set(world["ids"])
    doubled = {name for name, count in found.items() if count > 1}
    on_the_way = sum(len(one.on_the_way) for one in kills)
    answered = sum(len(one.answered) for one in kills)
    doubles = sum(found.values()) - DELIVERIES
    report({"doubles": doubles, "on the way": on_the_way, "answered": answered, "kills": KILLS})
    # Each one fell between the request and its record, and nothing else came twice.
    assert doubled <= set().union(*(one.on_the_way | one.answered for one in kills))
    assert doubles <= on_the_way + answered
    # A result does not wait for others: beside what was on its way, few are lost with a process.
    assert answered <= KILLS * AT_ONCE
    verified(world, receiver)


def test_without_a_lease_two_senders_double_without_any_kill(
    fleet: Fleet, receiver: Receiver, report: Callable[[object], None]
) -> None:
    """The control: claims that hold for no time are none. No kill explains these doubles."""
    receiver.answer = after_longer
    fleet.world(f"webhooks({ENDPOINTS}, 200, {receiver.url()!r})")
    for name in SENDERS:
        start(fleet, name, lease=0)
    wait_until(lambda: waiting(fleet) == 0)
    for name in SENDERS:
        fleet.kill(name)
    doubles = len(receiver.got) - len(counts(receiver))
    report({"doubles": doubles})
    assert doubles > 0


def test_webhooks_of_a_time_without_redis_arrive_afterwards(
    fleet: Fleet, receiver: Receiver
) -> None:
    world = fleet.world(f"subscriber({receiver.url()!r})")
    with delivering(fleet):
        book(fleet, world, 10)
        fleet.redis.stop()
        try:
            for _ in range(10):
                book(fleet, world, 1)
                time.sleep(AWAY / 10)
        finally:
            fleet.redis.start()
        book(fleet, world, 10)
        # What beat asks for, each minute and every five seconds.
        fleet.finish_tasks("config.tasks.dispatch_events")
        fleet.run_task("notices.tasks.deliver")
        wait_until(lambda: len(counts(receiver)) >= 30)
        wait_until(lambda: waiting(fleet) == 0)
    found = counts(receiver)
    assert len(found) == 30
    assert set(found.values()) == {1}
    verified(world, receiver)


def test_receivers_that_drip_delay_neither_the_good_ones_nor_the_sweeps(
    fleet: Fleet, receiver: Receiver
) -> None:
    """With the worker of deliveries, a process on its queue, and that of all other tasks."""
    for number in range(SLOW):
        receiver.at[f"/{number}"] = receiver.drip
    good = {f"/{number}" for number in range(SLOW, SLOW + GOOD)}
    holds = fleet.world("holds(20, seconds=-60)")
    fleet.world(f"webhooks({SLOW + GOOD}, {SLOW + GOOD}, {receiver.url()!r})")
    with delivering(fleet, WEBHOOK_TIMEOUT="14"):
        fleet.run_task("notices.tasks.deliver")
        wait_until(lambda: good <= _answered(receiver))
        fleet.run_task("reservations.tasks.expire_holds")
        wait_until(lambda: expired(fleet, holds) == 20)
        # All that time the others were waited for: nothing else tells that they are slow.
        assert waiting(fleet) == SLOW
        assert claimed(fleet) > 0
        receiver.ended.set()
        wait_until(lambda: claimed(fleet) == 0)
    assert waiting(fleet) == SLOW
    # Nothing of them is left to the tests that follow.
    fleet.postgres.run("TRUNCATE notices_delivery CASCADE")


def expired(fleet: Fleet, holds: dict[str, Any]) -> int:
    (row,) = fleet.postgres.rows(_EXPIRED, holds["venue"])
    return int(row["expired"])


def _answered(receiver: Receiver) -> set[str]:
    return {one.path for one in list(receiver.got) if one.is_answered}


@contextmanager
def delivering(fleet: Fleet, **values: str) -> Iterator[None]:
    """The worker of deliveries, as docker-compose.yml starts it."""
    worker = "--app config.celery worker -n deliveries --queues deliveries --concurrency 2"
    fleet._start("deliveries", "celery", *worker.split(), **values)
    try:
        yield
    finally:
        ended = fleet.ask_to_end("deliveries")
        ended.wait(60)
    assert ended.returncode in (0, -signal.SIGTERM)


def book(fleet: Fleet, world: dict[str, Any], count: int) -> None:
    fleet.world(f"booked_by_partner({world['venue']!r}, {world['partner']!r}, {count})")


def verified(world: dict[str, Any], receiver: Receiver) -> None:
    """Every one is signed by its endpoint, and equal however often it came."""
    bodies: dict[str, bytes] = {}
    for got in receiver.got:
        secret = world["secrets"][got.path]
        Webhook(secret).verify(got.body, got.headers)
        name = got.headers["webhook-id"]
        assert bodies.setdefault(name, got.body) == got.body
