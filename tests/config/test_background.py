"""What runs beside requests goes on after every fault and after a clock that was wrong."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from celery.beat import Service

from config import steady_thread
from config.beat import Scheduler
from config.celery import app
from config.publisher import Publisher
from config.steady_thread import SteadyThread


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def scheduler(tmp_path: Path) -> Scheduler:
    service = Service(app, scheduler_cls=Scheduler, schedule_filename=str(tmp_path / "schedule"))
    found = service.scheduler
    assert isinstance(found, Scheduler)
    return found


def test_the_schedule_goes_on_at_once_after_the_clock_was_two_days_ahead(tmp_path: Path) -> None:
    beat = scheduler(tmp_path)
    ahead = app.now() + timedelta(days=2)
    for entry in beat.schedule.values():
        entry.last_run_at = ahead
    beat._distrust()
    minutely = beat.schedule["expire holds"]
    is_due, _ = minutely.is_due()
    assert is_due
    assert all(entry.last_run_at != ahead for entry in beat.schedule.values())


def test_a_schedule_of_the_right_clock_is_left_as_it_is(tmp_path: Path) -> None:
    beat = scheduler(tmp_path)
    noted = {name: entry.last_run_at for name, entry in beat.schedule.items()}
    beat._distrust()
    assert noted == {name: entry.last_run_at for name, entry in beat.schedule.items()}


def test_work_that_fails_is_begun_again_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    ending, tries = threading.Event(), []

    def fail() -> None:
        tries.append(1)
        raise LookupError("never mind")

    steady = SteadyThread("beat", fail, ending=ending, pause=0.001)
    steady.thread.start()
    wait_until(lambda: len(tries) > 5)
    assert steady.thread.is_alive() and steady.fault() == ""
    ending.set()
    steady.thread.join(60)
    assert [record.getMessage() for record in caplog.records] == [
        "The beat ended and is begun again"
    ]


def test_work_that_fails_for_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steady_thread, "STEADY", 0.0)
    ending = threading.Event()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        ending.wait(60)

    steady = SteadyThread("worker", wait, ending=ending)
    assert steady.fault() == "The worker has ended."
    steady.thread.start()
    begun.wait(60)
    assert steady.fault() == ""
    ending.set()
    steady.thread.join(60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_publisher_begins_a_thread_anew_where_its_own_has_ended() -> None:
    sent: list[int] = []

    def send(ids: list[int]) -> None:
        if 0 in ids:
            raise SystemExit
        sent.extend(ids)

    publisher = Publisher(send)
    publisher([0])
    wait_until(lambda: not publisher.is_running())
    publisher([1])
    wait_until(lambda: sent == [1])
