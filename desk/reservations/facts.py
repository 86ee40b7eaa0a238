"""The facts on a reservation's page: sections, allocations and events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _

from desk import event_words, phrases
from guests.models import User
from reservations.models import Allocation, Event, Reservation
from reservations.pricing import due_now, owed, payment_terms, price_lines
from reservations.rules import modes, parties
from reservations.rules.guest_fields import EXTRAS, LABELS
from venues.hours import Window
from venues.models import PaymentTerm, Resource

Section = tuple[str, list[tuple[str, str]]]

_PREFERENCES = (
    ("receive_email_updates", _("e-mail")),
    ("receive_phone_call", _("phone call")),
    ("receive_text_notification", _("text")),
)


def sections(row: Reservation, now: datetime) -> list[Section]:
    """Returns titles, each with pairs of label and value. Leaves out empty values."""
    told = [
        (now_said("When and where"), _place(row)),
        (now_said("Guest"), _guest(row)),
        (now_said("Price"), _price(row, now)),
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
    return now_said("fixed") if taken.is_locked else now_said("may be moved")


def state_of(taken: Allocation, now: datetime) -> str:
    """Returns whether an allocation takes its time, in words."""
    if not taken.is_live:
        return now_said("freed")
    if taken.lapses_at and taken.lapses_at <= now:
        return now_said("lapsed: free to the next guest")
    return now_said("over") if taken.ends_at <= now else now_said("taken")


def events(row: Reservation) -> list[dict[str, str]]:
    """Returns the events of a reservation as texts, newest first."""
    found = list(row.events.order_by("-pk"))
    reading = phrases.Reading(currency=row.currency, zone=row.venue.zone, units=unit_names(found))
    people = people_of(event.by for event in found)
    return [
        {
            "at": phrases.moment(event.at, row.venue.zone),
            "name": event_words.event_label(event.name),
            "by": people.get(event.by) or event.by,
            "kind": event_words.kind_label(event.by_kind),
            "data": reading.line(event.data),
        }
        for event in found
    ]


def people_of(names: Iterable[str]) -> dict[str, str]:
    """Returns what the people among these callers (`user:7`) are called, in one query at most."""
    ids = {name.removeprefix("user:") for name in names if name.startswith("user:")}
    people = User.objects.filter(pk__in=[pk for pk in ids if pk.isdecimal()]) if ids else []
    return {f"user:{person.pk}": person.display_name for person in people}


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


def group_of(row: Reservation, now: datetime) -> dict[str, int] | None:
    """Returns how many others are in the reservation's group, and how many of these are held."""
    if row.group_id is None:
        return None
    others = Reservation.objects.filter(group_id=row.group_id, venue=row.venue_id)
    others = others.exclude(pk=row.pk)
    return {"others": others.count(), "held": others.held(at=now).count()}


def _place(row: Reservation) -> list[tuple[str, str]]:
    zone = row.venue.zone
    nights = modes.nights(row.venue, Window(row.starts_at, row.ends_at))
    return [
        (now_said("Venue"), row.venue.name),
        (now_said("When"), phrases.span(row.starts_at, row.ends_at, zone)),
        (now_said("Clocks of"), row.venue.time_zone),
        (now_said("Nights"), str(nights or "")),
        (now_said("Category"), row.category.name),
        (now_said("Guests"), parties.told(row)),
    ]


def _guest(row: Reservation) -> list[tuple[str, str]]:
    notes = sorted((row.metadata or {}).items())
    told_by = [str(label) for name, label in _PREFERENCES if getattr(row, name)]
    return [
        (now_said("Name"), f"{row.first_name} {row.last_name}"),
        (now_said("Phone"), row.phone),
        (now_said("E-mail"), row.email),
        (now_said("May be told by"), ", ".join(told_by) or now_said("nothing")),
        (now_said("Account"), str(row.guest or "")),
        (now_said("Booked by partner"), row.partner),
        (now_said("Partner's reference"), row.reference or ""),
        (now_said("Metadata"), "; ".join(f"{name}: {said}" for name, said in notes)),
        *((str(LABELS[name]), getattr(row, name)) for name in EXTRAS),
    ]


def _price(row: Reservation, now: datetime) -> list[tuple[str, str]]:
    costs = owed.cancellation(row, now)

    def shown(amount_minor: int) -> str:
        return phrases.money(amount_minor, row.currency) if amount_minor else ""

    free = phrases.moment(costs.free_until, row.venue.zone) if costs.free_until else ""
    return [
        *_lines(row),
        (now_said("Price"), phrases.money(row.price_minor, row.currency)),
        (now_said("Asked before confirming"), _asked(row)),
        (now_said("To be paid now"), shown(due_now.minor(row, now))),
        (now_said("Fee owed"), shown(costs.fee_due_minor)),
        (now_said("Paid"), phrases.money(row.paid_minor, row.currency)),
        (now_said("Still due"), shown(owed.due(row, now))),
        (now_said("Free to cancel until"), free),
        (now_said("Fee after that"), shown(costs.fee_minor)),
        (now_said("Cancelling costs now"), shown(costs.fee_now_minor)),
        *(
            (
                now_said("From %s on") % phrases.moment(at, row.venue.zone),
                phrases.money(fee, row.currency),
            )
            for at, fee in costs.steps[1:]
        ),
    ]


def _lines(row: Reservation) -> list[tuple[str, str]]:
    """What the price is made of, and the taxes within it; [] where there is only the price."""
    lines = price_lines.of(row, row.venue, row.category)
    if not price_lines.has_taxes(lines):
        return []
    nights = price_lines.nights_of(
        row.starts_at, row.ends_at, row.venue.zone, category=row.category
    )
    told = []
    for line in lines:
        text = price_lines.told(line, row.category.name, nights)
        told.append((text, phrases.money(line.amount_minor, row.currency)))
    return told


def _asked(row: Reservation) -> str:
    """What was asked before confirming, "" for nothing."""
    asked = payment_terms.as_sold(row.tariff)
    if asked == payment_terms.NOTHING:
        return ""
    label = str(PaymentTerm.Asks(asked.kind).label)
    return label if asked.percent is None else f"{label}, {asked.percent} %"


def _ids(data: dict[str, Any], name: str) -> list[str]:
    value = data.get(name)
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str) and item.isdecimal()]
