"""Thousands of pages: WebSockets that only listen, on one thread, as cheap as possible."""

import selectors
import socket
import time
from types import TracebackType
from typing import Self

from benchmarks.failing import Failed

WAIT = 30.0
"""Seconds after which a missing message is a failure."""


class Page:
    """One open WebSocket. It reads short, unmasked frames of a server."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self._read = b""
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._read:
            self._receive()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise Failed(f"A page was not let in: {head[:80]!r}")

    def fileno(self) -> int:
        return self._socket.fileno()

    def next(self) -> bytes:
        """Waits for the next message. Raises Failed if none comes."""
        while (word := self._word()) is None:
            self._receive()
        return word

    def words(self) -> list[bytes]:
        """Returns the messages that have arrived. Call it when there is something to read."""
        self._receive()
        return list(iter(self._word, None))

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> None:
        chunk = self._socket.recv(65_536)
        if not chunk:
            raise Failed("The server closed a page.")
        self._read += chunk

    def _word(self) -> bytes | None:
        if len(self._read) < 2:
            return None
        first, length, begin = self._read[0], self._read[1], 2
        if length == 126:
            length, begin = int.from_bytes(self._read[2:4]), 4
        if len(self._read) < begin + length:
            return None
        word, self._read = self._read[begin : begin + length], self._read[begin + length :]
        if first == 0x89:
            # Without an answer to a ping, the server closes the page. The mask is zero, as a client
            # must mask.
            self._socket.sendall(bytes([0x8A, 0x80 | length, 0, 0, 0, 0]) + word)
        return word if first == 0x81 else self._word()


class Audience:
    """Many pages of one address. With `is_greeted`, each has had its first message."""

    def __init__(self, port: int, path: str, *, size: int, is_greeted: bool) -> None:
        self._selector = selectors.DefaultSelector()
        self.pages = [Page(port, path) for _ in range(size)]
        for page in self.pages:
            if is_greeted:
                page.next()
            self._selector.register(page, selectors.EVENT_READ, page)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._selector.close()
        for page in self.pages:
            page.close()

    def hear(self) -> float:
        """Returns when the last page had its next message. Raises Failed if one has
        none in time.
        """
        missing = set(self.pages)
        until = time.perf_counter() + WAIT
        while missing:
            ready = self._selector.select(WAIT)
            for key, _ in ready:
                if key.data.words():
                    missing.discard(key.data)
            if missing and time.perf_counter() > until:
                raise Failed(f"{len(missing)} pages were not told within {WAIT:.0f} s.")
        return time.perf_counter()
