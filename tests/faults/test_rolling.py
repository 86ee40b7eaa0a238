"""Stopping, rolling and migrating under load: no request fails."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.faults.fleet import Fleet, wait_until
from tests.faults.guests import fresh, judge
from tests.faults.proxy import Proxy

REQUESTS = 1_000
"""So many are asked while processes come and go."""
_WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def second(fleet: Fleet) -> Iterator[Fleet]:
    """The deployment with a second API process."""
    fleet.serve("second")
    yield fleet
    fleet.kill("second")


def test_asked_to_end_it_answers_what_it_was_asked_before(fleet: Fleet) -> None:
    # Whoever waits for a lock waits as long as this test wants them to.
    fleet.serve("second", DATABASE_LOCK_TIMEOUT_MS="30000")
    guests = fresh(fleet, "second", units=1)
    wish = guests.wish()
    with psycopg.connect(fleet.postgres.url) as line, ThreadPoolExecutor(1) as client:
        # The request is slow for as long as somebody has its unit.
        line.execute(
            "SELECT id FROM venues_resource WHERE id = %s FOR UPDATE", guests.world["units"]
        )
        answer = client.submit(guests.send, wish)
        wait_until(lambda: fleet.postgres.rows(_WAITING))
        process = fleet.ask_to_end("second")
        wait_until(lambda: "Handling signal: term" in fleet.log("second"))
        line.rollback()
        assert answer.result().status == 201
    assert process.wait(60) == 0


@pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin:/usr/bin"), reason="needs haproxy")
def test_two_processes_restarted_in_turn_behind_a_proxy_fail_nobody(
    second: Fleet, report: Callable[[object], None]
) -> None:
    # A socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="holdfast-proxy-"))
    proxy = Proxy(folder, second.ports)
    guests = fresh(second)
    guests.port = proxy.port
    try:
        proxy.start()
        with guests.booking():
            for name in second.ports:
                guests.wait_for(10)
                proxy.take_out(name)
                assert second.ask_to_end(name).wait(60) == 0
                second.serve(name)
                proxy.put_back(name)
            wait_until(lambda: len(guests.wishes) >= REQUESTS)
    finally:
        proxy.stop()
        shutil.rmtree(folder)
    assert guests.statuses() <= {201, 409}
    guests.port = second.ports["api"]
    report(judge(guests, second.postgres))


def test_a_column_comes_and_goes_under_load_and_fails_nobody(
    fleet: Fleet, report: Callable[[object], None]
) -> None:
    guests = fresh(fleet)
    with guests.booking():
        guests.wait_for(10)
        fleet.world("add_column()")
        guests.wait_for(10)
        fleet.world("drop_column()")
        guests.wait_for(10)
    assert guests.statuses() <= {201, 409}
    report(judge(guests, fleet.postgres))
