"""API servers to measure: gunicorn as deployed, with one worker on one core."""

import os
import subprocess
import sys
from collections import Counter as Tally
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile

from benchmarks import load
from benchmarks.failing import Failed
from benchmarks.measuring import Sample
from benchmarks.services import free_port, wait_for
from benchmarks.worlds import ROOT

CORES = sorted(os.sched_getaffinity(0))
ALL = frozenset(CORES)
SERVER, CLIENT = {CORES[0]}, {CORES[-1]}
"""The worker has one core, the load the other. The database uses what is left of both."""

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and its processor time."""

    port: int
    pid: int

    def drive(
        self,
        requests: Iterator[bytes],
        *,
        clients: int,
        seconds: float,
        expected: int,
        others: Tally[int] | None = None,
    ) -> Sample:
        """Runs `load.drive` and adds the processor time of the server."""
        before = self.processor()
        sample = load.drive(
            self.port,
            requests,
            clients=clients,
            seconds=seconds,
            expected=expected,
            others=others,
        )
        return replace(sample, processor=self.processor() - before)

    def offer(
        self,
        requests: Iterator[bytes],
        *,
        per_second: float,
        clients: int,
        seconds: float,
        expected: int,
    ) -> Sample:
        """Runs `load.offer` and adds the processor time of the server."""
        before = self.processor()
        sample = load.offer(
            self.port,
            requests,
            per_second=per_second,
            clients=clients,
            seconds=seconds,
            expected=expected,
        )
        return replace(sample, processor=self.processor() - before)

    def processor(self) -> float:
        """Returns the seconds of processor time that the server and its workers have used."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return sum(_used(int(pid)) for pid in (self.pid, *map(int, children.split())))


@contextmanager
def server(
    environment: dict[str, str],
    *,
    application: str = "",
    settings: str = "settings.project",
    workers: int = 1,
    cores: AbstractSet[int] = frozenset(SERVER),
) -> Iterator[Server]:
    """Yields a server on these cores. `application` names another one than the product."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
    own = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": str(workers),
        "DJANGO_SETTINGS_MODULE": settings,
    }
    command += ["--log-level", "warning", *filter(None, [application])]
    with running(command, {**environment, **own}, port=port, cores=cores) as started:
        yield started


@contextmanager
def running(
    command: list[str], environment: dict[str, str], *, port: int, cores: AbstractSet[int]
) -> Iterator[Server]:
    """Yields a process that listens on `port`, until the block ends. Raises Failed
    with its output.
    """
    with TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        try:
            wait_for(port, process)
            yield Server(port, process.pid)
        except Failed as failure:
            said.seek(0)
            raise Failed(f"{failure} The server said: …{said.read()[-1500:]}") from failure
        finally:
            process.terminate()
            process.wait(40)


@contextmanager
def load_apart() -> Iterator[None]:
    """Binds this process, and what it starts, to the core of the clients during the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CLIENT)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _used(pid: int) -> float:
    # The fields after the name, which is in brackets and may hold anything: user and system time.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
