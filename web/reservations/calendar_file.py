"""A reservation as a calendar file (RFC 5545). Calendars update it by its code and version."""

from datetime import datetime

from django.utils.translation import gettext as _
from icalendar import Calendar, Event

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


def of_reservation(row: Reservation, *, page: str, now: datetime) -> bytes:
    """Returns the file. Times are in UTC, so that calendars need to know no zone."""
    venue, state = row.venue, STATES[row.status_at(now)]
    event = Event()
    event.add("uid", f"{row.code}@holdfast")
    event.add("sequence", row.version)
    event.add("dtstamp", now)
    event.add("dtstart", row.starts_at)
    event.add("dtend", row.ends_at)
    event.add("summary", f"{venue.name}: {row.category.name}")
    event.add(
        "location", ", ".join(part for part in (venue.name, venue.address, venue.city) if part)
    )
    event.add("description", _("Reservation %(code)s: %(page)s") % {"code": row.code, "page": page})
    event.add("url", page)
    event.add("status", state)
    calendar = Calendar()
    calendar.add("prodid", "-//Holdfast//Reservations//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if state == "CANCELLED" else "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
