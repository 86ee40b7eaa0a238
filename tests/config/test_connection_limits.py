"""Connections of the embedded server: whom it makes room for, and whom it waits for no longer."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn
from pytest_django.fixtures import Settings

from config import connection_limits
from tests.faults.attack import connection, handshake, status_of

PATIENCE = 60
HEAD = b"GET /%b HTTP/1.1\r\nHost: x\r\n"
ONE, OTHER = "127.0.0.2", "127.0.0.3"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers at once, but for /wait, where it answers when its asker has gone."""
    message = await receive()
    while scope["path"] == "/wait" and message["type"] != "http.disconnect":
        message = await receive()
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def served() -> Iterator[int]:
    """The port of a server with connections as the settings say."""
    made = connection_limits.bounded()
    config = uvicorn.Config(
        application, port=0, lifespan="off", http=made, ws="websockets-sansio", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    try:
        until = time.monotonic() + PATIENCE
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE)


@pytest.fixture
def lines() -> Iterator[ExitStack]:
    """Keeps connections open until the test is over."""
    with ExitStack() as kept:
        yield kept


def begun(lines: ExitStack, port: int, said: bytes, source: str = ONE) -> socket.socket:
    line = lines.enter_context(connection(port, source))
    line.sendall(said)
    return line


def answered(port: int, source: str = ONE) -> bytes:
    """The status for somebody who asks for a page; empty where they are not heard."""
    with connection(port, source) as line:
        line.sendall(HEAD % b"" + b"\r\n")
        return status_of(line)


def is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_new_request_takes_the_place_of_the_oldest_that_is_half_sent(
    settings: Settings, lines: ExitStack
) -> None:
    settings.CONNECTIONS_PER_ADDRESS = 3
    with served() as port:
        slow = [begun(lines, port, HEAD % b"") for _ in range(3)]
        assert answered(port) == b"200"
        assert is_closed(slow[0])
        slow[2].sendall(b"\r\n")
        assert status_of(slow[2]) == b"200"


def test_a_request_that_is_worked_on_is_not_dropped_for_another(
    settings: Settings, lines: ExitStack
) -> None:
    settings.CONNECTIONS_PER_ADDRESS = 3
    with served() as port:
        for _ in range(3):
            begun(lines, port, HEAD % b"wait" + b"\r\n")
            assert answered(port, OTHER) == b"200"
        assert answered(port) == b"429"
        assert answered(port, OTHER) == b"200"


@pytest.mark.parametrize(("share", "proxies"), [(0, 0), (3, 1)])
def test_without_a_share_or_behind_a_proxy_an_address_may_have_any_number(
    settings: Settings, lines: ExitStack, share: int, proxies: int
) -> None:
    settings.CONNECTIONS_PER_ADDRESS = share
    settings.TRUSTED_PROXIES = proxies
    with served() as port:
        slow = [begun(lines, port, HEAD % b"") for _ in range(5)]
        assert answered(port) == b"200"
        slow[0].sendall(b"\r\n")
        assert status_of(slow[0]) == b"200"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        HEAD % b"",
        HEAD % b"" + b"Content-Length: 5\r\n\r\nab",
        # The second of a connection, too, also where it began before the first was answered.
        HEAD % b"" + b"\r\n" + HEAD % b"",
    ],
)
def test_a_request_that_does_not_come_is_waited_for_no_longer(
    lines: ExitStack, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connection_limits, "BODY_SECONDS", 0.2)
    with served() as port:
        line = begun(lines, port, said)
        while line.recv(65_536):
            pass


def test_what_is_worked_on_and_boards_are_waited_for(
    lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connection_limits, "BODY_SECONDS", 0.2)
    with served() as port:
        board = begun(lines, port, handshake("x", "lot"))
        assert status_of(board) == b"101"
        slow = begun(lines, port, HEAD % b"wait" + b"\r\n")
        # Long enough for one that would be closed.
        assert is_closed(begun(lines, port, HEAD % b""))
        for line in (board, slow):
            line.settimeout(0.1)
            with pytest.raises(TimeoutError):
                while line.recv(65_536):
                    pass


def test_half_of_all_connections_are_kept_for_pages(
    settings: Settings, lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "MOST", 4)
    with served() as port:
        told = [status_of(begun(lines, port, handshake("x", "lot"))) for _ in range(3)]
        assert told == [b"101", b"101", b"503"]
        assert answered(port) == b"200"


def test_a_crowd_of_addresses_makes_room_for_whoever_asks(
    lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "MOST", 4)
    with served() as port:
        slow = [begun(lines, port, HEAD % b"", f"127.0.1.{host}") for host in range(1, 7)]
        assert answered(port) == b"200"
        assert is_closed(slow[0])
