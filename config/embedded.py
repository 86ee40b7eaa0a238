"""Worker and beat as threads of the one process that also serves, which needs no broker."""

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
"""Seconds a running task is given to end when everything stops."""


@contextmanager
def worker_and_beat(*, schedule_file: Path) -> Iterator[None]:
    """Both run inside this block; `schedule_file` is where beat notes what ran when."""
    # The solo pool runs tasks in the worker's own thread: SQLite has one writer anyway.
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
    # What Celery's own signal handlers set; those only work in a main thread.
    setattr(state, "should_stop", 0)  # noqa: B010 - its type says None alone
    # Its loop looks at that every two seconds and then waits as long again; a message wakes it,
    # and that it came "from remote" is not worth a warning here.
    logging.getLogger("celery.worker.control").setLevel(logging.ERROR)
    app.control.shutdown(destination=[NAME])


def _beat(schedule_file: Path, ending: threading.Event) -> None:
    # Celery's own loop sleeps until the next task is due, whoever asks it to end.
    service = beat.Service(app, schedule_filename=str(schedule_file))
    try:
        while not ending.wait(service.scheduler.tick() or 0):
            pass
    finally:
        service.sync()
