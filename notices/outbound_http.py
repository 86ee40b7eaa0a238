"""The one client for HTTP requests to addresses that others name, such as a partner's receiver.

It connects to public addresses alone. The name is looked up once, every answer is checked, and the
connection goes to an address that was checked, so that a name that changes in between reaches
nothing inward. Redirects are not followed, proxies of the environment are not used, cookies are not
kept, and of an answer no more than `MOST_READ` is read.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import httpx
import ssrfguard
from ssrfguard import Block, Reach
from ssrfguard.httpx import AsyncClient

MOST_READ = 2_000
"""Bytes of an answer's body that are read."""
LONGEST_ADDRESS = 500
"""Characters of an address."""
LOOKUP = timedelta(seconds=2)
"""How long `check` waits for a name to be looked up."""
SLACK = timedelta(seconds=5)
"""How much longer than its silence a whole answer may take."""

_MOST_CONNECTIONS = 64


class Blocked(Exception):  # noqa: N818 - it is a refusal, no fault
    """The address is not one that may be reached. The text says why, for who named it."""


class NoAnswer(Exception):  # noqa: N818
    """The receiver gave no answer in time. The text says what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a receiver answered: its status, the start of its body, and its headers."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """Which addresses may be reached: https on `ports`, at `hosts` alone where any are named.

    Receivers in the networks of `allow` may also be plain http, on any port, and inward.
    """

    ports: Collection[int] = (443,)
    hosts: Collection[str] = ()
    allow: Collection[str] = ()
    policies: tuple[ssrfguard.Policy, ...] = field(init=False)

    def __post_init__(self) -> None:
        strict = ssrfguard.Policy(
            allowed_schemes=frozenset({"https"}),
            allowed_ports=frozenset(self.ports),
            allowed_hosts=frozenset(self.hosts),
            denied_networks=_inward(),
            max_url_length=LONGEST_ADDRESS,
        )
        # An address that either policy lets through is reached under that policy alone.
        mild = [_only(tuple(ip_network(each) for each in self.allow))] if self.allow else []
        object.__setattr__(self, "policies", (strict, *mild))


class Outbound:
    """Sends requests within what is `Reachable`. Made by `client`."""

    def __init__(self, clients: Collection[AsyncClient], silence: timedelta) -> None:
        self._clients = clients
        self._whole = (silence + SLACK).total_seconds()

    async def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Sends one POST. Raises Blocked, and NoAnswer where no whole answer comes in time."""
        return await self.request("POST", url, content=content, headers=headers)

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Sends one request. Raises Blocked, and NoAnswer where no whole answer comes in time."""
        try:
            async with asyncio.timeout(self._whole):
                return await self._first_allowed(method, url, content, headers)
        except TimeoutError as error:
            raise NoAnswer("no whole answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
            raise NoAnswer(_told(error)) from error

    async def _first_allowed(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str] | None
    ) -> Reply:
        refusal: ssrfguard.SSRFGuardError | None = None
        for each in self._clients:
            try:
                each.policy.check_url(url)
                return await _answer(each, method, url, content, headers)
            except ssrfguard.SSRFGuardError as error:
                refusal = refusal or error
        raise Blocked(_reason(refusal)) from refusal


@asynccontextmanager
async def client(reachable: Reachable, *, silence: timedelta) -> AsyncIterator[Outbound]:
    """Opens a client for the requests of one batch.

    `silence` is how long a receiver may be silent; the whole answer may take `SLACK` more.
    """
    clients = [_client(policy, silence) for policy in reachable.policies]
    try:
        yield Outbound(clients, silence)
    finally:
        for each in clients:
            await each.aclose()


def check(url: str, reachable: Reachable) -> None:
    """Raises Blocked for an address that may not be reached, or leads inward now.

    A name that cannot be looked up, or not within `LOOKUP`, passes where its scheme and port may be
    reached anywhere: each request checks it again.
    """
    strict, *mild = reachable.policies
    try:
        _check(url, strict)
    except ssrfguard.SSRFGuardError as refusal:
        if not any(_lets_through(url, policy) for policy in mild):
            raise Blocked(_reason(refusal)) from refusal


def _lets_through(url: str, policy: ssrfguard.Policy) -> bool:
    try:
        return _check(url, policy)
    except ssrfguard.SSRFGuardError:
        return False


def _check(url: str, policy: ssrfguard.Policy) -> bool:
    """Returns whether the name was looked up. Raises SSRFGuardError for what is not allowed."""
    target = policy.check_url(url)
    # A lookup cannot be cut short, so it has a thread of its own, which may outlive this call.
    pool = ThreadPoolExecutor(1)
    try:
        lookup = pool.submit(ssrfguard.resolve, target, policy=policy)
        lookup.result(LOOKUP.total_seconds())
    except (OSError, UnicodeError, TimeoutError):
        return False
    finally:
        pool.shutdown(wait=False)
    return True


def _client(policy: ssrfguard.Policy, silence: timedelta) -> AsyncClient:
    return AsyncClient(
        policy=policy,
        timeout=silence.total_seconds(),
        follow_redirects=False,
        trust_env=False,
        verify=_trusted(),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        limits=httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=0),
    )


async def _answer(
    sender: AsyncClient,
    method: str,
    url: str,
    content: bytes | None,
    headers: Mapping[str, str] | None,
) -> Reply:
    # A compressed body could be far larger than what is read of it.
    asked = {"accept-encoding": "identity", **(headers or {})}
    body = bytearray()
    async with sender.stream(method, url, content=content, headers=asked) as answer:
        async for part in answer.aiter_raw():
            body += part
            if len(body) >= MOST_READ:
                break
    text = body[:MOST_READ].decode("utf-8", "replace").replace("\0", "")
    return Reply(status=answer.status_code, text=text, headers=answer.headers)


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities whose certificates count: of `SSL_CERT_FILE` where it is set."""
    return httpx.create_ssl_context(trust_env=True)


