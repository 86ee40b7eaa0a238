"""Who watches which venue in this process, and how word reaches them: heard once, then spread.

A process listens to Redis on one connection, however many sockets it has. Embedded, nobody else
could say anything, and word goes from thread to loop without leaving the process.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

log = logging.getLogger(__name__)

ROOM = 1_000
"""Changes that may wait for one socket, beside what its connection buffers: several batches of
the outbox, since one may arrive before any socket has had its turn."""
PAUSE = 0.5
"""Seconds before Redis is tried again."""
SILENCE = 10.0
"""Seconds after which Redis is asked whether it is still there."""


class Place:
    """One socket's: words wait here until it takes them, and not for ever."""

    def __init__(self, venue_id: int, greeting: Callable[[], str]) -> None:
        self.venue_id = venue_id
        self.greeting = greeting
        self._waiting: asyncio.Queue[Sequence[str]] = asyncio.Queue()

    def put(self, words: Sequence[str]) -> bool:
        """Whether there was room; where there was none, what waits is not said any more."""
        if self._waiting.qsize() < ROOM:
            self._waiting.put_nowait(words)
            return True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(())
        return False

    async def words(self) -> AsyncIterator[str]:
        """What is said, as it comes. Ends when the socket did not keep up."""
        while words := await self._waiting.get():
            for word in words:
                yield word


class Hub:
    """The places of one event loop. Everything but `of_loops` and `publish` runs on that loop."""

    def __init__(self) -> None:
        self._places: defaultdict[int, set[Place]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._hears = not settings.LIVE_REDIS_URL

    def join(self, place: Place) -> None:
        """From now on the place is told; greeted as soon as this process hears everything."""
        self._places[place.venue_id].add(place)
        if self._hears:
            place.put([place.greeting()])
        elif self._listener is None:
            self._listener = asyncio.create_task(self._listen())

    def leave(self, place: Place) -> None:
        """Safe to repeat."""
        self._places[place.venue_id].discard(place)
        if not self._places[place.venue_id]:
            del self._places[place.venue_id]

    def spread(self, venue_id: int, words: Sequence[str]) -> None:
        """Put words before everybody who watches a venue; who is far behind is let go."""
        for place in list(self._places.get(venue_id, ())):
            if not place.put(words):
                self.leave(place)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (redis.RedisError, OSError) as error:
                if self._hears:
                    log.warning("Boards hear nothing until Redis is back: %s", error)
                self._hears = False
                await asyncio.sleep(PAUSE)

    async def _hear(self) -> None:
        async with _listening_client() as client, client.pubsub() as line:
            await line.subscribe(settings.LIVE_CHANNEL)
            is_asked = False
            while True:
                said: dict[str, Any] | None = await line.get_message(timeout=SILENCE)
                if said is not None:
                    is_asked = False
                    self._take(said)
                    # What has arrived is read without a pause, and sockets need their turns.
                    await asyncio.sleep(0)
                elif is_asked:
                    raise ConnectionError("Redis is silent")
                else:
                    is_asked = True
                    await line.ping()

    def _take(self, said: dict[str, Any]) -> None:
        if said["type"] == "message":
            venue_id, *words = said["data"].split("\n")
            self.spread(int(venue_id), words)
        elif said["type"] == "subscribe":
            # Also after Redis was away: whoever is greeted asks again, for what was missed.
            self._hears = True
            for place in [one for there in self._places.values() for one in there]:
                place.put([place.greeting()])


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """The hub of the loop that runs."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def publish(venue_id: int, words: list[str]) -> None:
    """Have words, each one line, told in every process. Raises RedisError, from any thread."""
    if settings.LIVE_REDIS_URL:
        said = "\n".join([str(venue_id), *words])
        _telling_client(settings.LIVE_REDIS_URL).publish(settings.LIVE_CHANNEL, said)
        return
    for loop, hub in list(_hubs.items()):
        if loop.is_running():
            loop.call_soon_threadsafe(hub.spread, venue_id, words)


def _listening_client() -> redis.asyncio.Redis:
    # It may be silent for hours; whether it is there is asked above.
    return redis.asyncio.Redis.from_url(
        settings.LIVE_REDIS_URL,
        decode_responses=True,
        socket_connect_timeout=2,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )


@cache
def _telling_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5)
