"""Open pages: sockets on a loop and thread of their own, as a server has them."""

import asyncio
import itertools
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from asgiref.testing import ApplicationCommunicator
from django.db import connections

from api.live import hub
from config.asgi import application
from venues.models import Venue

T = TypeVar("T")

PATIENCE = 60
_MARKS = itertools.count()


class Loop:
    """An event loop that runs while tests do something else."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class Page:
    """One open page; `opened` is whether it was let in."""

    def __init__(self, loop: Loop, path: str, headers: dict[str, str]) -> None:
        self._loop = loop
        sent = [(name.encode(), value.encode("latin1")) for name, value in headers.items()]
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": sent}
        self._socket = ApplicationCommunicator(application, scope)
        self._loop.run(self._socket.send_input({"type": "websocket.connect"}))
        self.opened = self.next()["type"] == "websocket.accept"

    def next(self) -> dict[str, Any]:
        """The next thing that comes, waited for."""
        found: dict[str, Any] = self._loop.run(self._socket.receive_output(PATIENCE))
        return found

    def read(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.next()["text"])
        return message

    def heard(self, venue: Venue) -> list[dict[str, Any]]:
        """Every message that was sent to the venue's pages until now, without waiting."""
        mark = {"mark": next(_MARKS)}
        self._loop.run(_mark(venue.pk, json.dumps(mark)))
        found = list(iter(self.read, mark))
        return [one for one in found if "mark" not in one and one["type"] != "hello"]

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        return self._loop.run(self._socket.receive_nothing(seconds))

    def say(self, text: str | bytes) -> None:
        kind = "text" if isinstance(text, str) else "bytes"
        self._loop.run(self._socket.send_input({"type": "websocket.receive", kind: text}))

    def close(self) -> None:
        self._loop.run(self._leave())

    async def _leave(self) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._socket.wait(PATIENCE)


async def _mark(venue_id: int, mark: str) -> None:
    """Put a mark behind what was announced until now."""
    here = hub.here()
    await here._announced.join()
    here.spread(venue_id, [mark])


class Pages:
    """Opens pages, and closes them when the test is over."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._open: list[Page] = []

    def open(self, path: str, **headers: str) -> Page:
        page = Page(self._loop, path, headers)
        self._open.append(page)
        return page

    def of(self, venue: Venue, **headers: str) -> Page:
        return self.open(f"/ws/venues/{venue.slug}/", **headers)

    def close(self) -> None:
        for page in self._open:
            page.close()


@contextmanager
def pages() -> Iterator[Pages]:
    """A loop, and the pages opened on it."""
    loop = Loop()
    opened = Pages(loop)
    # Threads of the loop would keep theirs, and the test database could not be dropped.
    kept = connections.settings["default"]["CONN_MAX_AGE"]
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    try:
        yield opened
        opened.close()
    finally:
        connections.settings["default"]["CONN_MAX_AGE"] = kept
        loop.stop()
