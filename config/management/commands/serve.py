"""The embedded server: pages, API, sockets, worker and beat in one process."""

import fcntl
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from config import connection_limits, embedded, listening, wiring
from config.management import data_folder

SWITCH = 0.0005
"""Seconds after which a thread that computes lets another one on. A request waits so long each time
it comes back from the database while a letter is written: by Python's default ten times as long."""


class Stopped(BaseException):
    """Ctrl-C or SIGTERM. It is no fault, and no `except Exception` may catch it."""


class Server(uvicorn.Server):
    """A uvicorn server that prints its address when it answers."""

    def __init__(self, config: uvicorn.Config, *, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, then prints the greeting."""
        await super().startup(sockets)
        for each in sockets or ():
            # asyncio listens with the number of connections it accepts at one time.
            each.listen(connection_limits.QUEUE)
        # Loaded modules stay: leave them out of every later garbage collection.
        gc.collect()
        gc.freeze()
        print(self._greeting, flush=True)


class Command(BaseCommand):
    help = "Serves everything from one process. HOST, PORT, DATA_DIR and DEMO say how."

    def handle(self, *args: Any, **options: Any) -> None:
        # Whatever this process and its threads create is for this user alone.
        os.umask(0o077)
        # Before anything else: uvicorn calls the handlers that it finds here.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _stop)
        try:
            with _only_one(Path(settings.DATA_DIR)), _bound() as taken:
                self._serve(taken)
        except Stopped:
            self.stdout.write("Stopped.")

    def _serve(self, taken: socket.socket) -> None:
        self._prepare()
        sys.setswitchinterval(SWITCH)
        wiring.publish_events()
        settings.ALLOWED_HOSTS.extend(listening.hosts_of(settings.HOST))
        server = Server(_uvicorn(), greeting=_greeting())
        with embedded.worker_and_beat(schedule_file=Path(settings.DATA_DIR) / "schedule"):
            try:
                server.run(sockets=[taken])
            finally:
                # From here a second Ctrl-C ends the process at once.
                signal.signal(signal.SIGINT, signal.SIG_DFL)

    def _prepare(self) -> None:
        data_folder.tighten(Path(settings.DATA_DIR))
        call_command("prepare", stdout=self.stdout)
        # Empty unless files were collected: static files are served from their folders.
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        # From here this thread only runs the event loop.
        connections.close_all()


def _stop(_: int, __: FrameType | None) -> NoReturn:
    raise Stopped


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "serve.lock").open("w")
        # The folder itself too: whoever removes the file lets no second server in.
        itself = os.open(folder, os.O_RDONLY)
    except OSError as error:
        _fail(f"DATA_DIR {folder} cannot be written: {error.strerror}.")
    with file:
        try:
            fcntl.flock(itself, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _fail(f"Holdfast already runs with the data in {folder}. Stop it, or set DATA_DIR.")
        try:
            yield
        finally:
            os.close(itself)


@contextmanager
def _bound() -> Iterator[socket.socket]:
    try:
        taken = listening.bind(settings.HOST, settings.PORT)
    except listening.CannotListen as reason:
        _fail(str(reason))
    with taken:
        yield taken


def _fail(line: str) -> NoReturn:
    sys.exit(f"holdfast: {line}")


def _uvicorn() -> uvicorn.Config:
    return uvicorn.Config(
        "config.asgi:application",
        lifespan="off",
        http=connection_limits.bounded(),
        backlog=connection_limits.AT_ONCE,
        ws="websockets-sansio",
        # Messages are short, pages send none, and a compressor for each socket would take memory.
        ws_per_message_deflate=False,
        ws_max_size=4_096,
        # uvicorn's own reading of X-Forwarded-For trusts everyone on this machine.
        proxy_headers=False,
        server_header=False,
        log_config=None,
        # Queries in paths hold phone numbers.
        access_log=False,
        timeout_graceful_shutdown=3,
    )


def _greeting() -> str:
    base = listening.address_to_show(settings.HOST, settings.PORT)
    return "\n".join(
        [
            "",
            "Holdfast is running.",
            f"  Home      {base}/",
            f"  API docs  {base}/api/v1/docs",
            f"  Admin     {base}/admin/",
            f"  Data      {settings.DATA_DIR}",
            "Stop it with Ctrl-C.",
        ]
    )
