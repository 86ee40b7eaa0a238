"""Runs Celery's worker and beat as threads of the serving process, without a broker."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import beat
from celery.worker import state

from config.celery import app

log = logging.getLogger(__name__)

NAME = "embedded@localhost"
PATIENCE = 4.0
"""Seconds that a running task has to end at a stop."""


@contextmanager
def worker_and_beat(*, schedule_file: Path) -> Iterator[None]:
    """Runs worker and beat inside the block. Beat stores its last runs in `schedule_file`."""
    # The solo pool runs tasks in the worker's thread: SQLite has one writer anyway.
    worker = app.WorkController(
        pool="solo",
        concurrency=1,
        hostname=NAME,
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
    )
    ending = threading.Event()
    threads = [
        threading.Thread(target=worker.start, name="worker", daemon=True),
        threading.Thread(target=_beat, args=(schedule_file, ending), name="beat", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        _stop_worker()
        for thread in threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                log.warning("The %s did not end in time", thread.name)


def _stop_worker() -> None:
    # This is what Celery's signal handlers set. They only work in a main thread.
    setattr(state, "should_stop", 0)  # noqa: B010 - its type says None alone
    # Its loop looks every two seconds and then waits as long again. A message wakes it. That it
    # came "from remote" needs no warning.
    logging.getLogger("celery.worker.control").setLevel(logging.ERROR)
    app.control.shutdown(destination=[NAME])


def _beat(schedule_file: Path, ending: threading.Event) -> None:
    # Celery's own loop sleeps until the next task is due and cannot be woken.
    service = beat.Service(app, schedule_filename=str(schedule_file))
    try:
        while not ending.wait(service.scheduler.tick() or 0):
            pass
    finally:
        service.sync()
