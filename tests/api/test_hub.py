"""The hub: each socket is sent what it takes, and one that takes nothing is let go."""

import asyncio
from typing import Any

import pytest
from pytest_django import Settings

from api.live import hub

VENUE = 1


@pytest.fixture(autouse=True)
def _embedded(settings: Settings) -> None:
    settings.LIVE_REDIS_URL = ""


class Socket:
    """Takes what it is sent, unless it is stuck."""

    def __init__(self, venue_id: int = VENUE) -> None:
        self.sent: list[Any] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.place = hub.Place(venue_id, self.send, greeting=lambda: "hello")
        hub.here().join(self.place)

    async def send(self, message: dict[str, Any]) -> None:
        await self.is_open.wait()
        self.sent.append(message.get("text") or message["code"])


async def _settled() -> None:
    """Let every task of the loop run until each has ended or waits for something."""
    for _ in range(200):
        await asyncio.sleep(0)


class Gone(Socket):
    """What servers say of a page that has gone: at once, or after a wait."""

    async def send(self, message: dict[str, Any]) -> None:
        await self.is_open.wait()
        raise OSError("gone")


def test_who_keeps_up_is_sent_everything_at_once() -> None:
    async def tell() -> list[Any]:
        socket = Socket()
        hub.here().spread(VENUE, ["one", "two"])
        return socket.sent

    assert asyncio.run(tell()) == ["hello", "one", "two"]


def test_nobody_of_another_venue_hears() -> None:
    async def tell() -> list[Any]:
        socket = Socket()
        hub.here().spread(VENUE + 1, ["theirs"])
        return socket.sent

    assert asyncio.run(tell()) == ["hello"]


def test_one_that_is_stuck_costs_the_others_nothing_and_hears_all_of_it_later() -> None:
    async def tell() -> None:
        stuck, other = Socket(), Socket()
        stuck.is_open.clear()
        for word in ("one", "two", "three"):
            hub.here().spread(VENUE, [word])
        assert other.sent == ["hello", "one", "two", "three"]
        assert stuck.sent == ["hello"]
        stuck.is_open.set()
        await _settled()
        assert stuck.sent == other.sent
        # And from then on at once again.
        hub.here().spread(VENUE, ["four"])
        assert stuck.sent == other.sent

    asyncio.run(tell())


def test_one_that_falls_behind_is_told_to_come_again_and_nothing_else() -> None:
    async def tell() -> None:
        stuck, other = Socket(), Socket()
        stuck.is_open.clear()
        for number in range(2 * hub.ROOM):
            hub.here().spread(VENUE, [str(number)])
        assert len(other.sent) == 2 * hub.ROOM + 1
        stuck.is_open.set()
        await _settled()
        # The one that was on its way, then the goodbye.
        assert stuck.sent == ["hello", "0", hub.FELL_BEHIND]
        hub.here().leave(stuck.place)

    asyncio.run(tell())


def test_a_burst_makes_nobody_fall_behind() -> None:
    async def tell() -> None:
        stuck = Socket()
        stuck.is_open.clear()
        hub.here().spread(VENUE, [str(number) for number in range(50 * hub.ROOM)])
        stuck.is_open.set()
        await _settled()
        assert len(stuck.sent) == 50 * hub.ROOM + 1

    asyncio.run(tell())


@pytest.mark.parametrize("is_stuck_first", [True, False])
def test_one_that_has_gone_is_no_fault(is_stuck_first: bool) -> None:
    async def tell() -> list[Any]:
        gone, other = Gone(), Socket()
        if is_stuck_first:
            gone.is_open.clear()
        hub.here().spread(VENUE, ["one"])
        gone.is_open.set()
        await _settled()
        hub.here().leave(gone.place)
        hub.here().leave(gone.place)
        hub.here().spread(VENUE, ["two"])
        return other.sent

    assert asyncio.run(tell()) == ["hello", "one", "two"]


def test_a_word_that_is_none_of_ours_makes_nobody_deaf(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async def tell() -> list[int]:
        socket = Socket()
        here = hub.here()
        for word in ("x", "", "1,x", "9" * 5_000, "\0", "-1", "1.5", "²"):
            here._take({"type": "message", "data": word})
        here.leave(socket.place)
        return [one for ids in _all_of(here._announced) for one in ids]

    assert asyncio.run(tell()) == [1]
    assert len(caplog.records) == 1


def test_a_fault_while_one_is_told_of_is_logged_once_and_the_task_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def tell() -> None:
        Socket()
        here = hub.here()
        for _ in range(3):
            here.announced([object()])  # type: ignore[list-item]
            await asyncio.wait_for(here._announced.join(), 60)
        assert not any(task.done() for task in here._tasks)
        assert not here.is_deaf()

    asyncio.run(tell())
    assert [one.getMessage() for one in caplog.records] == ["Boards were not told"]


def test_a_socket_that_fails_in_its_own_way_costs_the_others_nothing() -> None:
    class Broken(Socket):
        async def send(self, message: dict[str, Any]) -> None:
            raise LookupError

    async def tell() -> list[Any]:
        Broken()
        other = Socket()
        hub.here().spread(VENUE, ["one"])
        return other.sent

    assert asyncio.run(tell()) == ["hello", "one"]


def _all_of(waiting: "asyncio.Queue[Any]") -> list[Any]:
    return [waiting.get_nowait() for _ in range(waiting.qsize())]
