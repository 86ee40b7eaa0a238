"""Starts threads at one instant and gathers what each of them came to."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def race(runners: int, act: Callable[[], Any]) -> list[Any]:
    """What `act` returned or raised in each of the threads."""
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
