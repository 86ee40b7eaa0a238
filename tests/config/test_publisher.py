"""Telling the broker never holds up a request, whatever the broker does."""

import os
import threading
import time
from collections.abc import Callable

import pytest

from config.publisher import MOST_IDS, Breaker, Publisher


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def test_ids_are_sent_from_another_thread() -> None:
    sent: list[int] = []
    threads: set[str] = set()

    def send(ids: list[int]) -> None:
        threads.add(threading.current_thread().name)
        sent.extend(ids)

    publisher = Publisher(send)
    publisher([1, 2])
    publisher([3])
    wait_until(lambda: sorted(sent) == [1, 2, 3])
    assert threads == {"publisher"}


def test_a_hanging_broker_holds_up_nobody_and_overflow_is_left_to_the_sweep() -> None:
    released = threading.Event()
    calls: list[list[int]] = []

    def hang(ids: list[int]) -> None:
        calls.append(ids)
        released.wait(60)

    publisher = Publisher(hang, capacity=10)
    for number in range(1_000):
        publisher([number])
    # It hangs in its first call as yet, and nobody waited for that to end.
    assert len(calls) <= 1 and not released.is_set()
    released.set()
    wait_until(lambda: publisher._waiting.empty())
    assert sum(map(len, calls)) <= 10 + MOST_IDS


class Asked(Breaker):
    """Counts how often it was asked, once it has answered."""

    times = 0

    def is_open(self) -> bool:
        answer = super().is_open()
        self.times += 1
        return answer


def test_after_failures_in_a_row_it_is_left_alone_and_then_tried_again() -> None:
    tries: list[list[int]] = []

    def refuse(ids: list[int]) -> None:
        tries.append(ids)
        raise ConnectionRefusedError

    breaker = Asked(failures=2, pause=3_600)
    publisher = Publisher(refuse, breaker=breaker)
    publisher([0])
    wait_until(lambda: len(tries) == 1)
    publisher([1])
    wait_until(lambda: len(tries) == 2)
    publisher([2])
    wait_until(lambda: breaker.times == 3)
    # The pause is over.
    breaker._opens_at = time.monotonic()
    publisher([3])
    wait_until(lambda: len(tries) == 3)
    # What came during the pause was not tried.
    assert tries == [[0], [1], [3]]


def test_a_success_closes_the_breaker() -> None:
    breaker = Breaker(failures=2, pause=60)
    assert [breaker.failed(), breaker.failed()] == [False, True]
    assert breaker.is_open()
    breaker.succeeded()
    assert not breaker.is_open()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_a_thread_of_its_own() -> None:
    read, write = os.pipe()
    publisher = Publisher(lambda ids: os.write(write, bytes(ids)))
    publisher([1])
    assert os.read(read, 1) == b"\x01"
    child = os.fork()
    if child == 0:
        publisher([2])
        time.sleep(1)
        os._exit(0)
    assert os.read(read, 1) == b"\x02"
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
