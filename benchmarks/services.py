"""PostgreSQL and Redis for the measurements: durable ones of our own, or those given."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.failing import Failed

# Durable: nothing here may be faster than in production.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
timezone = 'UTC'
fsync = on
full_page_writes = on
synchronous_commit = on
shared_buffers = '1GB'
max_wal_size = '8GB'
checkpoint_timeout = '30min'
maintenance_work_mem = '512MB'
random_page_cost = 1.1
"""

LONGEST_START = 60.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Services:
    """The URLs of the services. `database` is one that always exists."""

    database: str
    redis: str

    def url(self, name: str) -> str:
        """Returns the URL of another database on the same server."""
        return urlunsplit(urlsplit(self.database)._replace(path=f"/{name}"))


def folder() -> Path:
    """Returns the folder of kept databases: BENCHMARKS_DIR, or one in the system's temporary
    folder.
    """
    given = os.environ.get("BENCHMARKS_DIR")
    return Path(given) if given else Path(gettempdir()) / f"holdfast-benchmarks-{os.getuid()}"


@contextmanager
def started(*, keep: bool) -> Iterator[Services]:
    """Yields both services: from DATABASE_URL and REDIS_URL, or started here and stopped after."""
    with _database(keep=keep) as database, _redis() as redis:
        _judge_durable(database)
        yield Services(database, redis)


@contextmanager
def _database(*, keep: bool) -> Iterator[str]:
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    base = folder()
    prepare(base)
    port = free_port()
    as_postgres(
        "pg_ctl", "--pgdata", str(base / "data"), "--log", str(base / "log"), "--wait",
        "--options", f"-p {port}", "start",
    )  # fmt: skip
    secret = (base / "secret").read_text(encoding="ascii").strip()
    try:
        yield f"postgres://holdfast:{secret}@127.0.0.1:{port}/postgres"
    finally:
        mode = "fast" if keep else "immediate"
        as_postgres("pg_ctl", "--pgdata", str(base / "data"), "--mode", mode, "--wait", "stop")
        if not keep:
            shutil.rmtree(base)


@contextmanager
def _redis() -> Iterator[str]:
    given = os.environ.get("REDIS_URL")
    if given:
        yield given
        return
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(
        [*command, "--appendonly", "no", "--dir", gettempdir()], stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def prepare(base: Path, settings: str = SETTINGS) -> None:
    """Makes the folder of the cluster if it does not exist. Raises Failed if another
    run uses it.
    """
    if _is_running(base / "data" / "postmaster.pid"):
        raise Failed(f"Another benchmark is using {base}; BENCHMARKS_DIR names another folder.")
    if (base / "data" / "PG_VERSION").exists():
        return
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    secret = base / "secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_hex(16), encoding="ascii")
    if os.getuid() == 0:
        shutil.chown(base, "postgres", "postgres")
        shutil.chown(secret, "postgres", "postgres")
    as_postgres(
        "initdb", "--pgdata", str(base / "data"), "--username", "holdfast", "--pwfile", str(secret),
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
    )  # fmt: skip
    with (base / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(settings)


def _is_running(file: Path) -> bool:
    """Says whether the process in a pid file lives. A killed process leaves its file."""
    try:
        number = file.read_text(encoding="ascii").split()[0]
    except (OSError, IndexError):
        return False
    return Path(f"/proc/{number}").exists()


def as_postgres(program: str, *arguments: str) -> None:
    """Runs a program of PostgreSQL, which refuses to run as root. Raises Failed."""
    command = [str(binary(program)), *arguments]
    if os.getuid() == 0:
        drop = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]
        command = [*drop, *command]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{program} failed: {done.stderr[-500:]}")


def binary(program: str) -> Path:
    """Returns the path of a program of PostgreSQL. Debian keeps most of them off the PATH.

    Raises Failed if there is none.
    """
    found = shutil.which(program)
    if found and program not in ("pgbench", "psql"):
        return Path(found)
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    if newest is None and found is None:
        raise Failed(f"{program} was not found; on Debian: apt-get install postgresql.")
    return newest or Path(str(found))


def free_port() -> int:
    """Returns a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Waits until something listens. Raises Failed if nothing does, or if the process has ended."""
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process is not None and process.poll() is not None:
                raise Failed(f"The server ended with {process.returncode}.") from None
            time.sleep(0.05)
        else:
            return
    raise Failed(f"Nothing listens on port {port} after {LONGEST_START:.0f} s.")


def _judge_durable(url: str) -> None:
    """Raises Failed for a server that reports a commit before it is durable."""
    with psycopg.connect(url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            if row is None or row[0] != "on":
                raise Failed(f"The database has {name} = {row and row[0]}; the goals are for on.")
