"""Where a request comes from, as far as the deployment's own proxies vouch for it."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

UNKNOWN = "unknown"


def origin_of(request: HttpRequest) -> str:
    """A digest that tells one address from another and, without this server's key, no address;
    empty where it is not known.
    """
    address = address_of(request)
    if address == UNKNOWN:
        return ""
    return salted_hmac("guests.addresses", address, algorithm="sha256").hexdigest()[:32]


def address_of(request: HttpRequest) -> str:
    """The client's address, an IPv6 one as its /64, which is what one customer is given.

    Of X-Forwarded-For only the entries count that our own TRUSTED_PROXIES have appended; anything
    to the left of them the client may have made up.
    """
    hops = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    raw = forwarded[-hops] if 0 < hops <= len(forwarded) else request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(raw)
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), 64), strict=False))
    return str(address)
