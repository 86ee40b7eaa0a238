"""`manage.py prove` while its database is ended as by power cuts, and Redis away: the unknown is
once at most.

PROVE_CLIENTS, PROVE_SECONDS and PROVE_RESTARTS make it as long as one likes; the restarts, three by
default, are spread over the time.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults.fleet import Fleet, wait_until
from tests.trades.deployment import PATIENCE, ROOT

SECONDS = int(os.environ.get("PROVE_SECONDS", "10"))
CLIENTS = os.environ.get("PROVE_CLIENTS", "4")
TIMES = int(os.environ.get("PROVE_RESTARTS", "3"))
"""Fewer where the machine is so slow that the clients' time would be over before."""
KILLS = os.environ.get("PROVE_KILLS", "3")
EVENTS = 10
_LATEST = """
SELECT coalesce(max(event.id), 0) AS id FROM reservations_event AS event
JOIN venues_venue AS venue ON venue.id = event.venue_id WHERE venue.slug LIKE 'scratch--%%'
"""


def test_every_promise_is_kept_while_the_database_is_restarted(
    fleet: Fleet, report: Callable[[object], None]
) -> None:
    options = ("--clients", CLIENTS, "--seconds", str(SECONDS), "--kills", KILLS)
    restarts = 0
    with proving(fleet, *options) as running:
        latest = time.monotonic() + SECONDS * 0.7
        while restarts < TIMES and time.monotonic() < latest:
            wait_until_it_goes_on(fleet)
            time.sleep(SECONDS * 0.4 / TIMES)
            fleet.redis.stop()
            fleet.postgres.stop()
            fleet.postgres.start()
            fleet.redis.start()
            restarts += 1
        said, _ = running.communicate(timeout=PATIENCE + SECONDS)
    assert running.returncode == 0, said
    assert "BROKEN" not in said
    asked, ok, refused, unknown = counted(said)
    # It did meet those ends: more was left open than the killed clients leave.
    assert unknown > 3
    report({"restarts": restarts, "asked": asked, "ok": ok, "refused": refused, "unknown": unknown})


@contextmanager
def proving(fleet: Fleet, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The command as an operator types it, on the deployment's database."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "prove", *options],
        cwd=ROOT,
        env=os.environ | fleet.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "clients for" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_it_goes_on(fleet: Fleet) -> None:
    (row,) = fleet.postgres.rows(_LATEST)
    wait_until(lambda: fleet.postgres.rows(_LATEST)[0]["id"] > row["id"] + EVENTS)


def counted(said: str) -> list[int]:
    """The last line of the table: asked, done, refused, unknown."""
    (line,) = re.findall(r"^together +(.+)$", said, re.MULTILINE)
    return [int(number.replace(",", "")) for number in line.split()]
