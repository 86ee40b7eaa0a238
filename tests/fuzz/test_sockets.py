"""Hostile paths, headers and frames to sockets: each is refused or ignored, and none fails."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django.fixtures import Settings

from config.asgi import application
from tests.factories import make_venue
from tests.fuzz import hostile
from tests.trades.listening import Loop, pages

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 40 * hostile.ROUNDS
PATIENCE = 30
HEADERS = (b"origin", b"host", b"cookie", b"x-forwarded-for", b"sec-websocket-protocol", b"\xff")
FRAMES: tuple[dict[str, Any], ...] = (
    {"text": "{}"},
    {"text": "x" * 4_000},
    {"text": "\0\ud800"},
    {"text": hostile.LONG},
    {"bytes": b"\xff\x00" * 2_000},
    {"bytes": b""},
    {"text": '{"type": "hello"}'},
    {"text": None, "bytes": b"[" * 500},
)


@pytest.fixture
def loop(settings: Settings) -> Iterator[Loop]:
    settings.LIVE_REDIS_URL = ""
    with pages() as opened:
        yield opened._loop


def path(chance: Random, slug: str) -> str:
    part = chance.choice([slug, slug, *hostile.TEXTS])
    return chance.choice((f"/ws/venues/{part}/", f"/ws/{part}", f"/{part}", "", "/ws/venues//"))


def scope(chance: Random, slug: str) -> dict[str, Any]:
    headers = [(name, value(chance)) for name in chance.sample(HEADERS, chance.randint(0, 3))]
    return {
        "type": "websocket",
        "path": path(chance, slug),
        "query_string": value(chance),
        "headers": headers,
        "client": chance.choice((None, ("", 0), ("not an address", 1), ("::1", 2))),
    }


def value(chance: Random) -> bytes:
    """As a server hands it on: bytes, of which few are what they should be."""
    text = quote(chance.choice(hostile.VALUES), safe=" ,:/[", errors="replace")
    return chance.choice((text.encode()[:4_000], b"\xff\xfe", b"http://[", b"a:b:c"))


async def speak(chance: Random, slug: str) -> None:
    """One socket from its handshake to its end. Raises what the application raises."""
    socket = ApplicationCommunicator(application, scope(chance, slug))
    await socket.send_input({"type": "websocket.connect"})
    await socket.receive_output(PATIENCE)
    for frame in chance.choices(FRAMES, k=chance.randint(0, 5)):
        await socket.send_input({"type": "websocket.receive", **frame})
    code = chance.choice((1000, 1006, 4999, 0))
    await socket.send_input({"type": "websocket.disconnect", "code": code})
    await asyncio.wait_for(socket.wait(PATIENCE), PATIENCE)


def test_no_socket_fails(loop: Loop) -> None:
    slug = make_venue().slug
    for number in range(TRIES):
        loop.run(speak(Random(number), slug))
