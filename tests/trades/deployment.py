"""The deployed product: processes of its own on this run's database, and a Redis of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from celery import Celery
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from websockets.sync.client import ClientConnection, connect

from notices.models import Delivery
from reservations.models import Event
from tests.api.redis_server import OwnRedis, free_port
from tests.factories import make_venue
from venues.models import Venue

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
HEARING = 10
"""Seconds until a word that does not come is a fault."""


class Deployment:
    """What docker-compose.yml starts, without its front: `api`, two workers, boards in two."""

    def __init__(self, folder: Path) -> None:
        self.redis = OwnRedis(folder)
        self.logs = folder
        self.ports = {name: free_port() for name in ("api", "live", "other")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._tasks = Celery(broker=self.redis.url)
        self._tasks.conf.broker_transport_options = {"global_keyprefix": "holdfast:"}
        self._tasks.conf.task_default_queue = settings.CELERY_TASK_DEFAULT_QUEUE
        self._tasks.conf.task_routes = settings.CELERY_TASK_ROUTES

    def start(self) -> None:
        self.redis.start()
        self._start("api", "gunicorn", "--config", "deploy/gunicorn.conf.py", WEB_WORKERS="1")
        for name in ("live", "other"):
            self._start_boards(name)
        worker = "celery --app config.celery worker --pool solo"
        self._start("worker", *worker.split())
        self._start("deliveries", *f"{worker} --queues deliveries".split())
        for name in self.ports:
            self._wait(name)
        self._wait_for_worker()

    def restart_boards(self, name: str) -> int:
        """The exit code of the process that was there; another is in its place, and ready."""
        process = self._running.pop(name)
        process.terminate()
        code = process.wait(PATIENCE)
        self._start_boards(name)
        self._wait(name)
        return code

    def stop(self) -> None:
        for process in self._running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.redis.stop()
        self._tasks.close()

    def ask(
        self, path: str, body: Any = None, *, method: str = "POST", by: str = "api", **headers: str
    ) -> int:
        """The status of an answer to a request."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} | headers
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[by]}{path}", data, sent, method=method
        )
        try:
            with _straight.open(request, timeout=PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return refusal.code

    def board(self, venue: Venue, at: str = "live") -> AbstractContextManager[ClientConnection]:
        """A page that watches a venue at one of the processes; opened by `with`."""
        address = f"ws://127.0.0.1:{self.ports[at]}/ws/venues/{venue.slug}/"
        return connect(address, proxy=None, compression=None, open_timeout=PATIENCE)

    def person(self, cookie: str) -> AbstractContextManager[ClientConnection]:
        """A page of a person who is logged in; opened by `with`."""
        address = f"ws://127.0.0.1:{self.ports['live']}/ws/me/"
        sent = {"Cookie": cookie}
        return connect(
            address, proxy=None, compression=None, open_timeout=PATIENCE, additional_headers=sent
        )

    def run_task(self, name: str) -> None:
        """Have the worker do what the schedule would have it do."""
        self._tasks.send_task(name)

    def rest(self) -> None:
        """Waits until the workers have handed on every event and sent what is due.

        Rows that they write would otherwise meet the emptying of the database after a test.
        """
        end, asked = time.monotonic() + PATIENCE, 0.0
        while time.monotonic() < end:
            events = Event.objects.filter(dispatched_at__isnull=True)
            waiting = Delivery.objects.waiting()
            under_way = waiting.filter(Q(next_try_at__lte=timezone.now()) | ~Q(claimed_by=""))
            if not events.exists() and not under_way.exists():
                return
            if time.monotonic() > asked + 1:
                # The messages of the commits may have been lost with Redis.
                self.run_task("config.tasks.dispatch_events")
                self.run_task("notices.tasks.deliver")
                asked = time.monotonic()
            time.sleep(0.05)
        raise TimeoutError(self.log("worker") + self.log("deliveries"))

    def log(self, name: str) -> str:
        """What a process has written so far."""
        return (self.logs / f"{name}.log").read_text()

    def environment(self) -> dict[str, str]:
        """What every process of it is told."""
        return _environment(self.redis.url)

    def _start_boards(self, name: str, **values: str) -> None:
        # As docker-compose.yml has it.
        options = f"--port {self.ports[name]} --lifespan off --ws websockets-sansio"
        options += " --ws-max-size 4096 --ws-per-message-deflate false --no-access-log"
        self._start(name, "uvicorn", "config.asgi:application", *options.split(), **values)

    def _start(self, name: str, command: str, *arguments: str, **values: str) -> None:
        given = self.environment() | values
        if name in self.ports:
            given["PORT"] = str(self.ports[name])
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [str(Path(sys.executable).with_name(command)), *arguments],
                cwd=ROOT,
                env=os.environ | given,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_for_worker(self) -> None:
        """Until it has handed on an event: what it does from now on, a test has told it to."""
        at = timezone.now()
        said = {"at": at, "recorded_at": at, "by": "desk", "by_kind": "system"}
        event = Event.objects.create(venue=make_venue(), name="closure.made", **said)
        self.run_task("config.tasks.dispatch_events")
        end = time.monotonic() + PATIENCE
        while not Event.objects.filter(pk=event.pk, dispatched_at__isnull=False).exists():
            assert time.monotonic() < end, self.log("worker")
            time.sleep(0.1)

    def _wait(self, name: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self._running[name].poll() is None, self.log(name)
            try:
                if self.ask("/readyz", method="GET", by=name) == 200:
                    return
            # Refused, or reset by one that is just starting.
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(self.log(name))


def heard(page: ClientConnection, count: int) -> list[tuple[str, str, str]]:
    """The next so many words: event, unit, state."""
    found = [json.loads(page.recv(HEARING)) for _ in range(count)]
    return [
        (one["event"].removeprefix("reservation."), one["resource"], one["state"]) for one in found
    ]


def _environment(redis: str) -> dict[str, str]:
    """This run's database and secrets; every process of a deployment is told the same."""
    its = connection.settings_dict
    user = quote(str(its["USER"])) + (f":{quote(its['PASSWORD'])}" if its["PASSWORD"] else "")
    return {
        "DATABASE_URL": f"postgres://{user}@{its['HOST']}:{its['PORT'] or 5432}/{its['NAME']}",
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SECRET": settings.JWT_SECRET,
        "REDIS_URL": redis,
        "BROKER_URL": redis,
        "HOST": "127.0.0.1",
        "WEB_THREADS": "4",
        # One machine watches every board.
        "SOCKETS_PER_ADDRESS": "0",
        "DEMO": "0",
    }


_straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Past whatever proxy the machine has for the world outside."""
