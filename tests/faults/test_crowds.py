"""Crowds at two API processes at once: one key makes one, and a limit is exact over both."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from uuid import uuid4

import pytest

from tests.faults.fleet import GUESSES, Fleet
from tests.faults.guests import Answer, Guests, Wish, fresh, kept

PARALLEL = 100
TRIES, THREADS = 640, 16


@pytest.fixture(scope="module")
def two(fleet: Fleet) -> Iterator[Callable[[], Guests]]:
    """Guests who ask now this process, now that one."""
    fleet.serve("second")
    ports = cycle(fleet.ports.values())
    guests = fresh(fleet, "second")

    def either() -> Guests:
        return Guests(next(ports), guests.world)

    yield either
    fleet.kill("second")


def test_a_hundred_posts_with_one_key_make_one_reservation_and_one_answer(
    fleet: Fleet, two: Callable[[], Guests]
) -> None:
    wish = two().wish()
    answers = at_once(two, [wish] * PARALLEL)
    told = [answer.body for answer in answers if answer.status == 201]
    # Whoever came while the first was at work may be asked to come again.
    rest = {(one.status, one.body["code"]) for one in answers if one.status != 201}
    assert rest <= {(409, "in_progress")}
    assert told == [told[0]] * len(told)
    assert kept(fleet.postgres)[wish.key] == [int(told[0]["id"])]
    assert two().send(wish).body == told[0]


def test_a_hundred_posts_with_a_key_each_are_a_hundred_wishes(
    fleet: Fleet, two: Callable[[], Guests]
) -> None:
    """The control: what is one above is one for its key."""
    body = two().wish().body
    any_unit = {name: value for name, value in body.items() if name != "resource"}
    wishes = [Wish(uuid4().hex, any_unit, Answer()) for _ in range(PARALLEL)]
    answers = at_once(two, wishes)
    assert Counter(answer.status for answer in answers) == {201: 20, 409: PARALLEL - 20}
    assert len(kept(fleet.postgres)[body["remarks"]]) == 20
    fleet.postgres.run("UPDATE reservations_reservation SET remarks = ''")


def test_wrong_passwords_over_two_processes_are_told_exactly_as_many_as_the_limit_says(
    two: Callable[[], Guests],
) -> None:
    body = {"email": f"{uuid4().hex}@example.com", "password": "wrong"}

    def guess(_: int) -> int | None:
        return two().ask("POST", "/api/v1/auth/login", body).status

    with ThreadPoolExecutor(THREADS) as crowd:
        statuses = Counter(crowd.map(guess, range(TRIES)))
    assert statuses == {401: GUESSES, 429: TRIES - GUESSES}


def at_once(two: Callable[[], Guests], wishes: list[Wish]) -> list[Answer]:
    with ThreadPoolExecutor(len(wishes)) as crowd:
        return list(crowd.map(lambda wish: two().send(wish), wishes))
