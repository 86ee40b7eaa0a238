"""How the embedded server stops: soon, with what it had begun, and pages told to come again."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import websockets
from celery.worker import state
from kombu.transport.virtual.base import Transport

from config import embedded
from config.celery import app
from tests.config.test_starting import free_port, wait_until_ready

ROOT = Path(__file__).resolve().parents[2]

commands = pytest.mark.commands


def test_worker_and_beat_end_when_asked_and_not_at_their_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waited_out: list[float] = []
    drain = Transport.drain_events

    def counted(self: Any, connection: Any, timeout: float | None = None) -> Any:
        try:
            return drain(self, connection, timeout)
        except TimeoutError:
            waited_out.append(timeout or 0)
            raise

    monkeypatch.setattr(Transport, "drain_events", counted)
    monkeypatch.setattr(embedded, "PATIENCE", 30.0)
    monkeypatch.setattr(state, "should_stop", None)
    with embedded.worker_and_beat(schedule_file=tmp_path / "schedule"):
        # Asked again: through a Redis, what is asked before it listens is lost.
        assert any(app.control.ping(timeout=1, limit=1) for _ in range(10))
        waited_out.clear()
    # Left to itself, Celery's loop waits out the look it is in, and then another one.
    assert len(waited_out) < 2
    assert "did not end in time" not in caplog.text


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env=kept | {"DATA_DIR": str(tmp_path), "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_ready(process, port)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def ended(process: subprocess.Popen[str]) -> str:
    """All it said; it ended by itself, and as a success."""
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.rstrip().endswith("Stopped.")
    assert "did not end in time" not in said
    assert "Traceback" not in said
    return said


@commands
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_open_boards_are_told_to_come_again(
    server: subprocess.Popen[str], port: int, by: signal.Signals
) -> None:
    async def watch() -> list[int | None]:
        url = f"ws://127.0.0.1:{port}/ws/venues/smart-parking/"
        boards = [await websockets.connect(url) for _ in range(20)]
        for board in boards:
            await board.recv()
        server.send_signal(by)
        for board in boards:
            await board.wait_closed()
        return [board.close_code for board in boards]

    # In a thread of its own: a browser of tests before it keeps a loop running in this one.
    with ThreadPoolExecutor(1) as apart:
        assert apart.submit(lambda: asyncio.run(watch())).result() == [1012] * 20
    ended(server)


@commands
def test_what_was_asked_before_is_answered(server: subprocess.Popen[str], port: int) -> None:
    body = json.dumps({"email": "driver1@parking.com", "password": "password123"})
    headers = {"Content-Type": "application/json"}
    asked = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(6)]
    for one in asked:
        one.request("GET", "/healthz")
        one.getresponse().read()
    for one in asked:
        one.request("POST", "/api/v1/auth/login", body, headers)
    # The last has begun to be read once the first is answered: one thread reads them all.
    statuses = [asked[0].getresponse().status]
    server.send_signal(signal.SIGTERM)
    statuses += [one.getresponse().status for one in asked[1:]]
    for one in asked:
        one.close()
    assert statuses == [200] * 6
    ended(server)


@commands
def test_a_second_signal_ends_it_at_once(server: subprocess.Popen[str]) -> None:
    server.send_signal(signal.SIGTERM)
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=60)
    assert server.returncode is not None
