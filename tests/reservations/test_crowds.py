"""One look for a crowd: shared by those who asked before it began, and by nobody else."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import sleep

import pytest

from reservations import crowds
from reservations.crowds import together


class Looks:
    """Looks that end when they are told to, each finding its own number."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = Event()

    def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        assert self.may_end.wait(5)
        return mine


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        sleep(0.01)
    raise AssertionError("It did not come to that.")


def waiting(pool: ThreadPoolExecutor, look: Callable[[], int], count: int) -> list[Future[int]]:
    return [pool.submit(together, "question", look) for _ in range(count)]


def behind_one(
    pool: ThreadPoolExecutor, looks: Looks, look: Callable[[], int], count: int
) -> tuple[Future[int], list[Future[int]]]:
    """One who looked first, and some who came while it did, once its look may end."""
    (first,) = waiting(pool, looks, 1)
    until(lambda: looks.begun == 1)
    others = waiting(pool, look, count)
    until(lambda: crowds._asked["question"].waiting is not None)
    sleep(0.05)
    looks.may_end.set()
    return first, others


def test_those_who_come_during_a_look_share_the_next_one() -> None:
    looks = Looks()
    with ThreadPoolExecutor(8) as pool:
        first, others = behind_one(pool, looks, looks, 6)
        assert first.result(5) == 1
        assert {other.result(5) for other in others} == {2}
    assert looks.begun == 2


def test_who_comes_alone_looks_and_leaves_nothing_behind() -> None:
    found = iter("ab")
    assert [together("question", found.__next__) for _ in range(2)] == ["a", "b"]
    assert not crowds._asked


def test_that_it_was_asked_is_known_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    together("question", lambda: 1)
    assert crowds.is_asked("question")
    monkeypatch.setattr(crowds, "CROWDED", 0)
    assert not crowds.is_asked("question")


def test_who_looks_for_a_crowd_waits_for_the_rest_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "GATHERING", 0.5)
    looks = Looks()
    looks.may_end.set()
    assert together("question", looks) == 1
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(together, "question", looks, is_dear=True) for _ in range(8)]
        assert {one.result(5) for one in asking} == {2}


def test_of_many_questions_the_latest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "MOST", 3)
    for question in range(5):
        together(question, lambda: 1)
    assert [crowds.is_asked(question) for question in range(5)] == [False, False, True, True, True]


def test_other_questions_do_not_wait() -> None:
    looks = Looks()
    with ThreadPoolExecutor(2) as pool:
        (first,) = waiting(pool, looks, 1)
        until(lambda: looks.begun == 1)
        assert crowds.is_asked("question") and not crowds.is_asked("another")
        assert together("another", lambda: "told") == "told"
        looks.may_end.set()
        first.result(5)


def test_who_waits_for_a_look_that_fails_looks_for_oneself() -> None:
    looks, fail = Looks(), Event()
    failed: list[int] = []

    def failing() -> int:
        if not failed:
            failed.append(1)
            assert fail.wait(5)
            raise ValueError("lost")
        return 7

    with ThreadPoolExecutor(8) as pool:
        first, others = behind_one(pool, looks, failing, 3)
        fail.set()
        assert first.result(5) == 1
        told = [other.exception(5) or other.result(5) for other in others]
    assert sorted(map(str, told)) == ["7", "7", "lost"]
    assert not crowds._asked


def test_a_look_that_does_not_end_holds_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "LONGEST_WAIT", 0.05)
    looks = Looks()
    with ThreadPoolExecutor(4) as pool:
        (stuck,) = waiting(pool, looks, 1)
        until(lambda: looks.begun == 1)
        assert together("question", lambda: 5) == 5
        looks.may_end.set()
        assert stuck.result(5) == 1
    assert not crowds._asked
