"""The facts of a reservation in words, in the active language: values, and rows of a table."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import phonenumbers
from django.urls import reverse
from django.utils.translation import gettext as _

from notices import links
from reservations.lifecycle import cancellations, modifications
from reservations.models import Reservation
from reservations.pricing import due_now, owed, price_lines
from reservations.pricing.owed import Cancellation
from reservations.rules import local_promises, modes
from reservations.status import Status
from venues import kinds, time_zones
from venues.hours import Window
from venues.local_words import clock, day, ends, money, when, whose_time
from venues.models import Policy, Resource

_MAP = "https://www.openstreetmap.org/search?query="


class LetterRow(NamedTuple):
    """A row of the table of facts."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts:
    """A reservation at an instant: the row with venue and category, its status and its units."""

    row: Reservation
    now: datetime
    status: Status
    units: list[Resource]
    shows_units: bool
    """True where guests are told their unit: they may choose it, or it was fixed for them."""
    amount_minor: int | None = None
    """Of the payment or refund that a letter of money is about."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the times were promised."""
        promised = self.row.promised_local
        return local_promises.zone_of(promised) if promised else self.row.venue.zone

    @property
    def page(self) -> str:
        """The address of the guest's page."""
        return page_of(self.row)


def page_of(row: Reservation) -> str:
    """Returns the address of the guest's page of a reservation."""
    return links.absolute(reverse("web:reservation", args=[row.code]))


def of(row: Reservation, now: datetime) -> LetterFacts:
    """Reads the facts. Assumes the row with venue, policy, category and guest. One query."""
    taken = row.allocations.filter(is_live=True).select_related("resource").order_by("pk")
    latest = max((one.ends_at for one in taken), default=None)
    last = [one for one in taken if one.ends_at == latest]
    return LetterFacts(
        row=row,
        now=now,
        status=row.status_at(now),
        units=[one.resource for one in last],
        shows_units=tells_units(row) or any(one.is_locked for one in last),
    )


def tells_units(row: Reservation) -> bool:
    """Says whether guests of this venue see their unit on the page, as soon as it is booked."""
    venue = row.venue
    is_chosen = venue.policy.unit_choice == Policy.UnitChoice.GUEST
    return is_chosen or kinds.named(venue.kind).names_unit


def address_of(row: Reservation) -> str:
    """Returns where mail to the guest goes: as the reservation says, else as their account does."""
    return row.email or (row.guest.email if row.guest else "")


def values(facts: LetterFacts) -> dict[str, str]:
    """Returns the value of each placeholder; "" for what there is not."""
    row, zone = facts.row, facts.zone
    costs = owed.cancellation(row, facts.now)
    return {
        "guest": f"{row.first_name} {row.last_name}".strip(),
        "first_name": row.first_name,
        "last_name": row.last_name,
        "code": row.code,
        "venue": row.venue.name,
        "address": _address(row),
        "category": row.category.name,
        "unit": _units(facts),
        "starts": when(row.starts_at, zone),
        "ends": when(row.ends_at, zone),
        "zone": whose_time(zone),
        "party": str(row.guest_count),
        "price": money(row.price_minor, row.currency),
        "paid": money(row.paid_minor, row.currency),
        "due": money(owed.due(row, facts.now), row.currency),
        "amount": "" if facts.amount_minor is None else money(facts.amount_minor, row.currency),
        "cancelling": cancelling(facts, costs),
        "cancel_until": when(costs.free_until, zone) if costs.free_until else "",
        "fee": money(costs.fee_due_minor, row.currency) if costs.fee_due_minor else "",
        "hold_until": _hold_until(facts),
        "link": facts.page,
        "change_link": links.absolute(reverse("web:change", args=[row.code])),
        "cancel_link": links.absolute(reverse("web:cancel", args=[row.code])),
        "map_link": map_link(row),
        "phone": _phone(row.phone),
        "email": address_of(row),
        "plate": row.vehicle_plate,
        "remarks": row.remarks,
        "occasion": row.occasion,
    }


def rows(facts: LetterFacts) -> list[LetterRow]:
    """Returns the table of facts that each letter has."""
    row = facts.row
    found = [LetterRow(_("Code"), row.code), *_times(facts)]
    place = kinds.named(row.venue.kind).unit_word
    named = ", ".join(part for part in (row.category.name, _units(facts)) if part)
    found += [LetterRow(str(place), named), LetterRow(_("Guests"), str(row.guest_count))]
    found.append(LetterRow(_("Name"), f"{row.first_name} {row.last_name}".strip()))
    if row.vehicle_plate:
        found.append(LetterRow(_("Number plate"), row.vehicle_plate))
    found += _money(facts)
    if _address(row):
        found.append(LetterRow(_("Address"), _address(row), map_link(row)))
    return found


def guest_rows(facts: LetterFacts) -> list[LetterRow]:
    """Returns what only the venue is told: how to reach the guest, and what they want."""
    row = facts.row
    told = (
        (_("Phone number"), _phone(row.phone)),
        (_("E-mail"), address_of(row)),
        (_("Occasion"), row.occasion),
        (_("Remarks"), row.remarks),
    )
    return [LetterRow(label, value) for label, value in told if value]


