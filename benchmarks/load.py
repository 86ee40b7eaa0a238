"""The load generator: HTTP/1.1 over open sockets, on one thread, as cheap as possible."""

import selectors
import socket
import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from benchmarks.failing import Failed
from benchmarks.measuring import Sample

WAIT = 30.0
"""Seconds after which a missing answer is a failure."""


@dataclass(slots=True)
class Answer:
    """An answer, and the seconds from the request to it."""

    status: int
    body: bytes
    seconds: float


@dataclass(slots=True)
class Client:
    """One connection with at most one request at a time."""

    port: int
    started: float = 0.0
    _socket: socket.socket = field(init=False)
    _read: bytes = b""

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        self._read = b""
        self.started = time.perf_counter()
        self._socket.sendall(request)

    def receive(self) -> Answer | None:
        """Reads what has arrived. Returns the answer once it is complete, else None."""
        chunk = self._socket.recv(262_144)
        if not chunk:
            raise Failed("The server closed a connection in the middle of an answer.")
        self._read += chunk
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        return Answer(int(head[9:12]), body, time.perf_counter() - self.started)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def request(
    method: str, path: str, *, key: str = "", body: bytes = b"", headers: Sequence[str] = ()
) -> bytes:
    """Returns the bytes of one request. `key` is a partner's API key."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if key:
        lines.append(f"X-API-Key: {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drive(
    port: int,
    requests: Iterator[bytes],
    *,
    clients: int,
    seconds: float,
    expected: int,
    others: Tally[int] | None = None,
) -> Sample:
    """Each client asks, waits and asks again, until the time is over or `requests` ends.

    Answers with another status than `expected` do not count. They are counted in `others`. Without
    it, the first of them raises Failed.
    """
    times = list[float]()
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        connected = [stack.enter_context(Client(port)) for _ in range(clients)]
        begun = time.perf_counter()
        for client in connected:
            selector.register(client, selectors.EVENT_READ)
            client.send(next(requests))
        while selector.get_map():
            for client in _ready(selector):
                answer = client.receive()
                if answer is None:
                    continue
                if answer.status == expected:
                    times.append(answer.seconds)
                else:
                    _count(answer, expected, others)
                asked = next(requests, None) if time.perf_counter() - begun < seconds else None
                if asked is None:
                    selector.unregister(client)
                else:
                    client.send(asked)
        return Sample(times, time.perf_counter() - begun)


def offer(
    port: int,
    requests: Iterator[bytes],
    *,
    per_second: float,
    clients: int,
    seconds: float,
    expected: int,
) -> Sample:
    """Asks so many times a second, however long answers take. Raises Failed for another answer.

    Each time counts from the instant at which the request was due: one that waits for a client that
    is still busy has waited, too.
    """
    times, due = list[float](), 0
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        # In turn: a server closes connections that rest for some seconds.
        free = deque(stack.enter_context(Client(port)) for _ in range(clients))
        begun = time.perf_counter()
        while due < per_second * seconds or len(free) < clients:
            at = begun + due / per_second
            is_left = due < per_second * seconds
            if is_left and free and time.perf_counter() >= at:
                client = free.popleft()
                client.send(next(requests))
                client.started = at
                selector.register(client, selectors.EVENT_READ)
                due += 1
                continue
            until_next = max(0.0, at - time.perf_counter()) if is_left and free else WAIT
            for client in _answering(selector, until_next):
                answer = client.receive()
                if answer is None:
                    continue
                if answer.status != expected:
                    _count(answer, expected, None)
                times.append(answer.seconds)
                selector.unregister(client)
                free.append(client)
        return Sample(times, time.perf_counter() - begun)


def release(clients: Sequence[Client], requests: Sequence[bytes]) -> list[Answer]:
    """Sends from every client at once. Returns the answers in the order of the clients."""
    answers: dict[int, Answer] = {}
    with selectors.DefaultSelector() as selector:
        for client, sent in zip(clients, requests, strict=True):
            selector.register(client, selectors.EVENT_READ)
            client.send(sent)
        while len(answers) < len(clients):
            for client in _ready(selector):
                answer = client.receive()
                if answer is not None:
                    answers[client.fileno()] = answer
    return [answers[client.fileno()] for client in clients]


def _ready(selector: selectors.BaseSelector) -> list[Client]:
    ready = _answering(selector, WAIT)
    if not ready:
        raise Failed(f"No answer within {WAIT:.0f} s.")
    return ready


def _answering(selector: selectors.BaseSelector, seconds: float) -> list[Client]:
    ready = [key.fileobj for key, _ in selector.select(seconds)]
    return [client for client in ready if isinstance(client, Client)]


def _count(answer: Answer, expected: int, others: Tally[int] | None) -> None:
    if others is None:
        told = answer.body[:500].decode(errors="replace")
        raise Failed(f"Answered {answer.status} instead of {expected}: {told}")
    others[answer.status] += 1


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
