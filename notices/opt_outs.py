"""Letters that can be unsubscribed from: headers and links that offer it, and who has done so."""

from dataclasses import dataclass

from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

from guests import emails
from notices import links
from notices.models import OptOut
from reservations import clock

REMINDER, EVENING, REPORT = "reminder", "evening", "report"
KINDS = (REMINDER, EVENING, REPORT)
"""What nobody needs in order to keep a reservation. A confirmation is not among them."""

_SALT = "notices.opt_outs"


@dataclass(frozen=True, slots=True)
class Letters:
    """A kind of letters to an address, whose digest it holds: what a link in such a letter ends."""

    kind: str
    digest: str


class BadLink(Exception):  # noqa: N818 - a refusal is not a fault
    """A link that this product has not made, or made with a key it has no more."""


def headers(kind: str, address: str) -> dict[str, str]:
    """Returns the headers by which mail programs offer to unsubscribe; {} for other kinds.

    Both are needed: a program that finds the second one sends a POST, without cookies.
    """
    if kind not in KINDS:
        return {}
    return {
        "List-Unsubscribe": f"<{link(kind, address)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def link(kind: str, address: str) -> str:
    """Returns the address of the page that ends these letters, for the foot of each."""
    # Without the address itself, which would come into the logs of servers on the way.
    token = signing.dumps([kind, letters_to(kind, address).digest], salt=_SALT)
    return links.absolute(reverse("web:unsubscribe", args=[token]))


def letters_to(kind: str, address: str) -> Letters:
    """Returns the letters of a kind to an address, in any spelling."""
    said = salted_hmac(_SALT, emails.fold(address), algorithm="sha256")
    return Letters(kind, said.hexdigest())


def read(token: str) -> Letters:
    """Returns what the token of a link stands for. Raises BadLink."""
    try:
        kind, digest = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as fault:
        raise BadLink from fault
    if kind not in KINDS:
        raise BadLink
    return Letters(kind, digest)


def end(letters: Letters) -> None:
    """Sends no more of these letters, also none that wait. Repeating it changes nothing."""
    OptOut.objects.get_or_create(
        kind=letters.kind, address_digest=letters.digest, defaults={"since": clock.now()}
    )


def resume(letters: Letters) -> None:
    """Sends these letters again, for somebody who has switched them on."""
    OptOut.objects.filter(kind=letters.kind, address_digest=letters.digest).delete()


def is_ended(letters: Letters) -> bool:
    """Says whether these letters are not wanted. To be asked in the moment of sending."""
    return OptOut.objects.filter(kind=letters.kind, address_digest=letters.digest).exists()
