"""Addresses and numbers that refused for good: who they are, why, and how they are lifted."""

import re
from collections.abc import Iterable

from django.utils.crypto import salted_hmac

from guests import emails
from notices.models import Suppression
from notices.models.delivery import Channel
from reservations import clock

_REASON = 200
_MOST_READ = 2_000
_ADDRESS = re.compile(r"""[^\s<>()"',;:]+@[^\s<>()"',;:]+""")


def suppress(channel: str, address: str, *, reason: str) -> None:
    """Sends nothing more to an address (mail) or number (SMS). The first reason is kept.

    `reason` is what the receiver's system said. It is kept without addresses and the name in this
    one, and cut at 200 characters: it outlives the erasure of the person.
    """
    said = " ".join(_without_names(reason, address).split())[:_REASON]
    Suppression.objects.get_or_create(
        channel=channel,
        address_digest=digest(channel, address),
        defaults={"reason": said, "since": clock.now()},
    )


def _without_names(reason: str, address: str) -> str:
    name = address.rpartition("@")[0] or address.lstrip("+")
    said = _ADDRESS.sub("…", reason[:_MOST_READ])
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", said, flags=re.IGNORECASE)


def lift(channel: str, address: str) -> None:
    """Sends to this address again, for somebody who knows that it works."""
    Suppression.objects.filter(channel=channel, address_digest=digest(channel, address)).delete()


def reason_of(channel: str, address: str) -> str:
    """Returns why nothing is sent to this address; "" where it is not suppressed."""
    return reasons(channel, [address]).get(address, "")


def reasons(channel: str, addresses: Iterable[str]) -> dict[str, str]:
    """Returns the reason for each of these addresses that is suppressed, in one query."""
    digests = {digest(channel, address): address for address in addresses if address}
    found = Suppression.objects.filter(channel=channel, address_digest__in=digests)
    return {digests[one.address_digest]: one.reason for one in found}


def digest(channel: str, address: str) -> str:
    """Returns what an address is found by, in any spelling."""
    folded = emails.fold(address) if channel == Channel.MAIL else address
    said = salted_hmac("notices.suppressions", folded, algorithm="sha256")
    return said.hexdigest()
