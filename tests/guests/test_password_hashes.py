"""A crowd of log-ins for made-up addresses: few hash at once, and everybody else is served."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.db import connections
from django.test import Client
from pytest_django import Settings

from config import asgi
from guests.credentials import password_hashes
from guests.errors import TooBusy
from tests.guests.factories import PASSWORD, UserFactory
from tests.guests.races import race


@pytest.fixture
def impatient() -> Iterator[None]:
    kept, password_hashes.PATIENCE = password_hashes.PATIENCE, 0.01
    yield
    password_hashes.PATIENCE = kept


@pytest.fixture
def light_hashes(slow_hashing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's hashers with the smallest work: turns are taken for these as well."""
    for name, least in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
        monkeypatch.setattr(password_hashes.BoundedArgon2, name, least)
    monkeypatch.setattr(password_hashes.BoundedPBKDF2, "iterations", 1)


def test_no_more_run_at_once_than_the_setting_says(settings: Settings) -> None:
    settings.PASSWORD_HASHES_AT_ONCE = 3
    running, most = Counter[str](), []
    lock, gate = threading.Lock(), threading.Event()

    def work() -> str:
        try:
            with password_hashes.turn():
                with lock:
                    running["now"] += 1
                    most.append(running["now"])
                gate.wait(0.05)
                with lock:
                    running["now"] -= 1
        except TooBusy:
            return "busy"
        return "hashed"

    outcomes = Counter(race(16, work))
    assert max(most) == 3
    # Three run and six wait; of more than that, whoever comes too early is sent away at once.
    assert outcomes["hashed"] >= 9


@pytest.mark.usefixtures("impatient")
def test_whoever_waits_too_long_is_sent_away_and_the_next_is_served(settings: Settings) -> None:
    settings.PASSWORD_HASHES_AT_ONCE = 1
    with password_hashes.turn(), pytest.raises(TooBusy), password_hashes.turn():
        pass
    with password_hashes.turn():
        pass


def test_zero_is_no_bound(settings: Settings) -> None:
    settings.PASSWORD_HASHES_AT_ONCE = 0
    with password_hashes.turn(), password_hashes.turn():
        pass


@pytest.mark.usefixtures("impatient", "light_hashes")
def test_each_hash_of_the_product_takes_a_turn(settings: Settings) -> None:
    settings.PASSWORD_HASHES_AT_ONCE = 1
    known = make_password("x", hasher="argon2")
    old = make_password("x", hasher="pbkdf2_sha256")
    assert check_password("x", known) and check_password("x", old)
    with password_hashes.turn():
        for hasher in ("argon2", "pbkdf2_sha256"):
            with pytest.raises(TooBusy):
                make_password("x", hasher=hasher)
        for hashed in (known, old):
            with pytest.raises(TooBusy):
                check_password("x", hashed)


@pytest.mark.django_db
@pytest.mark.usefixtures("impatient", "light_hashes")
@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_every_door_says_503_to_whoever_finds_no_turn(settings: Settings, email: str) -> None:
    user = UserFactory.create(email="ada@example.com")
    user.set_password(PASSWORD)
    user.save()
    settings.PASSWORD_HASHES_AT_ONCE = 1
    client = Client()
    with password_hashes.turn():
        body = {"email": email, "password": "wrong"}
        api = client.post("/api/v1/auth/login", body, "application/json")
        page = client.post("/accounts/login/", {"login": email, "password": "wrong"})
        admin = client.post("/admin/login/", {"username": email, "password": "wrong"})
    assert (api.status_code, api.json()["code"]) == (503, "busy")
    for answer in (page, admin):
        assert answer.status_code == 503
        assert b"We cannot answer just now" in answer.content
    assert all(answer["Retry-After"] for answer in (api, page, admin))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("light_hashes")
def test_while_every_log_in_waits_the_embedded_server_answers_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """32 log-ins for made-up addresses took all threads, and /healthz came after them."""
    settings.PASSWORD_HASHES_AT_ONCE = 16
    settings.LOGIN_FAILURES_PER_PLACE = "0"
    monkeypatch.setattr(password_hashes, "PATIENCE", 60.0)
    kept = connections.settings["default"]["CONN_MAX_AGE"]
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    try:
        answered = asyncio.run(_crowd())
    finally:
        connections.settings["default"]["CONN_MAX_AGE"] = kept
    assert answered[0] == "/healthz"
    assert len(answered) == 33


async def _crowd() -> list[str]:
    """The paths in the order in which they were answered; all log-ins came before /healthz."""
    answered: list[str] = []

    async def ask(method: str, path: str, body: bytes) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answered.append(path)

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        await asgi.application(
            {
                "type": "http",
                "http_version": "1.1",
                "method": method,
                "path": path,
                "query_string": b"",
                "headers": headers,
            },
            receive,
            send,
        )

    log_ins = [
        asyncio.create_task(
            ask(
                "POST",
                "/api/v1/auth/login",
                b'{"email": "nobody%d@example.com", "password": "wrong"}' % number,
            )
        )
        for number in range(32)
    ]
    with ExitStack() as turns:
        for _ in range(16):
            turns.enter_context(password_hashes.turn())
        await asyncio.sleep(0)
        await asyncio.wait_for(ask("GET", "/healthz", b""), 30)
    await asyncio.gather(*log_ins)
    return answered
