"""The sockets of this process by venue or person, and how events reach them.

Processes announce the ids of events through Redis. However many sockets a process has, it listens
on one connection, reads the events once from the database and sends the messages to the sockets of
their venues. Embedded, there is one process only: the ids go from thread to event loop without
Redis.
"""

import asyncio
import logging
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
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
"""The `send` of a socket, as ASGI defines it."""

FELL_BEHIND = 1013
"""Close code, "try again later": the page read its messages too slowly."""
ROOM = 100
"""Batches that may wait for one socket, besides the buffer of its connection. All messages of one
moment are one batch, so a burst of events alone does not fill it."""
REMEMBERED = 10_000
"""The number of sent event ids to remember. Every event is announced twice: after its commit, and
by the outbox."""
PAUSE = 0.5
"""Seconds before the next attempt to reach Redis."""
PATIENCE = 30.0
"""Seconds without announcements from Redis after which sockets count as deaf."""
SILENCE = 10.0
"""Seconds without a message after which Redis gets a ping."""


Key = int | str
"""What a socket watches: the id of a venue, or a person as `key_of` names them."""
_PERSON = "user:"


def key_of(user_id: int) -> str:
    """Returns the key of a person."""
    return f"{_PERSON}{user_id}"


class Place:
    """The queue of one socket. It sends as fast as the page reads and holds at most
    ROOM batches.
    """

    def __init__(self, key: Key, send: Send, *, greeting: Callable[[], str]) -> None:
        self.key = key
        self.greeting = greeting
        self._send = send
        self._waiting: deque[Sequence[str]] = deque()
        self._sending: asyncio.Future[None] | None = None

    def put(self, words: Sequence[str]) -> bool:
        """Queues messages. Returns False if the queue is full: the socket is then closed with
        FELL_BEHIND.
        """
        has_room = len(self._waiting) < ROOM
        if not has_room:
            self._waiting.clear()
        self._waiting.append(words if has_room else ())
        if self._sending is None:
            self._sending = _begun(self._send_all())
        return has_room

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                words = self._waiting.popleft()
                for word in words:
                    await self._send({"type": "websocket.send", "text": word})
                if not words:
                    await self._send({"type": "websocket.close", "code": FELL_BEHIND})
        except (OSError, RuntimeError):
            pass  # the page has gone meanwhile
        except Exception:
            # What one socket does may not keep a message from the next.
            log.exception("A board could not be sent to")
        finally:
            self._sending = None


