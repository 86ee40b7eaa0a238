"""Runs worker, beat and the senders of deliveries as threads of the serving process."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import beat
from celery.worker import state
from django.db import close_old_connections

from config.beat import Scheduler
from config.celery import app
from config.steady_thread import SteadyThread
from notices import batches
from notices.models.delivery import Channel

log = logging.getLogger(__name__)

NAME = "embedded@localhost"
PATIENCE = 4.0
"""Seconds that a running task has to end at a stop."""

IDLE = 5.0
"""Seconds after which a sender of deliveries looks again when nobody has woken it."""
SENDERS: dict[str, tuple[str, ...]] = {
    "sender of letters": (Channel.MAIL,),
    "sender of texts": (Channel.SMS,),
    "sender of chat": (Channel.CHAT,),
    "sender of webhooks": (Channel.WEBHOOK,),
}
"""The channels of each thread: a slow receiver on one must not delay another."""

_threads: list[SteadyThread] = []
_woken = {name: threading.Event() for name in SENDERS}


@contextmanager
def worker_and_beat(*, schedule_file: Path) -> Iterator[None]:
    """Runs both inside the block. Beat notes in `schedule_file` when each task ran last."""
    ending = threading.Event()
    beating = SteadyThread("beat", lambda: _beat(schedule_file, ending), ending=ending)
    working = SteadyThread("worker", lambda: _work(ending), ending=ending)
    sending = [
        SteadyThread(name, lambda name=name: _deliver(name, ending), ending=ending)  # type: ignore[misc]
        for name in SENDERS
    ]
    _threads[:] = [working, beating, *sending]
    for each in _threads:
        each.thread.start()
    try:
        yield
    finally:
        ending.set()
        wake_senders()
        _stop_worker()
        for thread in (each.thread for each in _threads):
            thread.join(PATIENCE)
            if thread.is_alive():
                log.warning("The %s did not end in time", thread.name)
        _threads.clear()


def faults() -> list[str]:
    """Returns what is wrong with worker and beat; [] also where this process runs neither."""
    return [fault for each in _threads if (fault := each.fault())]


def wake_senders() -> None:
    """Makes the senders look at once for what is due."""
    for event in _woken.values():
        event.set()


def _deliver(name: str, ending: threading.Event) -> None:
    woken = _woken[name]
    while not ending.is_set():
        woken.clear()
        close_old_connections()
        if not batches.send_batch(SENDERS[name]):
            woken.wait(IDLE)


def _work(ending: threading.Event) -> None:
    # What a worker that stopped has left behind for all of this process.
    setattr(state, "should_stop", None)  # noqa: B010
    # The solo pool runs tasks in the worker's own thread. SQLite has one writer anyway.
    worker = app.WorkController(
        pool="solo",
        concurrency=1,
        hostname=NAME,
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
    )
    if not ending.is_set():
        worker.start()


def _stop_worker() -> None:
    # This is what Celery's signal handlers set. They only work in a main thread.
    setattr(state, "should_stop", 0)  # noqa: B010 - its type says None alone
    # Its loop looks every two seconds and then waits as long again. A message wakes it. That it
    # came "from remote" needs no warning.
    logging.getLogger("celery.worker.control").setLevel(logging.ERROR)
    app.control.shutdown(destination=[NAME])


def _beat(schedule_file: Path, ending: threading.Event) -> None:
    # Celery's own loop sleeps until the next task is due, and does not notice the end.
    service = beat.Service(app, scheduler_cls=Scheduler, schedule_filename=str(schedule_file))
    try:
        while not ending.wait(service.scheduler.tick() or 0):
            pass
    finally:
        service.sync()
