"""The facts on a reservation's page: sections, allocations and events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.forms.utils import pretty_name

from desk import phrases
from guests.models import User
from reservations.models import Allocation, Event, Reservation
from reservations.rules import modes
from reservations.rules.guest_fields import EXTRAS
from venues.hours import Window
from venues.models import Resource

Section = tuple[str, list[tuple[str, str]]]

_PREFERENCES = (
    ("receive_email_updates", "e-mail"),
    ("receive_phone_call", "phone call"),
    ("receive_text_notification", "text"),
)


def sections(row: Reservation) -> list[Section]:
    """Returns titles, each with pairs of label and value. Leaves out empty values."""
    told = [
        ("When and where", _place(row)),
        ("Guest", _guest(row)),
        ("Price", _price(row)),
    ]
    return [(title, [(label, value) for label, value in lines if value]) for title, lines in told]


def allocations(row: Reservation, now: datetime) -> list[dict[str, str]]:
    """Returns the allocations of a reservation as texts, live ones first."""
    rows = row.allocations.select_related("resource").order_by("-is_live", "starts_at", "pk")
    zone = row.venue.zone
    return [
        {
            "unit": taken.resource.name,
            "span": phrases.span(taken.starts_at, taken.ends_at, zone),
            "state": state_of(taken, now),
            "fixed": fixed_of(taken),
        }
        for taken in rows
    ]


def fixed_of(taken: Allocation) -> str:
    """Returns whether re-seating may give the reservation another unit, in words."""
    return "fixed" if taken.is_locked else "may be moved"


def state_of(taken: Allocation, now: datetime) -> str:
    """Returns whether an allocation takes its time, in words."""
    if not taken.is_live:
        return "freed"
    if taken.lapses_at and taken.lapses_at <= now:
        return "lapsed: free to the next guest"
    return "over" if taken.ends_at <= now else "taken"


def events(row: Reservation) -> list[dict[str, str]]:
    """Returns the events of a reservation as texts, newest first."""
    found = list(row.events.order_by("-pk"))
    reading = phrases.Reading(currency=row.currency, zone=row.venue.zone, units=unit_names(found))
    people = _people(found)
    return [
        {
            "at": phrases.moment(event.at, row.venue.zone),
            "name": event_label(event.name),
            "by": people.get(event.by) or event.by,
            "kind": event.by_kind,
            "data": reading.line(event.data),
        }
        for event in found
    ]


def event_label(name: str) -> str:
    """Turns `reservation.checked_in` into `Checked in`."""
    return name.rpartition(".")[2].replace("_", " ").capitalize()


def unit_names(found: Iterable[Event]) -> dict[str, str]:
    """Returns the names of the units in the data of events, by id, in one query."""
    ids: set[str] = set()
    for event in found:
        ids.update(_ids(event.data, "from"), _ids(event.data, "to"), _ids(event.data, "units"))
    rows = Resource.objects.filter(pk__in=ids) if ids else Resource.objects.none()
    return {str(pk): name for pk, name in rows.values_list("pk", "name")}


def units_of(taken: Sequence[Allocation]) -> str:
    """Returns the names of the live units, else of the last one. "" without allocations.

    Load each row with its unit.
    """
    shown = [row for row in taken if row.is_live] or list(taken[-1:])
    return ", ".join(row.resource.name for row in shown)


def _place(row: Reservation) -> list[tuple[str, str]]:
    zone = row.venue.zone
    nights = modes.nights(row.venue, Window(row.starts_at, row.ends_at))
    return [
        ("Venue", row.venue.name),
        ("When", phrases.span(row.starts_at, row.ends_at, zone)),
        ("Clocks of", row.venue.time_zone),
        ("Nights", str(nights or "")),
        ("Category", row.category.name),
        ("Guests", str(row.guest_count)),
        ("Part of group", str(row.group_id or "")),
    ]


def _guest(row: Reservation) -> list[tuple[str, str]]:
    told_by = [label for name, label in _PREFERENCES if getattr(row, name)]
    return [
        ("Name", f"{row.first_name} {row.last_name}"),
        ("Phone", row.phone),
        ("E-mail", row.email),
        ("May be told by", ", ".join(told_by) or "nothing"),
        ("Account", str(row.guest or "")),
        ("Booked by partner", row.partner),
        *((pretty_name(name), getattr(row, name)) for name in EXTRAS),
    ]


def _price(row: Reservation) -> list[tuple[str, str]]:
    free_until = row.cancel_free_until
    fee = phrases.money(row.cancel_fee_minor, row.currency) if row.cancel_fee_minor else ""
    free = phrases.moment(free_until, row.venue.zone) if free_until and fee else ""
    return [
        ("Price", phrases.money(row.price_minor, row.currency)),
        ("Paid", phrases.money(row.paid_minor, row.currency)),
        ("Free to cancel until", free),
        ("Fee after that", fee),
    ]


def _people(found: Iterable[Event]) -> dict[str, str]:
    ids = {event.by.removeprefix("user:") for event in found if event.by.startswith("user:")}
    people = User.objects.filter(pk__in=[pk for pk in ids if pk.isdecimal()]) if ids else []
    return {f"user:{person.pk}": person.display_name for person in people}


def _ids(data: dict[str, Any], name: str) -> list[str]:
    value = data.get(name)
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str) and item.isdecimal()]