class Hub:
    """The sockets of one event loop. All its methods run on that loop."""

    def __init__(self) -> None:
        self._places: defaultdict[Key, set[Place]] = defaultdict(set)
        self._announced: asyncio.Queue[Sequence[Key]] = asyncio.Queue()
        self._told: OrderedDict[int, None] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._hears = not settings.LIVE_REDIS_URL
        self._deaf_since = None if self._hears else time.monotonic()
        self._is_failing = False
        self._has_heard_nonsense = False

    @property
    def sockets(self) -> int:
        """How many sockets there are."""
        return sum(map(len, self._places.values()))

    def is_deaf(self) -> bool:
        """Tells whether messages have not reached these sockets for longer than PATIENCE."""
        if not self._places:
            return False
        if any(task.done() for task in self._tasks):
            return True
        return self._deaf_since is not None and time.monotonic() > self._deaf_since + PATIENCE

    def join(self, place: Place) -> None:
        """Adds a socket. It is greeted as soon as this process hears all announcements."""
        self._places[place.key].add(place)
        if self._hears:
            place.put([place.greeting()])
        if not self._tasks or any(task.done() for task in self._tasks):
            self._begin()

    def _begin(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = [asyncio.create_task(self._tell())]
        if settings.LIVE_REDIS_URL:
            self._deaf_since = time.monotonic()
            self._tasks.append(asyncio.create_task(self._listen()))

    def leave(self, place: Place) -> None:
        """Removes a socket. Calling it twice does no harm."""
        self._places[place.key].discard(place)
        if not self._places[place.key]:
            del self._places[place.key]

    def announced(self, keys: Sequence[Key]) -> None:
        """Queues event ids, and keys of people whose files changed, to be sent soon. Skips ids that
        were sent before. Does nothing without sockets.
        """
        if self._places:
            self._announced.put_nowait(keys)

    def spread(self, key: Key, words: Sequence[str]) -> None:
        """Sends messages to every socket of a venue or person. Those with a full queue are
        closed.
        """
        for place in list(self._places.get(key, ())):
            if not place.put(words):
                self.leave(place)

    async def _tell(self) -> None:
        while True:
            # Read together all that was announced during the last read.
            waiting = [await self._announced.get()]
            while not self._announced.empty():
                waiting.append(self._announced.get_nowait())
            keys = {one for keys in waiting for one in keys}
            ids = {one for one in keys if not isinstance(one, str)}.difference(self._told)
            for person in (one for one in keys if isinstance(one, str)):
                self.spread(person, [messages.FILES_CHANGED])
            try:
                await self._tell_of(ids)
            except DatabaseError as error:
                # The ids are not remembered, so the outbox's announcement sends them.
                log.warning("Boards were not told: %s", error)
            except Exception as error:  # noqa: BLE001 - this task may not end
                self._failed("Boards were not told", error)
            else:
                self._is_failing = False
            for _ in waiting:
                self._announced.task_done()

    async def _tell_of(self, ids: set[int]) -> None:
        venues = [key for key in self._places if isinstance(key, int)]
        if ids and venues:
            read = database_sync_to_async(messages.words)
            for venue_id, words in (await read(ids, venues)).items():
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
            except Exception as error:  # noqa: BLE001 - this task may not end
                self._failed("Boards could not listen", error)
            if self._hears:
                self._hears, self._deaf_since = False, time.monotonic()
            await asyncio.sleep(PAUSE)

    def _failed(self, what: str, error: Exception) -> None:
        """Logs the first of several faults in a row."""
        if not self._is_failing:
            log.error(what, exc_info=error)
        self._is_failing = True

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
            self._take_ids(said["data"])
        elif said["type"] == "subscribe":
            # This also follows an outage of Redis: a greeted page asks again for what it missed.
            self._hears, self._deaf_since = True, None
            for place in [one for there in self._places.values() for one in there]:
                place.put([place.greeting()])

    def _take_ids(self, data: str) -> None:
        """Queues the ids of a message. What is none is dropped, and the first of them logged."""
        named = data.split(",")
        ids: list[Key] = [int(one) for one in named if _is_id(one)]
        ids += [one for one in named if one.startswith(_PERSON) and _is_id(one[len(_PERSON) :])]
        if len(ids) < len(named) and not self._has_heard_nonsense:
            self._has_heard_nonsense = True
            log.warning("Somebody else writes to %s: %.50r", settings.LIVE_CHANNEL, data)
        if ids:
            self.announced(ids)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """Returns the hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def every() -> list[Hub]:
    """Returns the hubs of this process."""
    return list(_hubs.values())


def publish(keys: Sequence[Key]) -> None:
    """Announces committed events (ids), and people whose files changed (keys), to every process.

    Safe from any thread. Raises RedisError.
    """
    if settings.LIVE_REDIS_URL:
        said = ",".join(map(str, keys))
        _telling_client(settings.LIVE_REDIS_URL).publish(settings.LIVE_CHANNEL, said)
        return
    for loop, hub in list(_hubs.items()):
        if loop.is_running():
            loop.call_soon_threadsafe(hub.announced, keys)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _begun(work: Coroutine[Any, Any, None]) -> asyncio.Future[None] | None:
    """Runs a coroutine to its first wait. Only if it waits, a task runs the rest. None if it ended.

    A socket that keeps up never waits, and a task for each of a thousand sockets would be a third
    of the cost. Python 3.12 has this as `eager_start`.
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
    # No read timeout: the connection may be silent for hours, and `_hear` sends pings.
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
