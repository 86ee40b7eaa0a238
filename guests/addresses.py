"""Finds the network address of a request's client, behind the deployment's proxies."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

Address = IPv4Address | IPv6Address

THIS_MACHINE = IPv4Address("127.0.0.1")
"""The address of a peer without one: a process of this machine, on a Unix socket."""

_BRACKETED = re.compile(r"\[(?P<host>[^\]]*)\](?::\d*)?")
_WITH_PORT = re.compile(r"(?P<host>[^:]*):\d*")


def origin_of(request: HttpRequest) -> str:
    """A digest of the client's address. Equal for equal addresses; reveals none without our key."""
    said = salted_hmac("guests.addresses", address_of(request), algorithm="sha256")
    return said.hexdigest()[:32]


def address_of(request: HttpRequest) -> str:
    """The client's address as limits count it. See `client` and `counted`."""
    return counted(
        client(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
    )


def counted(address: Address) -> str:
    """An address as limits count it: for IPv6 the /64 that a customer gets, as a network."""
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address)


def client(peer: str, forwarded: str) -> Address:
    """The address of the client: the entry that the outermost trusted proxy wrote, else the peer's.

    `forwarded` is all X-Forwarded-For headers in the order sent, joined by commas. TRUSTED_PROXIES
    counts entries from the right; the client may have made up those further left. When the entry is
    missing or is no address (`unknown`, `unix:`), the peer's own address counts.
    """
    entries, hops = forwarded.split(","), settings.TRUSTED_PROXIES
    entry = entries[-hops] if 0 < hops <= len(entries) else ""
    return read(entry) or read(peer) or THIS_MACHINE


def read(entry: str) -> Address | None:
    """Reads an address with or without brackets, port and quotes. None when it is no address."""
    text = entry.strip().strip('"').strip()
    if found := _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text):
        text = found["host"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
