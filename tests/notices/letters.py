"""Hands events on, sends what they lead to, and reads the letters back."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.core import mail
from icalendar import Calendar

from config import outbox
from guests.callers import Caller
from notices import batches
from reservations.models import Reservation
from reservations.requests import Contact
from tests import factories
from venues.models import Venue

ADA = Contact(first_name="Ada", last_name="Lovelace", phone="+31201234567", email="ada@example.com")


def told() -> list[EmailMessage]:
    """Hands on what was recorded, sends it, and returns the new letters in their order."""
    seen = len(mail.outbox)
    outbox.dispatch()
    while batches.send_batch():
        pass
    return [_read(message) for message in mail.outbox[seen:]]


def parts(letter: EmailMessage) -> dict[str, EmailMessage]:
    """The parts of a letter by their content type."""
    return {part.get_content_type(): part for part in letter.walk() if not part.is_multipart()}


def text_of(letter: EmailMessage) -> str:
    return str(parts(letter)["text/plain"].get_content())


def entry_of(letter: EmailMessage) -> tuple[str, Any] | None:
    """The method and the event of the invitation in a letter, which is there twice, or None."""
    found = parts(letter)
    if "text/calendar" not in found:
        assert "application/ics" not in found
        return None
    part = found["text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    attached = Calendar.from_ical(found["application/ics"].get_content())
    assert attached.to_ical() == calendar.to_ical()
    assert part["Content-Type"].params["method"] == str(calendar["METHOD"])
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event


def hold(venue: Venue, *, by: Caller = factories.DESK, **fields: Any) -> Reservation:
    """A reservation of Ada, who has an address."""
    return factories.hold(venue, by=by, contact=fields.pop("contact", ADA), **fields)


def subjects(letters: Sequence[EmailMessage]) -> list[str]:
    return [str(letter["Subject"]) for letter in letters]


def _read(message: Any) -> EmailMessage:
    read = message_from_bytes(message.message().as_bytes(linesep="\r\n"), policy=policy.default)
    assert isinstance(read, EmailMessage)
    for part in read.walk():
        assert not part.defects
    return read
