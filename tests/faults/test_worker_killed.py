"""Celery workers killed, messages doubled and late: time is written down once, all the same."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from config.celery import app
from tests.faults.fleet import Fleet, wait_until
from tests.faults.guests import Guests

HOLDS = 1_000
KILLS = 6
EXPIRE = "reservations.tasks.expire_holds"
app.loader.import_default_modules()
EVERY_TASK = tuple(sorted(name for name in app.tasks if not name.startswith("celery.")))
"""All that workers can be sent. The registry knows them, so none is forgotten here."""
assert EXPIRE in EVERY_TASK
_EXPIRED = """
SELECT count(*) AS events, count(DISTINCT reservation_id) AS holds FROM reservations_event AS event
JOIN venues_venue AS venue ON venue.id = event.venue_id
WHERE venue.slug = %s AND event.name = 'reservation.expired'
"""
_STATE = """
SELECT (SELECT md5(string_agg(row::text, '|' ORDER BY id)) FROM reservations_reservation AS row)
    AS reservations,
    (SELECT md5(string_agg(row::text, '|' ORDER BY id)) FROM reservations_allocation AS row)
    AS allocations,
    (SELECT md5(string_agg(row::text, '|' ORDER BY id)) FROM reservations_event AS row) AS events
"""


@dataclass
class Looks:
    """What somebody saw who kept asking for open holds."""

    count: int = 0
    late: list[dict[str, Any]] = field(default_factory=list)


def test_a_thousand_holds_expire_once_each_while_workers_are_killed(
    fleet: Fleet, report: Callable[[object], None]
) -> None:
    world = fleet.world(f"holds({HOLDS}, seconds=3)")
    when_killed = []
    with reading(Guests(fleet.ports["api"], world)) as looks:
        for number in range(KILLS):
            # As beat does; twice, since nothing may rest on its doing so once.
            fleet.run_task(EXPIRE)
            fleet.run_task(EXPIRE)
            least = 1 + number * HOLDS // (KILLS + 1)
            wait_until(partial(has_expired, fleet, world, least))
            fleet.kill("worker")
            when_killed.append(expired(fleet, world)["events"])
            fleet.work()
        # What killed workers had not finished is lost for good.
        fleet.forget_messages()
        fleet.finish_tasks(EXPIRE)
    assert expired(fleet, world) == {"events": HOLDS, "holds": HOLDS}
    assert looks.count and looks.late == []
    report({"expired when killed": when_killed, "looks of a reader": looks.count})


def test_messages_doubled_and_late_change_nothing_more(fleet: Fleet) -> None:
    world = fleet.world("holds(20, seconds=-60)")
    with deliveries_sent(fleet):
        fleet.finish_tasks(*EVERY_TASK)
    assert expired(fleet, world) == {"events": 20, "holds": 20}
    before = fleet.postgres.rows(_STATE)
    fleet.kill("worker")
    # They wait, and then come all at once, to two workers.
    for task in EVERY_TASK * 5:
        fleet.run_task(task)
    fleet.work()
    fleet.work("helper")
    with deliveries_sent(fleet):
        fleet.finish_tasks()
    fleet.kill("helper")
    assert fleet.postgres.rows(_STATE) == before


@contextmanager
def deliveries_sent(fleet: Fleet) -> Iterator[None]:
    """Runs the worker of deliveries, until it has done what it was sent."""
    fleet.work("deliveries", "--queues", "deliveries")
    try:
        yield
        fleet.finish_tasks(queue="deliveries")
    finally:
        fleet.kill("deliveries")


@contextmanager
def reading(reader: Guests) -> Iterator[Looks]:
    """Meanwhile somebody asks for open holds, and notes those that had lapsed before."""
    looks, stop = Looks(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            looks.late += _late(reader)
            looks.count += 1

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield looks
    finally:
        stop.set()
        thread.join()


def expired(fleet: Fleet, world: dict[str, Any]) -> dict[str, int]:
    (row,) = fleet.postgres.rows(_EXPIRED, world["venue"])
    return row


def has_expired(fleet: Fleet, world: dict[str, Any], least: int) -> bool:
    if expired(fleet, world)["events"] >= least:
        return True
    fleet.run_task(EXPIRE)
    return False


def _late(reader: Guests) -> list[dict[str, Any]]:
    late: list[dict[str, Any]] = []
    cursor = ""
    while True:
        asked_at = timezone.now()
        query = f"venue={reader.world['venue']}&status=held&limit=200{cursor}"
        page = reader.ask("GET", f"/api/v1/reservations?{query}")
        assert page.status == 200
        late += [
            one
            for one in page.body["items"]
            if datetime.fromisoformat(one["hold_expires_at"]) <= asked_at
        ]
        if not page.body["next_cursor"]:
            return late
        cursor = f"&cursor={page.body['next_cursor']}"
