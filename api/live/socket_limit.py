"""How many sockets one address may have open at this process: SOCKETS_PER_ADDRESS."""

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
"""Close code, where a server cannot refuse with a status: "try again later"."""
WAIT = b"60"
"""Seconds, told as Retry-After to programs; pages come again by themselves, ever more slowly."""


class PerAddress:
    """Passes sockets on to `application`; one above the limit is refused with 429, unopened."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Whoever has gone meanwhile is no fault, and a thousand of them no thousand tracebacks.
        with self._counted(_address(scope)) as has_room, suppress(OSError):
            if has_room:
                await self._application(scope, receive, send)
            else:
                await _refuse(scope, receive, send)

    @contextmanager
    def _counted(self, address: str) -> Iterator[bool]:
        """Whether one more of this address is within the limit; it counts inside the block."""
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
    """Whose socket it is, found as it is for requests."""
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
    # Until the connection is closed uvicorn calls this refusal no answer, and writes a line.
    await asyncio.sleep(0)
