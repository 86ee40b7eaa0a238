"""Client processes: starts them together, kills some of them midway, and ends them all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep, time

import orjson
from django.core.management.base import CommandError

from config.proving.client import READY, Job
from config.proving.ground import Ground

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 20.0
"""Seconds that a client may take for its last call."""


@dataclass(slots=True)
class Crowd:
    """The clients of one proof. Each has a journal in `folder`."""

    ground: Ground
    seed: int
    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    started: int = 0
    killed: int = 0
    slow: int = 0
    """Clients that were ended, because their last call took too long."""

    def journals(self) -> list[Path]:
        """Returns the journals of all clients, sorted."""
        return sorted(self.folder.glob("*.journal"))

    def play(self, *, clients: int, seconds: float, kills: int) -> None:
        """Runs `clients` processes for `seconds` seconds. Kills some and starts others in their
        place.

        Ends those that do not end in time. Raises CommandError if a client fails.
        """
        for _ in range(clients):
            self._start()
        for process in self.running:
            self._await_ready(process)
        until = time() + seconds
        for process in self.running:
            _begin(process, until)
        for number in range(kills):
            sleep(seconds * 0.8 / (kills + 1))
            self._replace(number % clients, until)
        for process in self.running:
            self._await(process, until + _PATIENCE)

    def end(self) -> None:
        """Ends all clients after their current call, and kills those that do not end."""
        for process in self.running:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()
        limit = monotonic() + _PATIENCE
        for process in self.running:
            try:
                process.wait(max(limit - monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _start(self) -> subprocess.Popen[str]:
        self.started += 1
        path = self.folder / f"{self.started}.journal"
        with (self.folder / f"{self.started}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, str(ROOT / "manage.py"), "prove", "--as-client", "--skip-checks"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Log lines about changes prove nothing. Ctrl-C is for the parent.
                env=os.environ | {"LOG_LEVEL": "WARNING"},
                start_new_session=True,
            )
        self.running.append(process)
        job = Job(ground=self.ground, client=self.started, seed=self.seed, journal=str(path))
        assert process.stdin is not None
        print(orjson.dumps(job).decode(), file=process.stdin, flush=True)
        return process

    def _await_ready(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        if process.stdout.readline().strip() != READY:
            raise CommandError(f"A client did not start: …{self._last_words()}")

    def _replace(self, index: int, until: float) -> None:
        victim = self.running[index]
        victim.kill()
        victim.communicate()
        self.killed += 1
        newcomer = self._start()
        self.running.remove(newcomer)
        self.running[index] = newcomer
        self._await_ready(newcomer)
        _begin(newcomer, until)

    def _await(self, process: subprocess.Popen[str], limit: float) -> None:
        try:
            code = process.wait(max(limit - time(), 0))
        except subprocess.TimeoutExpired:
            # A busy machine breaks no promise. The outcome of the last call is unknown.
            process.kill()
            process.wait()
            self.slow += 1
            return
        if code:
            raise CommandError(f"A client failed: …{self._last_words()}")

    def _last_words(self) -> str:
        return "\n".join(path.read_text() for path in self.folder.glob("*.log"))[-2_000:]


def _begin(process: subprocess.Popen[str], until: float) -> None:
    assert process.stdin is not None
    print(until, file=process.stdin, flush=True)


@contextmanager
def crowd(ground: Ground, *, seed: int, folder: Path) -> Iterator[Crowd]:
    """Yields a crowd whose processes have ended after the block, even if it raises."""
    gathered = Crowd(ground, seed, folder)
    try:
        yield gathered
    finally:
        gathered.end()
