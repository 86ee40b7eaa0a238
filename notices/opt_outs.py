"""Letters that can be unsubscribed from: headers and links that offer it, and who has done so.

Whoever unsubscribes means themselves, not an address: of a letter to the address of an account, the
account is noted too, and keeps its wish when its address changes. Who has no account is known by
the address alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core import signing
from django.db.models import QuerySet
from django.urls import reverse

from guests import emails
from guests.credentials import keyed_digests
from guests.models import User
from notices import links
from notices.models import OptOut
from reservations import clock

REMINDER, EVENING, REPORT = "reminder", "evening", "report"
KINDS = (REMINDER, EVENING, REPORT)
"""What nobody needs in order to keep a reservation. A confirmation is not among them."""

_SALT = "notices.opt_outs"
_OF_ACCOUNT = "notices.opt_outs.accounts"


@dataclass(frozen=True, slots=True)
class Letters:
    """A kind of letters to somebody: what a link in such a letter ends.

    `written` are the digests that say who they are, `known` all by which they may have been noted:
    of the address, and of the account if there is one, by each key.
    """

    kind: str
    written: tuple[str, ...]
    known: tuple[str, ...]


class BadLink(Exception):  # noqa: N818 - a refusal is not a fault
    """A link that this product has not made, or made with a key it has no more."""


def headers(kind: str, address: str, user: User | None = None) -> dict[str, str]:
    """Returns the headers by which mail programs offer to unsubscribe; {} for other kinds.

    Both are needed: a program that finds the second one sends a POST, without cookies.
    """
    if kind not in KINDS:
        return {}
    return {
        "List-Unsubscribe": f"<{link(kind, address, user)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def link(kind: str, address: str, user: User | None = None) -> str:
    """Returns the address of the page that ends these letters, for the foot of each.

    `user` is whom the letter is for. At another address than theirs it ends what goes there.
    """
    # Without the address itself, which would come into the logs of servers on the way.
    facts: list[str | int] = [kind, keyed_digests.newest(_SALT, emails.fold(address))]
    if user is not None and emails.fold(user.email) == emails.fold(address):
        facts.append(user.pk)
    return links.absolute(reverse("web:unsubscribe", args=[signing.dumps(facts, salt=_SALT)]))


def letters_to(kind: str, address: str, user: User | None = None) -> Letters:
    """Returns the letters of a kind to an address, in any spelling, and to an account."""
    folded = emails.fold(address)
    written = [keyed_digests.newest(_SALT, folded)]
    known = [*keyed_digests.known(_SALT, folded)]
    if user is not None:
        written.append(keyed_digests.newest(_OF_ACCOUNT, str(user.pk)))
        known += keyed_digests.known(_OF_ACCOUNT, str(user.pk))
    return Letters(kind, tuple(written), tuple(known))


def read(token: str) -> Letters:
    """Returns what the token of a link stands for. Raises BadLink.

    An account is found under its address of now, whatever it was when the letter was sent.
    """
    try:
        kind, digest, *account = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as fault:
        raise BadLink from fault
    if kind not in KINDS or not isinstance(digest, str):
        raise BadLink
    # Links of before this was kept name no account.
    user = User.objects.filter(pk__in=account).first()
    if user is None:
        return Letters(kind, (digest,), (digest,))
    theirs = letters_to(kind, user.email, user)
    return Letters(kind, (digest, *theirs.written), (digest, *theirs.known))


def end(letters: Letters) -> None:
    """Sends no more of these letters, also none that wait. Repeating it changes nothing."""
    now = clock.now()
    OptOut.objects.bulk_create(
        [
            OptOut(kind=letters.kind, address_digest=digest, since=now)
            for digest in dict.fromkeys(letters.written)
        ],
        ignore_conflicts=True,
    )


def resume(letters: Letters) -> None:
    """Sends these letters again, for somebody who has switched them on."""
    _rows(letters).delete()


def is_ended(letters: Letters) -> bool:
    """Says whether these letters are not wanted. To be asked in the moment of sending."""
    return _rows(letters).exists()


def keep(user: User, *, before: str) -> None:
    """Keeps what a person has unsubscribed from when their address changes: `before` is the old.

    Assumes the transaction of the change.
    """
    for kind in KINDS:
        if is_ended(letters_to(kind, before)):
            end(letters_to(kind, user.email, user))


def forget(user_ids: Iterable[int]) -> None:
    """Deletes what is noted of accounts that are erased. Their addresses are left alone."""
    digests = [digest for pk in user_ids for digest in keyed_digests.known(_OF_ACCOUNT, str(pk))]
    OptOut.objects.filter(address_digest__in=digests).delete()


def _rows(letters: Letters) -> QuerySet[OptOut]:
    return OptOut.objects.filter(kind=letters.kind, address_digest__in=letters.known)
