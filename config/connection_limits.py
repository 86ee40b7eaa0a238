"""Limits the connections of the embedded server, and how long it waits for a request.

In a deployment, nginx does this (deploy/front.conf). SOCKETS_PER_ADDRESS limits boards.
"""

import asyncio
import logging
import resource
from collections import Counter
from typing import Any, cast

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from guests.addresses import THIS_MACHINE, counted, read

log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
"""Seconds for the head of a request, from the connection or from its first byte."""
BODY_SECONDS = 20.0
"""Seconds for the whole body of a request."""
MOST = 10_000
"""Connections, boards included, even if the system lets this process open more files."""
RESERVE = 384
"""Files for everything else, and for connections that are accepted but not counted yet."""
AT_ONCE = 128
"""Connections accepted at one time, before any of them is counted."""
QUEUE = 2048
"""Connections that the system keeps waiting meanwhile."""
QUIET_SECONDS = 60.0
"""Seconds between two log lines about refused connections."""


class Register:
    """The connections of a server, oldest first, without boards."""

    def __init__(self, *, most: int, per_address: int) -> None:
        self.most = most
        self._per_address = per_address
        self._kept: dict[Bounded, None] = {}
        self._count: Counter[str] = Counter()
        self._told = 0.0

    def __len__(self) -> int:
        return len(self._kept)

    def join(self, new: "Bounded", *, boards: int) -> bool:
        """Adds a connection and returns whether there is room.

        If an address has its share, its oldest waiting connection is dropped. If the server is
        full, the oldest waiting one of any address. A connection waits if it has no whole request.
        """
        of_address = self._count[new.address]
        if self._per_address and of_address >= self._per_address:
            has_room = self._drop_waiting(new.address)
        elif len(self) + boards >= self.most:
            has_room = self._drop_waiting()
        else:
            has_room = True
        if has_room:
            self._kept[new] = None
            self._count[new.address] += 1
        else:
            self._tell(new, of_address)
        return has_room

    def leave(self, one: "Bounded") -> None:
        """Removes a connection. Calling it twice does no harm."""
        if one in self._kept:
            del self._kept[one]
            self._count[one.address] -= 1
            if not self._count[one.address]:
                del self._count[one.address]

    def _drop_waiting(self, address: str | None = None) -> bool:
        for one in self._kept:
            if one.is_waiting and address in (None, one.address):
                one.drop()
                return True
        return False

    def _tell(self, new: "Bounded", of_address: int) -> None:
        now = new.loop.time()
        if now - self._told > QUIET_SECONDS or not self._told:
            self._told = now
            log.warning(
                "Connections are refused: %s has %d of %d", new.address, of_address, len(self)
            )


class Bounded(HttpToolsProtocol):
    """A connection of uvicorn that closes if a request does not arrive in time."""

    register: Register
    address = ""
    _deadline: asyncio.TimerHandle | None = None
    _is_begun = False
    """Whether part of a request has arrived."""

    @property
    def is_waiting(self) -> bool:
        """Says whether there is no work: every request that has arrived whole has its answer."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return self._deadline is not None or cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername") or ("",)
        self.address = counted(read(str(peer[0])) or THIS_MACHINE)
        # uvicorn already counts this connection, and the boards.
        boards = len(self.connections) - 1 - len(self.register)
        if self.register.join(self, boards=boards):
            self._wait(HEAD_SECONDS)
        else:
            self._refuse(b"429 Too Many Requests")

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self.register.leave(self)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._is_begun = True
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_begun = False
        self._wait(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        # The next request may have begun during this one.
        self._expect_head()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Turns the connection into a board, unless boards already take half of all connections."""
        self._wait(None)
        self.register.leave(self)
        if len(self.connections) - len(self.register) > self.register.most // 2:
            self._refuse(b"503 Service Unavailable")
        else:
            super().handle_websocket_upgrade()

    def drop(self) -> None:
        """Closes the connection at once, to make room for another."""
        self.register.leave(self)
        self.transport.abort()

    def _expect_head(self) -> None:
        if self._is_begun and self.is_waiting and self._deadline is None:
            self._wait(HEAD_SECONDS)

    def _refuse(self, status: bytes) -> None:
        rest = b"\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.transport.write(b"HTTP/1.1 " + status + rest)
        self.transport.close()

    def _wait(self, seconds: float | None) -> None:
        """Sets the seconds to wait for what comes next. None waits without a limit."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._end) if seconds else None

    def _end(self) -> None:
        # Close without an answer: a browser opens some connections ahead, and may not use them.
        self.transport.close()


def bounded() -> type[Bounded]:
    """Returns the connection class of one server, with a register of its own."""
    files = _raise_file_limit()
    most = min(MOST, max(files // 2, files - RESERVE))
    # Behind a proxy, all connections have the proxy's address.
    per_address = 0 if settings.TRUSTED_PROXIES else settings.CONNECTIONS_PER_ADDRESS
    register = Register(most=most, per_address=min(per_address, most // 2))
    made: dict[str, Any] = {"register": register}
    return type("Bounded", (Bounded,), made)


def _raise_file_limit() -> int:
    """Raises the limit of open files as far as useful and possible. Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVE if hard == resource.RLIM_INFINITY else min(hard, MOST + RESERVE)
    if 0 <= soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return MOST + RESERVE if soft < 0 else soft
