"""The embedded server under more connections than it may have: everybody else is served."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.services import free_port, wait_for
from tests.faults.attack import SOMEBODY, asked, attack, opens_board
from tests.trades.deployment import ROOT

FILES = 1_024
"""What a system usually lets a process open."""
VENUE = "smart-parking"
PATHS = ("/healthz", "/", "/api/v1/venues", "/accounts/login/")


class Embedded:
    """`manage.py serve` as somebody who may open few files runs it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "log"
        ours = {"DATA_DIR": str(folder / "data"), "HOST": "127.0.0.1", "PORT": str(self.port)}
        none = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "BROKER_URL"), "")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                ["prlimit", f"--nofile={FILES // 4}:{FILES}", sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=os.environ | ours | none | {"LOG_LEVEL": "WARNING"},
                stdout=log,
                stderr=log,
            )
        wait_for(self.port, self._process)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    running = Embedded(tmp_path_factory.mktemp("embedded"))
    try:
        yield running
    finally:
        running.stop()


def test_eleven_hundred_boards_of_one_address_keep_nobody_else_out(embedded: Embedded) -> None:
    with attack(embedded.port) as attacker:
        told = attacker.boards(1_100, VENUE)
        assert told[b"101"] == 200
        assert [asked(embedded.port, path) for path in PATHS] == [200] * len(PATHS)
        assert opens_board(embedded.port, VENUE)
        # Their own pages, too: others may be behind the same address.
        assert asked(embedded.port, "/", "127.0.0.9") == 200
    assert_quiet(embedded)


def test_a_thousand_half_sent_requests_of_one_address_keep_nobody_out(embedded: Embedded) -> None:
    with attack(embedded.port) as attacker:
        attacker.half_sent(1_050)
        for source in (SOMEBODY, "127.0.0.9"):
            told = [asked(embedded.port, path, source) for path in PATHS]
            assert told == [200] * len(PATHS), source
        assert opens_board(embedded.port, VENUE)
        assert attacker.are_closed()
    assert_quiet(embedded)


def assert_quiet(embedded: Embedded) -> None:
    """Nothing that anybody may do fills the log."""
    said = embedded.log()
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if "[warning]" in line or "[error]" in line]
    assert len(lines) < 10, lines[:20]
