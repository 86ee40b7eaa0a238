"""Starts threads at one instant and gathers what each of them came to."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import sleep
from typing import Any

from django.db import connection

CROWD = 8
"""More runners than these have the database to themselves: PostgreSQL lets in a hundred."""


def race(runners: int, act: Callable[[], Any]) -> list[Any]:
    """What `act` returned or raised in each of the threads."""
    with _alone() if runners > CROWD else nullcontext():
        return _race(runners, act)


def _race(runners: int, act: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(runners)
    outcomes: list[Any] = []

    def run() -> None:
        barrier.wait()
        try:
            outcomes.append(act())
        except Exception as error:  # noqa: BLE001 - told to the test
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def until(is_so: Callable[[], bool]) -> None:
    """Until it has come to that; counted in naps, as a test may have stopped the clocks."""
    for _ in range(6_000):
        if is_so():
            return
        sleep(0.01)
    raise AssertionError("It did not come to that.")


def until_somebody_waits() -> None:
    """Until a lock of this connection is in somebody's way; PostgreSQL alone tells."""
    # For this connection: what another worker's tests wait for is none of ours.
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid))"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()
        while True:
            cursor.execute(waiting, own)
            if cursor.fetchone():
                return


@contextmanager
def _alone() -> Iterator[None]:
    """No other worker of the suite has a crowd meanwhile. The lock is of this very file."""
    with Path(__file__).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
