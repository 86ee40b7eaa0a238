"""A PostgreSQL that a test may kill, and a line to Redis that a test may make slow."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from psycopg.rows import dict_row

from benchmarks import services

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
timezone = 'UTC'
fsync = on
full_page_writes = on
synchronous_commit = on
archive_mode = on
archive_command = 'mkdir -p ../archive && cp %p ../archive/%f'
"""
"""Durable, since what was acknowledged must outlive a crash here; and its log is kept."""

RECOVERY = """
restore_command = 'cp ../archive/%f %p'
recovery_target_time = '{until}'
recovery_target_action = 'promote'
"""


class OwnPostgres:
    """A cluster of its own in a folder of its own, served as an unprivileged user."""

    def __init__(self, folder: Path | None = None, data: str = "data") -> None:
        self.folder = folder or Path(mkdtemp(prefix="holdfast-faults-"))
        self.port = services.free_port()
        self._data = self.folder / data

    @property
    def url(self) -> str:
        secret = (self.folder / "secret").read_text(encoding="ascii").strip()
        return f"postgres://holdfast:{secret}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        if not self._data.exists():
            self.folder.chmod(0o711)
            services.prepare(self.folder, SETTINGS)
        options = ("--log", str(self.folder / "log"), "--options", f"-p {self.port}")
        services.as_postgres("pg_ctl", "--pgdata", str(self._data), *options, "--wait", "start")

    def stop(self) -> None:
        """As a power cut would: nothing is finished, nothing is flushed."""
        services.as_postgres("pg_ctl", "--pgdata", str(self._data), "--mode", "immediate", "stop")

    def is_started(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def end(self) -> None:
        if self.is_started():
            self.stop()
        shutil.rmtree(self.folder)

    def back_up(self) -> "OwnPostgres":
        """A copy of it as it is now, not started, which `restore` takes further."""
        copy = OwnPostgres(self.folder, "restored")
        options = ("--dbname", self.url, "--pgdata", str(copy._data), "--checkpoint", "fast")
        services.as_postgres("pg_basebackup", *options)
        return copy

    def restore(self, until: datetime) -> None:
        """Start it as it was at that instant, by the kept log."""
        with (self._data / "postgresql.auto.conf").open("a", encoding="ascii") as file:
            file.write(RECOVERY.format(until=until.isoformat()))
        (self._data / "recovery.signal").touch()
        self.start()

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What the database itself says, past the product."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def run(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement, values)


class SlowLine:
    """Passes bytes on to another port; each answer as late as `delay` says, in seconds."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.delay = 0.0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def slow(self, delay: float) -> Iterator[None]:
        self.delay = delay
        try:
            yield
        finally:
            self.delay = 0.0

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.to), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        back = threading.Thread(target=self._pass, args=(far, near), daemon=True)
        back.start()
        self._pass(near, far)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            # It may be closed by now, where Redis was ended.
            answers = source.getpeername()[1] == self.to
            while part := source.recv(65_536):
                if answers:
                    time.sleep(self.delay)
                target.sendall(part)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
