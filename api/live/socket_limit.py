"""Limits how many sockets one network may have open at this process: SOCKETS_PER_ADDRESS."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from django.conf import settings

from guests import addresses

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TRY_AGAIN = 1013
"""Close code "try again later", for servers that cannot refuse with a status."""
WAIT = b"60"
"""Seconds, sent as Retry-After. Pages come again by themselves, at growing intervals."""


class PerAddress:
    """ASGI middleware: refuses a socket above the limit with 429 before it opens."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A page that has gone is no fault, and a thousand of them need no thousand tracebacks.
        with self._counted(_address(scope)) as has_room, suppress(OSError):
            if has_room:
                await self._application(scope, receive, send)
            else:
                await _refuse(scope, receive, send)

    @contextmanager
    def _counted(self, address: str) -> Iterator[bool]:
        """Counts a socket of this network inside the block. Yields False if the limit
        is reached.
        """
        limit = settings.SOCKETS_PER_ADDRESS
        has_room = not limit or self._open[address] < limit
        self._open[address] += has_room
        try:
            yield has_room
        finally:
            self._open[address] -= has_room
            if not self._open[address]:
                del self._open[address]


def _address(scope: Scope) -> str:
    """The network of the socket, found as for HTTP requests."""
    sent = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = (scope.get("client") or ("",))[0]
    return addresses.counted(addresses.client(peer, b",".join(sent).decode("latin1")))


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": TRY_AGAIN})
        return
    headers = [(b"retry-after", WAIT)]
    start = {"status": HTTPStatus.TOO_MANY_REQUESTS.value, "headers": headers}
    await send({"type": "websocket.http.response.start"} | start)
    await send({"type": "websocket.http.response.body", "body": b""})
    # Let uvicorn see the response. Otherwise it logs that the application did not answer.
    await asyncio.sleep(0)
