"""The deployed product on a PostgreSQL and a Redis of its own, each part of which may be harmed."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.services import free_port
from tests.faults.servers import OwnPostgres, SlowLine
from tests.trades.deployment import PATIENCE, ROOT, Deployment

GUNICORN = ("gunicorn", "--config", "deploy/gunicorn.conf.py")
GUESSES = 20
"""Wrong passwords that are told a day; each costs the server a slow hash."""


class Fleet(Deployment):
    """API processes `api` and `second`, two workers each, and a Celery worker."""

    def __init__(self, folder: Path, postgres: OwnPostgres | None = None) -> None:
        super().__init__(folder)
        self.postgres = postgres or OwnPostgres()
        self.line = SlowLine(self.redis.port)
        self.ports = {name: free_port() for name in ("api", "second")}
        self._maker: subprocess.Popen[str] | None = None
        self._secrets = {name: secrets.token_hex(32) for name in ("SECRET_KEY", "JWT_SECRET")}

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        self.manage("prepare")
        self.serve("api")
        self.work()

    def stop(self) -> None:
        super().stop()
        if self._maker is not None:
            self._maker.kill()
            self._maker.communicate()
        self.line.close()
        self.postgres.end()

    def environment(self) -> dict[str, str]:
        # By way of a line that can be made slow.
        redis = f"redis://127.0.0.1:{self.line.port}/0"
        return self._secrets | {
            "DATABASE_URL": self.postgres.url,
            "DATA_DIR": str(self.logs),
            "REDIS_URL": redis,
            "BROKER_URL": redis,
            "HOST": "127.0.0.1",
            "WEB_WORKERS": "2",
            "WEB_THREADS": "4",
            "SWEEP_BATCH": "20",
            # No window that ends while a test guesses.
            "LOGIN_FAILURE_RATE": f"{GUESSES}/d",
            "LOGIN_FAILURES_PER_PLACE": "0",
            # One guest books without pause.
            "UNPAID_PER_GUEST": "0",
            "DEMO": "0",
            # Partners' systems are on this machine.
            "WEBHOOK_ALLOW": "127.0.0.1/32",
        }

    def serve(self, name: str, **values: str) -> None:
        """Start an API process, and wait until it takes bookings."""
        self.launch(name, **values)
        self._wait(name)

    def serve_mortal(self, name: str) -> None:
        """Start an API process that can be asked to die before it answers."""
        self._start(name, *GUNICORN, "tests.faults.mortal:application")
        self._wait(name)

    def launch(self, name: str, **values: str) -> None:
        """Start an API process, ready or not."""
        self._start(name, *GUNICORN, **values)

    def work(self, name: str = "worker", *options: str) -> None:
        """Start a Celery worker, ready or not."""
        worker = f"celery --app config.celery worker --pool solo -n {name}"
        self._start(name, *worker.split(), *options)

    def send(self, name: str, channel: str, *, lease: float, **values: str) -> None:
        """Start a process that sends deliveries of a channel, with a lease of so many seconds."""
        values |= {"CHANNEL": channel, "LEASE_SECONDS": str(lease)}
        values["DJANGO_SETTINGS_MODULE"] = "settings.project"
        self._start(name, "python", "-m", "tests.faults.sending", **values)

    def kill(self, name: str) -> None:
        """End every process of it at once, in the middle of whatever it does."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def ask_to_end(self, name: str) -> "subprocess.Popen[bytes]":
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process

    def children(self, name: str) -> list[int]:
        """The worker processes of an API process."""
        pid = self._running[name].pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def world(self, make: str) -> Any:
        """What a function of tests/faults/world.py made in this database."""
        # One process for all of it: starting one takes longer than most tests.
        if self._maker is None:
            self._maker = self._start_maker()
        assert self._maker.stdin is not None and self._maker.stdout is not None
        print(make, file=self._maker.stdin, flush=True)
        return json.loads(self._maker.stdout.readline() or self.log("maker"))

    def _start_maker(self) -> "subprocess.Popen[str]":
        environment = {"DJANGO_SETTINGS_MODULE": "settings.project"} | self.environment()
        with (self.logs / "maker.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.faults.making"],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def forget_messages(self) -> None:
        """Redis loses what it has, as it may."""
        with Redis.from_url(self.redis.url) as redis:
            redis.flushall()

    def finish_tasks(self, *names: str, queue: str = "holdfast") -> None:
        """Have the worker carry these out, and all that waits in its queue; returns when it has."""
        for name in names:
            self.run_task(name)
        with Redis.from_url(self.redis.url) as redis:
            wait_until(
                lambda: not redis.llen(f"holdfast:{queue}") and not redis.hlen("holdfast:unacked")
            )


def wait_until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)
