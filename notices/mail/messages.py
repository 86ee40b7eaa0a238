"""A letter as a message of RFC 5322: text, HTML and calendar as alternatives, one receiver."""

from email.headerregistry import Address
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.crypto import constant_time_compare

from guests.credentials import keyed_digests
from notices.mail.composers import Letter
from notices.models import Delivery

_SALT = "notices.messages"
_PROOF = 16
"""Hexadecimal digits."""
_WITHOUT_CALENDAR = "anymail.backends."
_WITH_CALENDAR = ("anymail.backends.amazon_ses.", "anymail.backends.test.")


def message_of(
    delivery: Delivery, letter: Letter, *, connection: BaseEmailBackend | None = None
) -> EmailMultiAlternatives:
    """Returns the message of a letter to the receiver of a delivery.

    A retry has the Message-ID of the first try, so that a mail server can tell.
    """
    message = EmailMultiAlternatives(
        subject=one_line(letter.subject),
        body=letter.text,
        from_email=_from(letter.sender_name),
        to=[delivery.to],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers={
            "Message-ID": message_id(delivery, letter.code),
            "Auto-Submitted": "auto-generated",
            **letter.headers,
        },
        connection=connection,
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    _invite(message, letter)
    return message


def message_id(delivery: Delivery, code: str = "") -> str:
    """Returns the id of a delivery's message: `<7.ABCDEFGHJK.0123456789abcdef@example.com>`.

    Nobody can guess it who has not had the letter.
    """
    proof = keyed_digests.newest(_SALT, str(delivery.pk))[:_PROOF]
    return f"<{delivery.pk}.{code or delivery.kind}.{proof}@{settings.MAIL_DOMAIN}>"


def is_proven(message_id: str, delivery: Delivery) -> bool:
    """Says whether an id is one that only we, and the receiver of the delivery, can know.

    Ids of before had no proof.
    """
    _rest, _dot, given = message_id.strip().strip("<>").rpartition("@")[0].rpartition(".")
    proofs = [each[:_PROOF] for each in keyed_digests.known(_SALT, str(delivery.pk))]
    return any(constant_time_compare(given, proof) for proof in proofs)


def sender_address() -> str:
    """Returns the bare address that letters come from, which organizes the invitations too."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def carries_calendars(backend: str) -> bool:
    """Says whether this mail backend (a dotted name) sends a calendar beside text and HTML.

    Most interfaces of mail services do not; their SMTP servers do.
    """
    return not backend.startswith(_WITHOUT_CALENDAR) or backend.startswith(_WITH_CALENDAR)


def one_line(text: str) -> str:
    """Returns a text without line breaks, for a header."""
    return " ".join(text.split())


def _from(name: str) -> str:
    if not name:
        return settings.DEFAULT_FROM_EMAIL
    local, _, domain = sender_address().rpartition("@")
    return str(Address(one_line(name), local, domain))


def _invite(message: EmailMultiAlternatives, letter: Letter) -> None:
    invitation = letter.invitation
    if invitation is None:
        return
    if carries_calendars(settings.EMAIL_BACKEND):
        # Django adds the character set. The method here must be that of the file.
        kind = f"text/calendar; method={invitation.method}; component=vevent"
        message.attach_alternative(invitation.content, kind)
    # As bytes: of a text, Django keeps ASCII alone.
    message.attach("invite.ics", invitation.content.encode(), "application/ics")
