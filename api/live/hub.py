"""Who watches which venue in this process, and how word of an event reaches them.

What is announced is the ids of events. A process hears of them on one connection to Redis, however
many sockets it has, reads once what they mean, and spreads it. Embedded, nobody else could say
anything, and the ids go from thread to loop without leaving the process.
"""

import asyncio
import logging
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from functools import cache
from types import coroutine
from typing import Any
from weakref import WeakKeyDictionary

import redis.asyncio
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.live import messages

log = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
"""A socket's, as ASGI has it."""

FELL_BEHIND = 1013
"""Close code, "try again later": more was told than this page took."""
ROOM = 100
"""Times that word may wait for one socket, beside what its connection buffers. Whatever is told at
one time waits together, so a burst of events alone fills nothing."""
REMEMBERED = 10_000
"""Events that are known to have been told: each is announced twice, when its change has committed
and when the outbox hands it on."""
PAUSE = 0.5
"""Seconds before Redis is tried again."""
SILENCE = 10.0
"""Seconds after which Redis is asked whether it is still there."""


class Place:
    """One socket's: it is sent what is put here as fast as it takes it, and not for ever more."""

    def __init__(self, venue_id: int, send: Send, *, greeting: Callable[[], str]) -> None:
        self.venue_id = venue_id
        self.greeting = greeting
        self._send = send
        self._waiting: deque[Sequence[str]] = deque()
        self._sending: asyncio.Future[None] | None = None

    def put(self, words: Sequence[str]) -> bool:
        """Whether there was room; where there was none, it is told to come again and no more."""
        has_room = len(self._waiting) < ROOM
        if not has_room:
            self._waiting.clear()
        self._waiting.append(words if has_room else ())
        if self._sending is None:
            self._sending = _begun(self._send_all())
        return has_room

    async def _send_all(self) -> None:
        with suppress(OSError, RuntimeError):  # the page has gone meanwhile
            while self._waiting:
                words = self._waiting.popleft()
                for word in words:
                    await self._send({"type": "websocket.send", "text": word})
                if not words:
                    await self._send({"type": "websocket.close", "code": FELL_BEHIND})
        self._sending = None


class Hub:
    """The places of one event loop. Everything here runs on that loop."""

    def __init__(self) -> None:
        self._places: defaultdict[int, set[Place]] = defaultdict(set)
        self._announced: asyncio.Queue[Sequence[int]] = asyncio.Queue()
        self._told: OrderedDict[int, None] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._hears = not settings.LIVE_REDIS_URL

    def join(self, place: Place) -> None:
        """From now on the place is told; greeted as soon as this process hears everything."""
        self._places[place.venue_id].add(place)
        if self._hears:
            place.put([place.greeting()])
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._tell()))
            if not self._hears:
                self._tasks.append(asyncio.create_task(self._listen()))

    def leave(self, place: Place) -> None:
        """Safe to repeat."""
        self._places[place.venue_id].discard(place)
        if not self._places[place.venue_id]:
            del self._places[place.venue_id]

    def announced(self, event_ids: Sequence[int]) -> None:
        """Have these told soon, unless they were already, or nobody is here to be told."""
        if self._places:
            self._announced.put_nowait(event_ids)

    def spread(self, venue_id: int, words: Sequence[str]) -> None:
        """Put words before everybody who watches a venue; who is far behind is let go."""
        for place in list(self._places.get(venue_id, ())):
            if not place.put(words):
                self.leave(place)

    async def _tell(self) -> None:
        while True:
            # Whatever was announced while the last ones were read is read together.
            waiting = [await self._announced.get()]
            while not self._announced.empty():
                waiting.append(self._announced.get_nowait())
            ids = {one for ids in waiting for one in ids}.difference(self._told)
            try:
                await self._tell_of(ids)
            except DatabaseError as error:
                # Not noted as told, so the outbox's word of them will do.
                log.warning("Boards were not told: %s", error)
            for _ in waiting:
                self._announced.task_done()

    async def _tell_of(self, ids: set[int]) -> None:
        if ids and self._places:
            read = database_sync_to_async(messages.words)
            for venue_id, words in (await read(ids, list(self._places))).items():
                self.spread(venue_id, words)
        self._told.update(dict.fromkeys(ids))
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

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
                elif is_asked:
                    raise ConnectionError("Redis is silent")
                else:
                    is_asked = True
                    await line.ping()

    def _take(self, said: dict[str, Any]) -> None:
        if said["type"] == "message":
            self.announced([int(one) for one in said["data"].split(",")])
        elif said["type"] == "subscribe":
            # Also after Redis was away: whoever is greeted asks again, for what was missed.
            self._hears = True
            for place in [one for there in self._places.values() for one in there]:
                place.put([place.greeting()])


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """The hub of the loop that runs."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def publish(event_ids: Sequence[int]) -> None:
    """Have committed events told in every process, from any thread. Raises RedisError."""
    if settings.LIVE_REDIS_URL:
        said = ",".join(map(str, event_ids))
        _telling_client(settings.LIVE_REDIS_URL).publish(settings.LIVE_CHANNEL, said)
        return
    for loop, hub in list(_hubs.items()):
        if loop.is_running():
            loop.call_soon_threadsafe(hub.announced, event_ids)


def _begun(work: Coroutine[Any, Any, None]) -> asyncio.Future[None] | None:
    """Run a coroutine up to where it first waits, and only then, in a task, to its end.

    A socket that keeps up never waits, and a task for each would be a third of what telling a
    thousand costs. Python 3.12 has this as `eager_start`.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return asyncio.ensure_future(_rest(work, waits_for))


@coroutine
def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    try:
        yield waits_for
        yield from work
    finally:
        work.close()


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
