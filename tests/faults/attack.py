"""Somebody who opens connections without end, from one address of this machine."""

import http.client
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

WAIT = 40.0
ATTACKER, SOMEBODY = "127.0.0.9", "127.0.0.8"
"""Addresses of loopback that are no proxy's, so each counts as a guest of its own."""


class Attack:
    """Connections of one address to a port; all are closed when the attack is over."""

    def __init__(self, port: int, host: str) -> None:
        self.port = port
        self.host = host
        self._open: list[socket.socket] = []

    def boards(self, count: int, venue: str) -> Counter[bytes]:
        """Open so many boards, one after another; how many got which status, b"" for none."""
        asked = [self._send(handshake(self.host, venue)) for _ in range(count)]
        return Counter(status_of(one) for one in asked)

    def half_sent(self, count: int) -> None:
        """Begin so many requests: heads that do not end, and bodies that do not come."""
        head = f"GET / HTTP/1.1\r\nHost: {self.host}\r\nX-Slow: ".encode()
        post = f"POST /api/v1/auth/login HTTP/1.1\r\nHost: {self.host}\r\n".encode()
        post += b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        for number in range(count):
            self._send(post if number % 2 else head)

    def are_closed(self) -> bool:
        """Whether the server has let go of every connection; waits for each."""
        return all(_is_closed(one) for one in self._open)

    def close(self) -> None:
        for one in self._open:
            one.close()

    def _send(self, said: bytes) -> socket.socket:
        line = connection(self.port, ATTACKER)
        with suppress(OSError):  # refused before anything was said
            line.sendall(said)
        self._open.append(line)
        return line


@contextmanager
def attack(port: int, host: str = "127.0.0.1") -> Iterator[Attack]:
    """An attacker, who leaves when the block does."""
    made = Attack(port, host)
    try:
        yield made
    finally:
        made.close()


def connection(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), WAIT, (source, 0))


def handshake(host: str, venue: str, *lines: str) -> bytes:
    """What opens a board."""
    said = (
        f"GET /ws/venues/{venue}/ HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *lines,
    )
    return "\r\n".join([*said, "", ""]).encode()


def status_of(line: socket.socket) -> bytes:
    """The status of the answer that comes; empty where none does."""
    try:
        return line.recv(12)[9:]
    except OSError:
        return b""


def asked(port: int, path: str, source: str = SOMEBODY, host: str = "127.0.0.1") -> int:
    """The status of an answer to somebody at that address."""
    line = http.client.HTTPConnection("127.0.0.1", port, WAIT, (source, 0))
    try:
        line.request("GET", path, headers={"Host": host})
        return line.getresponse().status
    finally:
        line.close()


def opens_board(port: int, venue: str, source: str = SOMEBODY, host: str = "127.0.0.1") -> bool:
    """Whether somebody at that address gets a board."""
    with connection(port, source) as line:
        line.sendall(handshake(host, venue))
        return status_of(line) == b"101"


def _is_closed(line: socket.socket) -> bool:
    try:
        while line.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True
