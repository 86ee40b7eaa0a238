"""PostgreSQL ended as by a power cut, under load: 503 meanwhile, and nothing acknowledged lost."""

import time
from collections.abc import Callable

from tests.faults.fleet import Fleet, wait_until
from tests.faults.guests import fresh, judge

AWAY = 1.0
"""Seconds without a database."""


def test_it_says_so_meanwhile_then_goes_on_and_has_lost_nothing(
    fleet: Fleet, report: Callable[[object], None]
) -> None:
    guests = fresh(fleet)
    with guests.booking():
        for _ in range(2):
            guests.wait_for(20)
            fleet.postgres.stop()
            guests.wait_for_unsure(8)
            assert guests.ask("GET", "/healthz").status == 200
            assert guests.ask("GET", "/readyz").status == 503
            time.sleep(AWAY)
            fleet.postgres.start()
        # No process of the API was started anew.
        guests.wait_for(20)
    assert guests.statuses() <= {201, 409, 503}
    for wish in guests.unsure():
        assert wish.answer.headers["Content-Type"] == "application/problem+json"
        assert int(wish.answer.headers["Retry-After"]) > 0
        assert wish.answer.body["code"] in ("unavailable", "busy")
    assert "Traceback" not in fleet.log("api")
    report(judge(guests, fleet.postgres))


def test_an_api_that_starts_before_its_database_says_so_and_serves_once_it_is_there(
    fleet: Fleet,
) -> None:
    guests = fresh(fleet, "second")
    fleet.postgres.stop()
    try:
        fleet.launch("second")
        wait_until(lambda: guests.ask("GET", "/healthz").status == 200)
        wish = guests.wish()
        refused = guests.send(wish)
        assert (refused.status, refused.body["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
    finally:
        fleet.postgres.start()
    assert guests.ask("GET", "/readyz").status == 200
    assert guests.send(wish).status == 201
    assert "Traceback" not in fleet.log("second")
    fleet.kill("second")
