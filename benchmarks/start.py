"""`start`: from a clean clone to the first answer, and a plain restart."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from benchmarks.failing import Failed
from benchmarks.measuring import Figure, Result, Sample, Side, in_turn, rows_of
from benchmarks.options import Options
from benchmarks.services import folder, free_port
from benchmarks.worlds import ROOT

PATIENCE = 600.0
FIRST, AGAIN = "bin/run in a clean clone", "bin/run once more"

_OURS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "DATA_DIR", "HOST", "DJANGO_SETTINGS_MODULE")
_ASKED = b"GET /api/v1/venues HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def run(options: Options) -> Result:
    """Makes a new clone for each pair. The first one fills pip's cache and does not count."""
    folder().mkdir(mode=0o711, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder()) as place:
        clone = Path(place) / "clone"
        taken = in_turn(
            [Side(FIRST, lambda: _first(clone)), Side(AGAIN, lambda: _started(clone))],
            options.pairs,
        )
    rows = rows_of(taken)
    return Result(
        name="start",
        title="Start",
        figures=[
            _seconds("a clean clone to its first answer", rows[0].median_ms, goal=30),
            _seconds("a restart to its first answer", rows[1].median_ms, goal=4),
        ],
        notes=["Packages come from pip's cache; the database and the demonstration data are new."],
    )


def _first(clone: Path) -> Sample:
    rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return _started(clone)


def _started(clone: Path) -> Sample:
    port = free_port()
    given = {name: value for name, value in os.environ.items() if name not in _OURS}
    begun = time.perf_counter()
    process = subprocess.Popen(
        ["bin/run"],
        cwd=clone,
        env={**given, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A session of its own, so that everything it starts can be stopped.
        start_new_session=True,
    )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                raise Failed(f"bin/run in {clone} did not come to answer.")
            time.sleep(0.02)
        elapsed = time.perf_counter() - begun
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
    return Sample([elapsed], elapsed)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(_ASKED)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _seconds(what: str, milliseconds: float, *, goal: float) -> Figure:
    return Figure(what=what, value=milliseconds / 1e3, goal=goal, is_least=False, unit=" s")