class _Inward(ssrfguard.AddressTable):
    """The table of the guard, which of IPv6 leaves global unicast alone.

    So a form that carries an IPv4 address is refused, unless the table reads that address. ISATAP
    (RFC 5214) is such a form below any prefix, so no network names it.
    """

    def match(self, address: IPv4Address | IPv6Address) -> Block | None:
        """Returns the block that decides about an address, None where none does."""
        is_isatap = address.version == 6 and int(address) >> 32 & _ISATAP_MASK == _ISATAP
        return _OF_ISATAP if is_isatap else super().match(address)


_ISATAP, _ISATAP_MASK = 0x0000_5EFE, 0xFDFF_FFFF
"""The upper half of an interface id of ISATAP, whatever its bit that says "unique"."""
_OF_ISATAP = Block(IPv6Network("::/0"), "ISATAP", "RFC5214", Reach.DENIED)
_OURS = (
    Block(IPv4Network("168.63.129.16/32"), "the platform of Azure", "no RFC", Reach.DENIED),
    Block(IPv6Network("::/0"), "not global unicast", "RFC4291", Reach.DENIED),
    Block(IPv6Network("2000::/3"), "Global Unicast", "RFC4291", Reach.PERMITTED),
    Block(IPv6Network("::ffff:0:0:0/96"), "IPv4-translated", "RFC2765", Reach.DENIED),
)


@cache
def _inward() -> ssrfguard.AddressTable:
    return _Inward((*ssrfguard.DEFAULT_DENIED.blocks, *_OURS))


def _only(networks: tuple[IPv4Network | IPv6Network, ...]) -> ssrfguard.Policy:
    """Lets these networks through, whatever the scheme and port, and nothing else."""
    everything = [
        Block(network, "not in the networks that are allowed", "no RFC", Reach.DENIED)
        for network in (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
    ]
    return ssrfguard.Policy(
        allowed_ports=frozenset(range(1, 65_536)),
        allowed_networks=networks,
        denied_networks=ssrfguard.AddressTable(tuple(everything)),
        max_url_length=LONGEST_ADDRESS,
    )


def _reason(refusal: ssrfguard.SSRFGuardError | None) -> str:
    # Which inward address a name has is nobody's business outside.
    if isinstance(refusal, ssrfguard.BlockedAddressError):
        return "blocked address"
    return getattr(refusal, "reason", "") or "blocked address"


def _told(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError) and isinstance(_root(error), socket.gaierror):
        return "the name is not known"
    if isinstance(error, httpx.ConnectError):
        return f"no connection: {error}"[:300]
    return f"broken answer: {str(error) or type(error).__name__}"[:300]


def _root(error: BaseException) -> BaseException:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return error
