"""What the embedded server hands on of a request: as a server of WSGI would, and no more."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from config import asgi

PART, PARTS = b" " * 2**20, 24
LOG_IN = b'{"email": "ada@example.com", "password": "wrong"}'

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def brief_connections() -> Iterator[None]:
    """Threads of the pool would keep theirs, and the test database could not be dropped."""
    kept = connections.settings["default"]["CONN_MAX_AGE"]
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    yield
    connections.settings["default"]["CONN_MAX_AGE"] = kept


def ask(
    path: str,
    *parts: bytes,
    query: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    leaves: bool = False,
) -> list[dict[str, Any]]:
    """What is sent back; a client that `leaves` does so in the middle of its body."""
    sent: list[dict[str, Any]] = []
    left = list(parts) or [b""]

    async def receive() -> dict[str, Any]:
        if not left:
            # Its client stays, and says nothing more.
            await asyncio.sleep(60)
        if leaves and len(left) == 1:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST" if parts else "GET",
        "path": path,
        "query_string": query,
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers],
    }
    asyncio.run(asgi.application(scope, receive, send))
    return sent


def told(sent: list[dict[str, Any]]) -> Any:
    body = b"".join(message.get("body", b"") for message in sent)
    return json.loads(body) if body else None


@pytest.mark.parametrize("is_told", [True, False])
def test_a_body_without_end_is_not_kept(is_told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    length = ((b"content-length", str(PARTS * len(PART)).encode()),) if is_told else ()
    assert ask("/api/v1/auth/login", *[PART] * PARTS, headers=length)[0]["status"] == 413
    handed_on = []

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        handed_on.append(len((await receive())["body"]))

    monkeypatch.setattr(asgi, "_pages", pages)
    ask("/api/v1/reservations", *[PART] * PARTS, headers=length)
    assert handed_on == [4 * 2**20]


def test_a_body_of_unknown_length_is_read() -> None:
    sent = ask("/api/v1/auth/login", LOG_IN[:10], LOG_IN[10:])
    assert sent[0]["status"] == 401
    assert told(sent)["code"] == "invalid_credentials"


def test_who_leaves_in_the_middle_of_a_body_has_asked_nothing() -> None:
    assert ask("/api/v1/auth/login", LOG_IN, b"", leaves=True) == []


def test_a_header_is_not_taken_for_another_of_nearly_its_name() -> None:
    known = ask("/api/v1/me", headers=((b"x-api-key", b"nonsense"),))
    unknown = ask("/api/v1/me", headers=((b"x_api_key", b"nonsense"),))
    assert told(known)["code"] == "invalid_key"
    assert told(unknown)["code"] == "not_authenticated"


def test_bytes_that_no_address_has_are_no_fault() -> None:
    sent = ask("/api/v1/venues", query=b"city=K\xc3\xb6ln&limit=2\x7f")
    assert sent[0]["status"] == 422
    assert ask("/api/v1/venues", query=b"city=K\xc3\xb6ln")[0]["status"] == 200


@pytest.mark.parametrize("path", ["/api/v1/me/exports/7/file", "/me/exports/7/"])
def test_a_file_is_read_as_its_reader_takes_it(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = b"x" * 1_000
    read: list[int] = []

    def file(_: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        for number in range(200):
            read.append(number)
            yield parts

    monkeypatch.setattr(asgi._files, "app", file)
    read_when_it_rested, taken = asyncio.run(_taken_after_a_rest(path, read))
    assert read_when_it_rested < 20
    assert taken == 200 * len(parts)


async def _taken_after_a_rest(path: str, read: list[int]) -> tuple[int, int]:
    """A reader that takes one part and rests until nothing more is read; then it takes all."""
    seen, taken = 0, 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        nonlocal seen, taken
        taken += len(message.get("body", b""))
        while taken and not seen:
            before = len(read)
            await asyncio.sleep(0.1)
            seen = before if before == len(read) else 0

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": path}
    await asgi.application(scope | {"query_string": b"", "headers": []}, receive, send)
    return seen, taken
