"""Addresses and numbers that refused for good: who they are, why, and how they are lifted."""

import re
from collections.abc import Iterable

from django.db.models import QuerySet

from guests import emails
from guests.credentials import keyed_digests
from notices.models import Suppression
from notices.models.delivery import Channel
from reservations import clock

_SALT = "notices.suppressions"
_REASON = 200
_MOST_READ = 2_000
_ADDRESS = re.compile(r"""[^\s<>()"',;:]+@[^\s<>()"',;:]+""")


def suppress(channel: str, address: str, *, reason: str) -> None:
    """Sends nothing more to an address (mail) or number (SMS). The first reason is kept.

    `reason` is what the receiver's system said. It is kept without addresses and the name in this
    one, and cut at 200 characters: it outlives the erasure of the person.
    """
    if _of(channel, address).exists():
        return
    said = " ".join(_without_names(reason, address).split())[:_REASON]
    Suppression.objects.get_or_create(
        channel=channel,
        address_digest=keyed_digests.newest(_SALT, _folded(channel, address)),
        defaults={"reason": said, "since": clock.now()},
    )


def _without_names(reason: str, address: str) -> str:
    name = address.rpartition("@")[0] or address.lstrip("+")
    said = _ADDRESS.sub("…", reason[:_MOST_READ])
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", said, flags=re.IGNORECASE)


def lift(channel: str, address: str) -> None:
    """Sends to this address again, for somebody who knows that it works."""
    _of(channel, address).delete()


def reason_of(channel: str, address: str) -> str:
    """Returns why nothing is sent to this address; "" where it is not suppressed."""
    return reasons(channel, [address]).get(address, "")


def reasons(channel: str, addresses: Iterable[str]) -> dict[str, str]:
    """Returns the reason for each of these addresses that is suppressed, in one query."""
    digests = {
        digest: address
        for address in addresses
        if address
        for digest in keyed_digests.known(_SALT, _folded(channel, address))
    }
    found = Suppression.objects.filter(channel=channel, address_digest__in=digests)
    return {digests[one.address_digest]: one.reason for one in found}


def _of(channel: str, address: str) -> QuerySet[Suppression]:
    digests = keyed_digests.known(_SALT, _folded(channel, address))
    return Suppression.objects.filter(channel=channel, address_digest__in=digests)


def _folded(channel: str, address: str) -> str:
    return emails.fold(address) if channel == Channel.MAIL else address
