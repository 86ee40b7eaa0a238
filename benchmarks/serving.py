"""API servers to measure: gunicorn as it is deployed, with one worker on one core."""

import os
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from benchmarks.services import free_port, wait_for
from benchmarks.worlds import ROOT

CORES = sorted(os.sched_getaffinity(0))
ALL = frozenset(CORES)
SERVER, CLIENT = {CORES[0]}, {CORES[-1]}
"""The worker has one core to itself; the load has the other, and the database what is left."""


@contextmanager
def server(
    environment: dict[str, str],
    *,
    application: str = "",
    settings: str = "settings.project",
    workers: int = 1,
    cores: AbstractSet[int] = frozenset(SERVER),
) -> Iterator[int]:
    """A server on these cores; its port. `application` where it is not the product."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
    own = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": str(workers),
        "DJANGO_SETTINGS_MODULE": settings,
    }
    process = subprocess.Popen(
        [*command, "--log-level", "warning", *filter(None, [application])],
        cwd=ROOT,
        env={**environment, **own},
        # What it says at its start is not asked for here; faults go to the other stream.
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(40)


@contextmanager
def load_apart() -> Iterator[None]:
    """This process, and what it starts, on the core of the clients."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CLIENT)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