def actions(facts: LetterFacts) -> list[LetterRow]:
    """Returns the links to what the guest can do now, the page of the reservation first."""
    row = facts.row
    if facts.status is Status.HELD:
        return [LetterRow(_("Confirm the reservation"), facts.page)]
    found = [LetterRow(_("See the reservation"), facts.page)]
    if modifications.may(row, facts.now):
        found.append(LetterRow(_("Change"), links.absolute(reverse("web:change", args=[row.code]))))
    if cancellations.may(row, facts.now):
        found.append(LetterRow(_("Cancel"), links.absolute(reverse("web:cancel", args=[row.code]))))
    return found


def cancelling(facts: LetterFacts, costs: Cancellation) -> str:
    """Returns what cancelling costs, in a sentence; "" where it is too late."""
    row, zone = facts.row, facts.zone
    if not cancellations.may(row, facts.now):
        return ""
    if not costs.free_until:
        return _("Free until the start.")
    told = {"when": when(costs.free_until, zone), "fee": money(costs.fee_minor, row.currency)}
    if costs.fee_now_minor:
        told["fee"] = money(costs.fee_now_minor, row.currency)
        begin = _("It costs %(fee)s now; it was free until %(when)s.") % told
    else:
        begin = _("Free until %(when)s; after that %(fee)s.") % told
    return " ".join([begin, *price_lines.later_steps(costs, row.currency, zone)])


def map_link(row: Reservation) -> str:
    """Returns the address of a map of the venue; "" where its place is not known."""
    venue = row.venue
    place = [part for part in (venue.name, venue.address, venue.city) if part]
    return f"{_MAP}{quote_plus(', '.join(place))}" if _address(row) else ""


def _times(facts: LetterFacts) -> list[LetterRow]:
    row, zone = facts.row, facts.zone
    window = Window(row.starts_at, row.ends_at)
    if modes.sells_nights(row.venue):
        arrive = _("from %(time)s") % {"time": clock(window.start, zone)}
        leave = _("by %(time)s") % {"time": clock(window.end, zone)}
        found = [
            LetterRow(_("Arrive"), f"{day(window.start, zone)}, {arrive}"),
            LetterRow(_("Leave"), f"{day(window.end, zone)}, {leave}"),
        ]
    else:
        span = f"{clock(window.start, zone)} – {ends(window, zone)}"
        told = f"{day(window.start, zone)}, {span} ({whose_time(zone)})"
        found = [LetterRow(_("When"), told)]
    return [*found, *_own_times(facts, window)]


def _own_times(facts: LetterFacts, window: Window) -> list[LetterRow]:
    """The times on the guest's own clock, where that is known and shows others."""
    name = getattr(facts.row.guest, "time_zone", "")
    if not name or not time_zones.is_known(name):
        return []
    own = time_zones.named(name)
    offsets = [window.start.astimezone(zone).utcoffset() for zone in (own, facts.zone)]
    if offsets[0] == offsets[1]:
        return []
    told = f"{day(window.start, own)}, {clock(window.start, own)} – {ends(window, own)}"
    return [LetterRow(_("On your clock"), f"{told} ({whose_time(own)})")]


def _money(facts: LetterFacts) -> list[LetterRow]:
    row, now = facts.row, facts.now
    costs = owed.cancellation(row, now)
    found = []
    is_over = facts.status in (Status.CANCELLED, Status.EXPIRED)
    if row.price_minor and not is_over:
        found += _price(row)
    if costs.fee_due_minor:
        found.append(LetterRow(_("Fee"), money(costs.fee_due_minor, row.currency)))
    if row.paid_minor:
        found.append(LetterRow(_("Paid"), money(row.paid_minor, row.currency)))
    asked = due_now.minor(row, now)
    if asked:
        found.append(LetterRow(_("To be paid now"), money(asked, row.currency)))
    due = owed.due(row, now)
    if due:
        found.append(LetterRow(_("To be paid"), money(due, row.currency)))
    if sentence := cancelling(facts, costs):
        found.append(LetterRow(_("Cancelling"), sentence))
    return found


def _price(row: Reservation) -> list[LetterRow]:
    """The price, after what it is made of, and before the taxes within it."""
    lines = price_lines.of(row, row.venue, row.category)
    nights = price_lines.nights_of(
        row.starts_at, row.ends_at, row.venue.zone, category=row.category
    )
    made_of: list[LetterRow] = []
    within: list[LetterRow] = []
    for line in lines if price_lines.has_taxes(lines) else ():
        text = price_lines.told(line, row.category.name, nights)
        told = LetterRow(text, money(line.amount_minor, row.currency))
        (made_of if line.is_added else within).append(told)
    return [*made_of, LetterRow(_("Price"), money(row.price_minor, row.currency)), *within]


def _hold_until(facts: LetterFacts) -> str:
    row = facts.row
    if facts.status is not Status.HELD or row.hold_expires_at is None:
        return ""
    return f"{when(row.hold_expires_at, facts.zone)} ({whose_time(facts.zone)})"


def _units(facts: LetterFacts) -> str:
    if not facts.shows_units or facts.status is Status.HELD:
        return ""
    return " + ".join(unit.name for unit in facts.units)


def _address(row: Reservation) -> str:
    return ", ".join(part for part in (row.venue.address, row.venue.city) if part)


def _phone(number: str) -> str:
    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
