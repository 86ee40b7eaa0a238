"""The embedded database's disk is full: 503 meanwhile, nothing half written, then it goes on."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.config.test_starting import free_port, wait_until_ready
from tests.faults.guests import Guests

ROOT = Path(__file__).resolve().parents[2]
ROOM = 150_000
"""Bytes that the journal may still grow by: some bookings, and then one that fails midway."""


@dataclass
class Embedded:
    """`manage.py serve` on a data folder of its own, whose files may be kept from growing."""

    folder: Path
    port: int
    process: "subprocess.Popen[str]"

    def limit(self, size: int) -> None:
        """No file of this process grows past so many bytes, as on a disk that is full."""
        _, most = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, most))

    def count(self, query: str) -> int:
        with sqlite3.connect(self.folder / "holdfast.sqlite3") as database:
            return int(database.execute(query).fetchone()[0])


@pytest.fixture
def values(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return kept | {"DATA_DIR": str(tmp_path), "PORT": str(free_port()), "DEMO": "0"}


@pytest.fixture
def world(values: dict[str, str]) -> Any:
    manage(values, "prepare")
    make = "import json; from tests.faults import world; print(json.dumps(world.lot()))"
    return json.loads(manage(values, "shell", "--no-imports", "-c", make).splitlines()[-1])


@pytest.fixture
def embedded(values: dict[str, str], world: Any, tmp_path: Path) -> Iterator[Embedded]:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=values, stdout=log, stderr=log
        )
    port = int(values["PORT"])
    try:
        wait_until_ready(process, port)  # type: ignore[arg-type]
        yield Embedded(tmp_path, port, process)  # type: ignore[arg-type]
    finally:
        process.kill()
        process.wait()


def test_a_full_disk_refuses_keeps_what_was_answered_and_recovers(
    embedded: Embedded, world: Any, report: Callable[[object], None]
) -> None:
    guests = Guests(embedded.port, world)
    book(guests, 5)
    assert guests.statuses() == {201}
    embedded.limit((embedded.folder / "holdfast.sqlite3-wal").stat().st_size + ROOM)
    while len(guests.unsure()) < 10:
        book(guests, 1)
    full = guests.unsure()
    assert guests.statuses() <= {201, 409, 503}
    assert all("Retry-After" in wish.answer.headers for wish in full)
    # Readers are served.
    assert guests.ask("GET", f"/api/v1/venues/{world['venue']}").status == 200
    assert_whole(embedded, len(guests.booked()))
    embedded.limit(resource.RLIM_INFINITY)
    for wish in full:
        assert guests.send(wish).status in (201, 409)
    book(guests, 5)
    assert guests.wishes[-1].answer.status in (201, 409)
    assert embedded.count("SELECT count(*) FROM reservations_storedanswer") == embedded.count(
        "SELECT count(*) FROM reservations_reservation"
    )
    report({"booked": len(guests.booked()), "refused for want of room": len(full)})


def assert_whole(embedded: Embedded, booked: int) -> None:
    """As many of everything as were answered with 201: no booking is there in part."""
    for table in ("reservation", "allocation", "storedanswer"):
        assert embedded.count(f"SELECT count(*) FROM reservations_{table}") == booked, table
    created = "SELECT count(*) FROM reservations_event WHERE name = 'reservation.created'"
    assert embedded.count(created) == booked


def book(guests: Guests, times: int) -> None:
    for _ in range(times):
        wish = guests.wish()
        wish.answer = guests.send(wish)
        guests.wishes.append(wish)


def manage(values: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=values,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
