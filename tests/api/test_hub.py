"""The hub: one ear for a process, a bounded place for each socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from api import hub
from tests.api.redis_server import OwnRedis

SOON = 10


def test_a_place_with_no_room_left_says_so_and_ends() -> None:
    async def fill() -> list[str]:
        place = hub.Place(1, lambda: "hello")
        assert all(place.put([str(number)]) for number in range(hub.ROOM))
        assert not place.put(["one too many"])
        return [word async for word in place.words()]

    assert asyncio.run(fill()) == []


def test_what_a_full_place_missed_the_others_hear(settings: Settings) -> None:
    settings.LIVE_REDIS_URL = ""

    async def listen() -> list[str]:
        full, other = hub.Place(1, lambda: "hello"), hub.Place(1, lambda: "hello")
        here = hub.here()
        here.join(full)
        for _ in range(hub.ROOM):
            here.spread(1, ["noise"])
        here.join(other)
        here.spread(1, ["word"])
        here.leave(full)
        return await first(other, 2)

    assert asyncio.run(listen()) == ["hello", "word"]


def test_nobody_of_another_venue_hears(settings: Settings) -> None:
    settings.LIVE_REDIS_URL = ""

    async def listen() -> list[str]:
        place = hub.Place(1, lambda: "hello")
        hub.here().join(place)
        hub.publish(2, ["theirs"])
        hub.publish(1, ["ours", "ours too"])
        return await first(place, 3)

    assert asyncio.run(listen()) == ["hello", "ours", "ours too"]


@pytest.fixture
def redis(tmp_path: Path, settings: Settings) -> Callable[[], Any]:
    """A Redis that is started when the test says so, and stopped and started again."""
    if which("redis-server") is None:
        pytest.skip("needs redis-server")
    server = OwnRedis(tmp_path)
    settings.LIVE_REDIS_URL, settings.LIVE_CHANNEL = server.url, uuid4().hex

    @asynccontextmanager
    async def running() -> AsyncIterator[OwnRedis]:
        await asyncio.to_thread(server.start)
        try:
            yield server
        finally:
            server.stop()

    return running


def test_nobody_is_greeted_before_redis_is_heard(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PAUSE", 0.05)

    async def listen() -> list[str]:
        place = hub.Place(7, lambda: "hello")
        hub.here().join(place)
        await asyncio.sleep(0.2)
        async with redis():
            heard = await first(place, 1)
            await asyncio.to_thread(hub.publish, 7, ["word", "and another"])
            return heard + await first(place, 2)

    assert asyncio.run(listen()) == ["hello", "word", "and another"]


def test_who_was_there_is_greeted_again_once_redis_is_back(
    redis: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub, "PAUSE", 0.05)

    async def listen() -> list[str]:
        place = hub.Place(7, lambda: "hello")
        hub.here().join(place)
        async with redis():
            heard = await first(place, 1)
        async with redis():
            return heard + await first(place, 1)

    assert asyncio.run(listen()) == ["hello", "hello"]
    assert [line for line in caplog.messages if line.startswith("Boards hear nothing")]


def test_a_redis_that_says_nothing_is_asked_and_one_that_is_silent_is_left(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PAUSE", 0.05)
    monkeypatch.setattr(hub, "SILENCE", 0.2)

    async def listen() -> list[str]:
        place = hub.Place(7, lambda: "hello")
        hub.here().join(place)
        async with redis() as server:
            heard = await first(place, 1)
            # It answers when asked, so nothing is begun anew.
            await asyncio.sleep(1)
            assert place._waiting.empty()
            server.pause()
            await asyncio.sleep(1)
            server.resume()
            return heard + await first(place, 1)

    assert asyncio.run(listen()) == ["hello", "hello"]


async def first(place: hub.Place, count: int) -> list[str]:
    """The first so many words said to a place."""
    words = place.words()
    return [await asyncio.wait_for(anext(words), SOON) for _ in range(count)]
