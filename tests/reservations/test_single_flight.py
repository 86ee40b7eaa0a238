"""One look for a crowd: shared by those who asked before it began, and by nobody else."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import sleep

import pytest

from reservations import single_flight
from reservations.single_flight import hint, together
from tests.guests.races import until


class Looks:
    """Looks that end when they are told to, each finding its own number."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = Event()

    def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        assert self.may_end.wait(60)
        return mine


def waiting(pool: ThreadPoolExecutor, look: Callable[[], int], count: int) -> list[Future[int]]:
    return [pool.submit(together, "question", look) for _ in range(count)]


def behind_one(
    pool: ThreadPoolExecutor, looks: Looks, look: Callable[[], int], count: int
) -> tuple[Future[int], list[Future[int]]]:
    """One who looked first, and some who came while it did, once its look may end."""
    (first,) = waiting(pool, looks, 1)
    until(lambda: looks.begun == 1)
    others = waiting(pool, look, count)
    until(lambda: single_flight._asked["question"].waiting is not None)
    sleep(0.05)
    looks.may_end.set()
    return first, others


def test_those_who_come_during_a_look_share_the_next_one() -> None:
    looks = Looks()
    with ThreadPoolExecutor(8) as pool:
        first, others = behind_one(pool, looks, looks, 6)
        assert first.result(60) == 1
        assert {other.result(60) for other in others} == {2}
    assert looks.begun == 2


def test_who_comes_alone_looks_and_leaves_nothing_behind() -> None:
    found = iter("ab")
    assert [together("question", found.__next__) for _ in range(2)] == ["a", "b"]
    assert not single_flight._asked


def test_that_it_was_asked_is_known_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    together("question", lambda: 1)
    assert single_flight.is_asked("question")
    monkeypatch.setattr(single_flight, "CROWDED", 0)
    assert not single_flight.is_asked("question")


def test_who_looks_for_a_crowd_waits_for_the_rest_of_it() -> None:
    looks = Looks()
    looks.may_end.set()
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(together, "question", looks, pause=1) for _ in range(8)]
        assert {one.result(60) for one in asking} == {1}


def in_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several answered together what comes before the hint, however long ago that will be."""
    monkeypatch.setattr(single_flight, "CROWDED", 60)
    monkeypatch.setattr(single_flight, "AGAIN", 60)
    looks = Looks()
    looks.may_end.set()
    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(together, "before", looks, pause=1) for _ in range(2)]
        assert {one.result(60) for one in asking} == {1}


def test_a_hint_is_found_anew_for_everyone_who_comes_alone() -> None:
    found = iter("abc")
    together("before", lambda: 1)
    assert [hint("question", found.__next__, after="before") for _ in range(3)] == ["a", "b", "c"]


def test_a_hint_is_told_again_to_a_crowd_but_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter("abc")
    in_a_crowd(monkeypatch)
    assert [hint("question", found.__next__, after="before") for _ in range(3)] == ["a"] * 3
    # Others who come from the same crowd may ask something else.
    assert hint("another", found.__next__, after="before") == "b"
    monkeypatch.setattr(single_flight, "AGAIN", 0)
    assert hint("question", found.__next__, after="before") == "c"


def test_no_more_hints_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_flight, "MOST_HINTS", 2)
    in_a_crowd(monkeypatch)
    found = iter(range(9))
    for question in (*"abc", *"cba"):
        hint(question, found.__next__, after="before")
    # Of three the first had gone; asked for once more, it made another go.
    assert next(found) == 4


def test_who_does_not_come_first_waits_until_it_has_been_tried_and_does_not_try() -> None:
    came: list[str] = []
    order: list[str] = []
    may_end = Event()

    def attempt(name: str) -> None:
        came.append(name)
        with single_flight.trying("question") as may_try:
            if may_try:
                order.append(f"{name} tries")
                assert may_end.wait(60)
            order.append(f"{name} is done")

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(attempt, "first")
        until(lambda: bool(order))
        others = [pool.submit(attempt, "other") for _ in range(3)]
        until(lambda: len(came) == 4)
        sleep(0.1)
        assert order == ["first tries"]
        may_end.set()
        for one in (first, *others):
            one.result(60)
    assert sorted(order[1:]) == ["first is done", "other is done", "other is done", "other is done"]
    with single_flight.trying("question") as may_try:
        assert may_try


def test_what_is_tried_in_vain_leaves_nothing_behind() -> None:
    with pytest.raises(ValueError), single_flight.trying("question"):
        raise ValueError
    assert not single_flight._trying


def test_of_many_questions_the_latest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_flight, "MOST", 3)
    for question in range(5):
        together(question, lambda: 1)
    assert [single_flight.is_asked(question) for question in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_other_questions_do_not_wait() -> None:
    looks = Looks()
    with ThreadPoolExecutor(2) as pool:
        (first,) = waiting(pool, looks, 1)
        until(lambda: looks.begun == 1)
        assert single_flight.is_asked("question") and not single_flight.is_asked("another")
        assert together("another", lambda: "told") == "told"
        looks.may_end.set()
        first.result(60)


def test_who_waits_for_a_look_that_fails_looks_for_oneself() -> None:
    looks, fail = Looks(), Event()
    failed: list[int] = []

    def failing() -> int:
        if not failed:
            failed.append(1)
            assert fail.wait(60)
            raise ValueError("lost")
        return 7

    with ThreadPoolExecutor(8) as pool:
        first, others = behind_one(pool, looks, failing, 3)
        fail.set()
        assert first.result(60) == 1
        told = [other.exception(60) or other.result(60) for other in others]
    assert sorted(map(str, told)) == ["7", "7", "lost"]
    assert not single_flight._asked


def test_a_look_that_does_not_end_holds_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_flight, "LONGEST_WAIT", 0.05)
    looks = Looks()
    with ThreadPoolExecutor(4) as pool:
        (stuck,) = waiting(pool, looks, 1)
        until(lambda: looks.begun == 1)
        assert together("question", lambda: 5) == 5
        looks.may_end.set()
        assert stuck.result(60) == 1
    assert not single_flight._asked
