"""Requests to addresses that others name reach public addresses alone, and cannot be held up."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPSConnection
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from notices import outbound_http
from notices.outbound_http import Blocked, NoAnswer, Reachable, Reply

PUBLIC = "93.184.216.34"
SHORT = timedelta(seconds=0.5)

LITERALS = (
    "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "127.1",
    "１２７.０.０.１", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "168.63.129.16", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "[::ffff:0:a9fe:a9fe]", "[64:ff9b:1::7f00:1]",
    "[2001:0:7f00:1::a247:27dd]", "[2001:0:5db8:d822::80ff:fffe]",
    "[2606:2800:220:1::5efe:10.0.0.1]",
)  # fmt: skip

NAMES: dict[str, Sequence[str]] = {
    "loopback.example": ["127.0.0.1"],
    "stub.example": ["127.0.0.53"],
    "ten.example": ["10.0.0.5"],
    "end-of-172.example": ["172.31.255.255"],
    "home.example": ["192.168.0.1"],
    "metadata.example": ["169.254.169.254"],
    "carrier.example": ["100.100.100.200"],
    "azure.example": ["168.63.129.16"],
    "zero.example": ["0.0.0.0"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "translated.example": ["::ffff:0:10.0.0.1"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "local-nat64.example": ["64:ff9b:1:ffff:a:0:100::"],
    "teredo.example": ["2001:0:a00:1::a247:27dd"],
    "isatap.example": ["2606:2800:220:1:200:5efe:c0a8:1"],
    "sixtofour.example": ["2002:a00:1::"],
    "site.example": ["fec0::1"],
    "compatible.example": ["::127.0.0.1"],
    "unique.example": ["fd00:ec2::254"],
    "mixed.example": [PUBLIC, "10.0.0.1"],
}

CHANGING = "changing.example"


class Net:
    """A resolver that knows our names, and sockets that all end at a listener of ours.

    `reached` holds the addresses that somebody meant to connect to.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.reached: list[str] = []
        self.changing = [PUBLIC, "127.0.0.1"]

    def look_up(self, host: str | bytes, port: int, *args: object, **kwargs: object) -> list:
        name = host.decode() if isinstance(host, bytes) else host
        found = NAMES.get(name)
        if name == CHANGING:
            found = [self.changing[0]]
            self.changing.reverse()
        if found is None:
            return real_look_up(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        return [info for each in found for info in real_look_up(each, port, 0, socket.SOCK_STREAM)]


real_look_up = socket.getaddrinfo


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    listener = socket.create_server(("127.0.0.1", 0))
    net = Net(listener.getsockname()[1])

    class Redirected(socket.socket):
        """Notes where it is told to connect to, and connects to the listener."""

        def __init__(self, family: int = -1, *args: int, **kwargs: int) -> None:
            family = socket.AF_INET if family == socket.AF_INET6 else family
            super().__init__(family, *args, **kwargs)

        def connect(self, address: Any) -> None:
            net.reached.append(str(address[0]))
            super().connect(("127.0.0.1", net.port))

        def getpeername(self) -> tuple:
            # The guard compares it with the address that it checked.
            return (net.reached[-1], net.port)

    def close_each() -> None:
        while True:
            try:
                listener.accept()[0].close()
            except OSError:
                return

    accepting = threading.Thread(target=close_each, daemon=True)
    accepting.start()
    monkeypatch.setattr(socket, "getaddrinfo", net.look_up)
    monkeypatch.setattr(socket, "socket", Redirected)
    yield net
    monkeypatch.undo()
    # A blocked accept does not notice that its socket is closed.
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    accepting.join()


def post(url: str, reachable: Reachable, *, silence: timedelta = SHORT) -> Reply:
    async def send() -> Reply:
        async with outbound_http.client(reachable, silence=silence) as client:
            return await client.post(url, content=b"{}", headers={})

    return asyncio.run(send())


# Made once: to load the authorities takes longer than all else that these tests do.
_TLS = ssl.create_default_context()


def post_plainly(host: str, port: int) -> None:
    plain = HTTPSConnection(host.strip("[]"), port, timeout=1, context=_TLS)
    with pytest.raises(OSError):
        plain.request("POST", "/hook")
    plain.close()


INNER = (
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
    "168.63.129.16", "0.0.0.0", "224.0.0.1", "255.255.255.255",
)  # fmt: skip
CLIENT, SERVER = 0, 64


def wrapped(prefix: str, inner: str, bit: int = 0, *, is_inverted: bool = False) -> str:
    """An IPv6 address of a prefix, with an IPv4 address so many bits from its end."""
    carried = int(IPv4Address(inner)) ^ (0xFFFF_FFFF if is_inverted else 0)
    return str(IPv6Address(int(IPv6Address(prefix)) | carried << bit))


READ: dict[str, Callable[[str], str]] = {
    "mapped": lambda inner: wrapped("::ffff:0:0", inner),
    "compatible": lambda inner: wrapped("::", inner),
    "NAT64": lambda inner: wrapped("64:ff9b::", inner),
    "6to4": lambda inner: wrapped("2002::", inner, 80),
    "the server of Teredo": lambda inner: wrapped(
        wrapped("2001::", PUBLIC, CLIENT, is_inverted=True), inner, SERVER
    ),
    "the client of Teredo": lambda inner: wrapped(
        wrapped("2001::", PUBLIC, SERVER), inner, CLIENT, is_inverted=True
    ),
}
"""Forms whose IPv4 address is read: a host behind them is judged as if it were named itself."""
REFUSED: dict[str, Callable[[str], str]] = {
    "SIIT": lambda inner: wrapped("::ffff:0:0:0", inner),
    "local NAT64, /96": lambda inner: wrapped("64:ff9b:1::", inner),
    # RFC 6052 leaves out the octet of bits 64 to 71.
    "local NAT64, /48": lambda inner: wrapped(
        wrapped("64:ff9b:1::", f"0.0.{inner.split('.', 2)[0]}.{inner.split('.', 2)[1]}", 64),
        f"0.{inner.split('.')[2]}.{inner.split('.')[3]}.0", 32,
    ),
    "ISATAP": lambda inner: wrapped("2606:2800:220:1:0:5efe::", inner),
    "ISATAP, unique": lambda inner: wrapped("2606:2800:220:1:200:5efe::", inner),
    "nobody's prefix": lambda inner: wrapped("1234::", inner),
}  # fmt: skip
"""Forms that are refused whatever they carry."""


@pytest.mark.parametrize("form", [*READ, *REFUSED])
def test_no_form_that_carries_an_inward_address_is_reached(form: str) -> None:
    (policy,) = Reachable().policies
    make = (READ | REFUSED)[form]
    let_through = [inner for inner in INNER if policy.permits_address(make(inner))]
    assert let_through == []
    assert policy.permits_address(make(PUBLIC)) is (form in READ)


def test_addresses_of_the_internet_are_reached() -> None:
    (policy,) = Reachable().policies
    for address in (PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:400e::200e"):
        policy.check_address(address)


@pytest.mark.parametrize("host", [*LITERALS, *NAMES])
def test_an_inward_address_is_refused_before_a_connection(net: Net, host: str) -> None:
    url = f"https://{host}:{net.port}/hook"
    reachable = Reachable(ports=[net.port])
    with pytest.raises(Blocked):
        outbound_http.check(url, reachable)
    with pytest.raises(Blocked):
        post(url, reachable)
    assert net.reached == []


@pytest.mark.parametrize("host", [*LITERALS, *NAMES])
def test_a_plain_client_reaches_each_of_them(net: Net, host: str) -> None:
    post_plainly(host, net.port)
    assert net.reached != []


def test_a_name_that_changes_is_never_followed_inward(net: Net) -> None:
    url = f"https://{CHANGING}:{net.port}/hook"
    reachable = Reachable(ports=[net.port])
    # It answers by turns: outward while it is checked, inward when it is called, and so on.
    for _ in range(3):
        outbound_http.check(url, reachable)
        with pytest.raises(Blocked, match="blocked address"):
            post(url, reachable)
    outbound_http.check(url, reachable)
    net.changing.reverse()
    with pytest.raises(NoAnswer):
        post(url, reachable)
    assert net.reached == [PUBLIC]


def test_a_plain_client_follows_the_name_that_changes(net: Net) -> None:
    for _ in range(2):
        post_plainly(CHANGING, net.port)
    assert "127.0.0.1" in net.reached


@pytest.mark.parametrize(
    "url",
    [
        "http://mixed.example/", "ftp://example.com/", "https://a:b@example.com/",
        "https://example.com:8443/", "https://" + "a" * 500 + "/", "https:///path", "nonsense",
        "file:///etc/passwd", "https://exa mple.com/", "https://example.com:0/",
        "https://example.com:99999/",
    ],
)  # fmt: skip
def test_an_address_of_the_wrong_shape_is_refused(net: Net, url: str) -> None:
    with pytest.raises(Blocked):
        outbound_http.check(url, Reachable())
    with pytest.raises((Blocked, NoAnswer)):
        post(url, Reachable())
    assert net.reached == []


def test_only_the_hosts_that_are_named_are_reached(net: Net) -> None:
    only = Reachable(hosts=["chat.example.com"])
    with pytest.raises(Blocked):
        outbound_http.check("https://other.example.com/", only)
    outbound_http.check("https://chat.example.com/", only)


def test_a_name_that_nobody_knows_now_passes(net: Net) -> None:
    outbound_http.check("https://not-yet.example/hook", Reachable())
    with pytest.raises(NoAnswer, match="the name is not known"):
        post("https://not-yet.example/hook", Reachable())


@pytest.mark.parametrize("url", ["http://not-yet.example/", "https://not-yet.example:8443/"])
def test_plain_http_to_a_name_that_nobody_knows_is_refused(net: Net, url: str) -> None:
    # Nobody can say that it is in the networks for which it is allowed.
    with pytest.raises(Blocked):
        outbound_http.check(url, Reachable(allow=["127.0.0.0/8"]))
    outbound_http.check("https://not-yet.example/", Reachable(allow=["127.0.0.0/8"]))


def test_a_lookup_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(30) and [])
    monkeypatch.setattr(outbound_http, "LOOKUP", timedelta(seconds=0.1))
    monkeypatch.setattr(outbound_http, "SLACK", timedelta(0))
    begun = time.monotonic()
    try:
        outbound_http.check("https://slow.example/hook", Reachable())
        with pytest.raises(NoAnswer):
            post("https://slow.example/hook", Reachable())
        assert time.monotonic() - begun < 15
    finally:
        ended.set()


# Receivers on this machine, which WEBHOOK_ALLOW lets through.

LOCAL = Reachable(allow=["127.0.0.0/8"])


@contextmanager
def receiver(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answers each connection with `serve`. Yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(20)
                try:
                    peer.recv(65_536)
                    serve(peer)
                except OSError:
                    pass

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    accepting.join()


def answering(head: str, body: bytes = b"") -> Callable[[socket.socket], None]:
    def serve(peer: socket.socket) -> None:
        peer.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)

    return serve


def test_what_is_allowed_is_reached_and_nothing_beside_it() -> None:
    with receiver(answering("204 No Content")) as url:
        assert post(url, LOCAL).status == 204
        outbound_http.check(url, LOCAL)
        for other in (Reachable(), Reachable(allow=["127.0.0.2/32", "10.0.0.0/8"])):
            with pytest.raises(Blocked):
                outbound_http.check(url, other)
            with pytest.raises(Blocked):
                post(url, other)


def test_a_redirect_is_not_followed() -> None:
    with (
        receiver(answering("204 No Content")) as inner,
        receiver(answering(f"302 Found\r\nLocation: {inner}\r\nContent-Length: 0")) as url,
    ):
        assert post(url, LOCAL).status == 302


def test_a_body_without_end_is_read_to_its_limit() -> None:
    sent = [0]

    def flood(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(15_000):
            sent[0] += peer.send(b"x\0" * 32_768)

    with receiver(flood) as url:
        answer = post(url, LOCAL)
    assert answer.text == "x" * (outbound_http.MOST_READ // 2)
    assert sent[0] < 100_000_000


def test_a_dripping_answer_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_http, "SLACK", timedelta(seconds=0.5))
    ended = threading.Event()

    def drip(peer: socket.socket) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789":
            peer.send(bytes([letter]))
            if ended.wait(0.2):
                return

    with receiver(drip) as url:
        with pytest.raises(NoAnswer, match="no whole answer in time"):
            post(url, LOCAL)
        ended.set()


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1"]
)
def test_a_broken_answer_is_no_answer(answer: bytes) -> None:
    with receiver(lambda peer: peer.sendall(answer)) as url, pytest.raises(NoAnswer):
        post(url, LOCAL)


def test_a_refused_connection_is_no_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer, match="no connection"):
            post(f"http://127.0.0.1:{unused.getsockname()[1]}/", LOCAL)


def test_no_cookie_is_kept_and_no_proxy_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    heard: list[bytes] = []

    async def twice(url: str) -> None:
        async with outbound_http.client(LOCAL, silence=SHORT) as client:
            for _ in range(2):
                answer = await client.post(url, content=b"{}", headers={"x-one": "1"})
                assert answer.status == 200

    async def serve() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            await twice(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    asyncio.run(serve())
    assert len(heard) == 2
    assert all(b"x-one: 1" in each and b"cookie" not in each.lower() for each in heard)
