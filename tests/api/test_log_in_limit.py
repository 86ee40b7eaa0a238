"""Failed log-ins: told how many are left, and held to with Redis refusing, hanging or slow."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from pytest_django import Settings

from tests.api.calling import Api, anonymous, person, problem
from tests.api.redis_server import free_port
from tests.api.test_limits import caches_at
from tests.guests.factories import PASSWORD, UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

DOORS = ("/auth/login", "/parking/login")
every_door = pytest.mark.parametrize("door", DOORS)


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "3/m"
    UserFactory.create(email="ada@example.com")


def attempt(password: str, door: str = "/auth/login") -> Any:
    return anonymous().post(door, {"email": "ada@example.com", "password": password})


def told(answer: Any) -> tuple[str, int]:
    """The policy, and how many failures are left."""
    left, wait = answer["RateLimit"].removeprefix('"log-in";r=').split(";t=")
    assert 1 <= int(wait) <= 60
    return answer["RateLimit-Policy"], int(left)


@every_door
def test_every_answer_tells_the_rate_and_what_is_left(door: str) -> None:
    policy = '"log-in";q=3;w=60'
    assert told(attempt(PASSWORD, door)) == (policy, 3)
    for left in (2, 1, 0):
        answer = attempt("wrong", door)
        problem(answer, 401, "invalid_credentials")
        assert told(answer) == (policy, left)
        assert "Retry-After" not in answer
    held_back = attempt(PASSWORD, door)
    problem(held_back, 429, "rate_limited")
    assert told(held_back) == (policy, 0)
    assert 1 <= int(held_back["Retry-After"]) <= 60


def test_both_doors_count_as_one() -> None:
    for number in range(3):
        assert attempt("wrong", DOORS[number % 2]).status_code == 401
    assert {attempt(PASSWORD, door).status_code for door in DOORS} == {429}


def test_hundreds_of_forged_places_give_no_more_guesses() -> None:
    caller = anonymous()
    answers = [
        caller.post(
            "/auth/login",
            {"email": "ada@example.com", "password": "wrong"},
            X_Forwarded_For=f"198.51.100.{number}",
            Forwarded=f"for=198.51.100.{number}",
            X_Real_IP=f"203.0.113.{number}",
        ).status_code
        for number in range(250)
    ]
    assert answers == [401] * 3 + [429] * 247


def test_behind_one_proxy_only_what_it_says_is_a_place(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1

    def guess(forged: str, place: str) -> int:
        body = {"email": "ada@example.com", "password": "wrong"}
        forwarded = f"{forged}, {place}"
        status: int = anonymous().post("/auth/login", body, X_Forwarded_For=forwarded).status_code
        return status

    assert [guess(f"6.6.6.{number}", "203.0.113.1") for number in range(5)] == [401] * 3 + [429] * 2
    assert guess("6.6.6.6", "203.0.113.2") == 401


# Redis goes away, in each of the ways it has.


@contextmanager
def listening(answer: Any) -> Iterator[str]:
    """A server at whose port each connection is given to `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection = server.accept()[0]
                    kept.append(connection)
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        for connection in kept:
            connection.close()


def _hang(connection: socket.socket) -> None:
    """Accepts, and never answers."""


def _slow(connection: socket.socket) -> None:
    """Answers each command with OK, long after everybody has stopped waiting."""
    with suppress(OSError):
        while connection.recv(65_536):
            time.sleep(1)
            connection.sendall(b"+OK\r\n")


def _talk_nonsense(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@contextmanager
def _refused() -> Iterator[str]:
    yield f"redis://127.0.0.1:{free_port()}/0"


WAYS: dict[str, Any] = {
    "refuses": _refused,
    "hangs": lambda: listening(_hang),
    "is slow": lambda: listening(_slow),
    "talks nonsense": lambda: listening(_talk_nonsense),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_redis_does_guesses_are_limited_and_honest_people_come_in(
    way: str, settings: Settings, hotel: Venue
) -> None:
    user = UserFactory.create(email="bob@example.com")
    with WAYS[way]() as url:
        settings.CACHES = caches_at(url)
        assert attempt(PASSWORD).status_code == 200
        assert [attempt("wrong").status_code for _ in range(4)] == [401] * 3 + [429]
        assert attempt(PASSWORD).status_code == 429
        # Somebody else, reads and what else asks for the counters go on.
        body = {"email": "bob@example.com", "password": PASSWORD}
        assert anonymous().post("/auth/login", body).status_code == 200
        assert anonymous().get(f"/venues/{hotel.slug}").status_code == 200
        assert person(user).get("/me").status_code == 200
        assert Api(lambda: {"X-API-Key": "x"}).get("/reservations").status_code == 401


def test_when_redis_is_back_nothing_counted_meanwhile_is_forgotten(settings: Settings) -> None:
    known = settings.CACHES
    with WAYS["refuses"]() as url:
        settings.CACHES = caches_at(url)
        assert [attempt("wrong").status_code for _ in range(3)] == [401] * 3
    settings.CACHES = known
    assert attempt(PASSWORD).status_code == 429
