"""Verbs that race while processes are killed, the clock is wrong or the disk is full.

Rows alone judge: tests/faults/races/rows.py. ATTACK_ROUNDS makes it as long as one likes; each
round releases 32 clients at each pair of verbs.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.faults.fleet import wait_until
from tests.faults.races import rows
from tests.faults.races.crowd import Call, release
from tests.faults.races.machine import Machine
from tests.faults.races.pairs import GROUP, PAIRS, Pair, closure_and_booking, group_and_single
from tests.faults.test_worker_killed import EVERY_TASK, EXPIRE

ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "1"))
AWAY = timedelta(days=2)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    running = Machine(tmp_path_factory.mktemp("machine"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def history(machine: Machine) -> list[Call]:
    """What was asked and answered in races that nothing harmed, with rows of every sort."""
    calls = [call for pair in PAIRS[1:] for call in race(machine, pair, lambda: None)]
    settle(machine)
    return calls


def test_nothing_is_broken_while_processes_are_killed_at_random_points(
    machine: Machine, report: Callable[[object], None]
) -> None:
    calls: list[Call] = []
    for number in range(ROUNDS):
        for place, pair in enumerate(PAIRS):
            calls += race(machine, pair, partial(harm_of(number, place), machine))
    assert broken(machine, calls) == {}
    report(told(calls))


def test_nothing_is_broken_while_the_clock_goes_two_days_ahead_and_back(
    machine: Machine, report: Callable[[object], None]
) -> None:
    calls: list[Call] = []
    try:
        for _ in range(ROUNDS):
            for pair in PAIRS:
                ahead = timedelta(0) if machine.ahead else AWAY
                calls += race(machine, pair, partial(machine.set_clock, ahead))
            if machine.ahead:
                # What lapses, is missed or ends within two days does so now.
                machine.finish_tasks(*EVERY_TASK)
    finally:
        machine.set_clock(timedelta(0))
    assert broken(machine, calls) == {}
    report(told(calls))


def test_nothing_is_broken_while_the_disk_is_full(
    machine: Machine, report: Callable[[object], None]
) -> None:
    disk = machine.disk
    if disk is None:
        pytest.skip("this machine does not let us mount a disk")
    calls: list[Call] = []

    def is_met() -> bool:
        for pair in PAIRS:
            with disk.full_soon() as fill:
                calls.extend(race(machine, pair, fill))
            machine.come_back()
        return any(call.answer.status == 503 for call in calls)

    for _ in range(ROUNDS - 1):
        is_met()
    # Until it was met: small changes may still find room in files that are there.
    wait_until(is_met)
    assert broken(machine, calls) == {}
    report(told(calls))


PLANTED = {
    rows.ONE_UNIT_ONE_OWNER: """
        ALTER TABLE reservations_allocation DROP CONSTRAINT allocation_no_overlap;
        INSERT INTO reservations_allocation (venue_id, resource_id, closure_id, reason,
            starts_at, ends_at, is_live, is_locked)
        SELECT venue_id, resource_id, gen_random_uuid(), 'x', starts_at, ends_at, true, false
        FROM reservations_allocation WHERE is_live LIMIT 1
    """,
    rows.IN_TIME: """
        UPDATE reservations_reservation SET cancelled_at = now() WHERE id = (
            SELECT reservation_id FROM reservations_allocation
            WHERE is_live AND starts_at > now() AND reservation_id IS NOT NULL LIMIT 1)
    """,
    rows.NOT_LOST: """
        UPDATE reservations_allocation SET is_live = false WHERE reservation_id = (
            SELECT owner.id FROM reservations_allocation AS taken
            JOIN reservations_reservation AS owner ON owner.id = reservation_id
            WHERE is_live AND cancelled_at IS NULL AND confirmed_at IS NOT NULL
            AND checked_in_at IS NULL AND taken.starts_at > now() LIMIT 1)
    """,
    rows.ONE_END: """
        UPDATE reservations_reservation SET expired_at = now() WHERE id = (
            SELECT id FROM reservations_reservation WHERE confirmed_at IS NOT NULL LIMIT 1)
    """,
    rows.WHOLE_GROUPS: """
        UPDATE reservations_reservation SET group_id = gen_random_uuid() WHERE id = (
            SELECT min(id) FROM reservations_reservation)
    """,
    rows.ONE_EVENT: """
        DELETE FROM reservations_event WHERE id = (
            SELECT id FROM reservations_event WHERE name = 'reservation.confirmed' LIMIT 1)
    """,
    rows.HANDED_ON: "UPDATE reservations_event SET dispatched_at = NULL",
    rows.SPOTS: """
        UPDATE venues_resource SET retired_at = now() WHERE id = (
            SELECT resource_id FROM reservations_allocation
            WHERE is_live AND starts_at > now() LIMIT 1)
    """,
    rows.ACKNOWLEDGED: """
        UPDATE reservations_reservation SET cancelled_at = NULL
    """,
}
"""One violation of each promise, in rows that are sound but for that."""


@pytest.mark.parametrize("promise", PLANTED)
def test_the_judge_finds_what_is_planted(
    machine: Machine, history: list[Call], promise: str
) -> None:
    with psycopg.connect(machine.postgres.url, row_factory=dict_row) as line:
        sound = rows.judge(line, history, at=machine.now(), group=GROUP)
        assert sound == {}
        line.execute(PLANTED[promise])
        found = rows.judge(line, history, at=machine.now(), group=GROUP)
        line.rollback()
    assert promise in found


def test_the_judge_finds_who_should_be_erased(machine: Machine, history: list[Call]) -> None:
    gone = next(call.person for call in history if call.verb == "erase" and call.person)
    with psycopg.connect(machine.postgres.url, row_factory=dict_row) as line:
        line.execute("UPDATE reservations_reservation SET last_name = %s", [gone["last_name"]])
        found = rows.judge(line, history, at=machine.now(), group=GROUP)
        line.rollback()
    assert rows.ERASED in found


@pytest.fixture
def careless(machine: Machine) -> Iterator[Machine]:
    """Also an API process, `second`, that looks at nothing, on a database without its guard."""
    constraint = "FROM pg_constraint WHERE conname = 'allocation_no_overlap'"
    (row,) = machine.postgres.rows(f"SELECT pg_get_constraintdef(oid) AS text {constraint}")
    (first,) = machine.postgres.rows("SELECT max(id) AS id FROM venues_venue")
    blind = "tests.proving.blind_settings"
    machine.serve("second", DJANGO_SETTINGS_MODULE=blind, WEB_WORKERS="1")
    table = "ALTER TABLE reservations_allocation"
    machine.postgres.run(f"{table} DROP CONSTRAINT allocation_no_overlap")
    try:
        yield machine
    finally:
        machine.kill("second")
        forget(machine, since=first["id"] or 0)
        machine.postgres.run(f"{table} ADD CONSTRAINT allocation_no_overlap {row['text']}")


def test_without_the_guard_and_looking_the_judge_reports_what_was_sold_twice(
    careless: Machine,
) -> None:
    """The negative control. It races until it has happened, however busy the machine is."""
    calls: list[Call] = []

    def is_sold_twice() -> bool:
        for pair in (Pair(closure_and_booking), Pair(group_and_single)):
            calls.extend(race(careless, pair, lambda: None, by="second"))
        return rows.ONE_UNIT_ONE_OWNER in broken(careless, calls)

    wait_until(is_sold_twice)


def race(
    machine: Machine, pair: Pair, strike: Callable[[], object], *, by: str = "api"
) -> Sequence[Call]:
    """Every call of one race, after a harm has struck in the middle of it."""
    port = machine.ports[by]
    scene, calls = pair.scene(machine, port)

    def strike_and_sweep() -> None:
        # As beat does, at any moment.
        machine.run_task(EXPIRE)
        strike()

    release(port, calls, strike_and_sweep)
    return [*scene.before, *calls]


def broken(machine: Machine, calls: Sequence[Call]) -> dict[str, list[str]]:
    at = settle(machine)
    with psycopg.connect(machine.postgres.url, row_factory=dict_row) as line:
        return rows.judge(line, calls, at=at, group=GROUP)


def settle(machine: Machine) -> datetime:
    """Has everything done that is due, and returns the instant from which nothing was."""
    at = machine.now()
    machine.finish_tasks(*EVERY_TASK)
    machine.finish_tasks(*EVERY_TASK)
    return at


def harm_of(number: int, place: int) -> Callable[[Machine], object]:
    """Which of these strikes; every second race only, since what was killed takes long to start."""
    if number > 0 and place == number % len(PAIRS):
        return kill_all
    return kill_a_worker if (number + place) % 2 == 0 else nothing


def nothing(_: Machine) -> None:
    """The worker killed before is still starting."""


def kill_a_worker(machine: Machine) -> None:
    victim = random.choice(machine.children("api"))
    os.kill(victim, signal.SIGKILL)


def kill_all(machine: Machine) -> None:
    """All API processes and the Celery worker at once; others are started in their place."""
    machine.kill("worker")
    # What it had not finished is lost for good.
    machine.forget_messages()
    machine.kill("api")
    machine.serve("api")
    machine.work()


def forget(machine: Machine, *, since: int) -> None:
    """Removes what was sold at venues younger than this one, and all that was told and posted."""
    # The ledger refuses to delete rows.
    machine.postgres.run(
        "TRUNCATE payments_entry, payments_posted, hooks_feedentry, notices_delivery CASCADE"
    )
    for table in ("event", "allocation", "reservation"):
        machine.postgres.run(f"DELETE FROM reservations_{table} WHERE venue_id > %s", since)


def told(calls: Sequence[Call]) -> dict[str, int]:
    statuses = Counter(str(call.answer.status or "lost") for call in calls)
    return {"asked": len(calls), **dict(sorted(statuses.items()))}
