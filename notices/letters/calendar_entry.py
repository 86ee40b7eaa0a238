"""A reservation as a calendar entry (RFC 5545). Calendars update it by its code and version."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress

from notices.mail import messages
from notices.mail.composers import Invitation
from reservations.models import Reservation
from reservations.status import Status

STATES = {
    Status.UPCOMING: "CONFIRMED",
    Status.PRESENT: "CONFIRMED",
    Status.LEFT: "CONFIRMED",
    Status.NO_SHOW: "CONFIRMED",
    Status.HELD: "TENTATIVE",
    Status.EXPIRED: "CANCELLED",
    Status.CANCELLED: "CANCELLED",
}
"""The status of a calendar entry for each status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What somebody knows of a reservation: its time (UTC), and the name of its category."""

    starts_at: datetime
    ends_at: datetime
    category: str


def known_now(row: Reservation) -> Known:
    """Returns the reservation as it is."""
    return Known(starts_at=row.starts_at, ends_at=row.ends_at, category=row.category.name)


def withdrawal(
    row: Reservation, known: Known, *, to: str, page: str, now: datetime
) -> Invitation | None:
    """Returns what takes the entry out of the calendar of an address that is the guest's no more.

    It holds only what that address was told. None for an address that is our own.
    """
    if to.lower() == messages.sender_address().lower():
        return None
    event = _event(row, known, page=page, now=now)
    event.add("status", "CANCELLED")
    event.add("attendee", vCalAddress(f"mailto:{to}"))
    return Invitation(method="CANCEL", content=_file(event, "CANCEL").decode())


def invitation(row: Reservation, *, to: str, page: str, now: datetime) -> Invitation | None:
    """Returns the invitation of a letter to the guest's address `to`.

    None for what was never confirmed, and for an address that is our own: a calendar takes no
    invitation from its own user.
    """
    if row.confirmed_at is None or to.lower() == messages.sender_address().lower():
        return None
    method = "CANCEL" if STATES[row.status_at(now)] == "CANCELLED" else "REQUEST"
    content = file_of(row, method=method, page=page, now=now, attendee=to)
    return Invitation(method=method, content=content.decode())


def file_of(
    row: Reservation, *, method: str, page: str, now: datetime, attendee: str = ""
) -> bytes:
    """Returns the file. Times are in UTC, so that calendars need to know no zone.

    Assumes the reservation with venue and category. The entry is the same one whatever the method,
    so that a downloaded one is moved by a letter.
    """
    event = _event(row, known_now(row), page=page, now=now)
    event.add("status", STATES[row.status_at(now)])
    if attendee:
        event.add("attendee", _attendee(row, attendee))
    return _file(event, method)


def _event(row: Reservation, known: Known, *, page: str, now: datetime) -> Event:
    venue = row.venue
    event = Event()
    event.add("uid", f"{row.code}@holdfast")
    event.add("sequence", row.version)
    event.add("dtstamp", now)
    event.add("dtstart", known.starts_at)
    event.add("dtend", known.ends_at)
    event.add("summary", messages.one_line(f"{venue.name}: {known.category}"))
    event.add(
        "location", ", ".join(part for part in (venue.name, venue.address, venue.city) if part)
    )
    event.add("description", _("Reservation %(code)s: %(page)s") % {"code": row.code, "page": page})
    event.add("url", page)
    # Bare: a name inside breaks it in some calendars. It is who the letters come from.
    event.add("organizer", vCalAddress(f"mailto:{messages.sender_address()}"))
    return event


def _file(event: Event, method: str) -> bytes:
    calendar = Calendar()
    # First, since some calendars look no further.
    calendar.add("method", method)
    calendar.add("prodid", "-//Holdfast//Reservations//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))


def _attendee(row: Reservation, address: str) -> vCalAddress:
    guest = vCalAddress(f"mailto:{address}")
    # Not every calendar reads the escapes of RFC 6868.
    name = messages.one_line(f"{row.first_name} {row.last_name}".replace('"', "'"))
    guest.params["CN"] = name
    guest.params["ROLE"] = "REQ-PARTICIPANT"
    # A reservation is not a question.
    guest.params["PARTSTAT"] = "ACCEPTED"
    guest.params["RSVP"] = "FALSE"
    return guest
