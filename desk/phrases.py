"""Texts of the desk: local times, amounts with their currency, refusals and events."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk import event_words
from guests.errors import GuestError
from reservations.errors import Refusal
from reservations.status import Status
from venues import prices

_OVERRIDE = _("You can also give a reason to override the venue's policy.")

ADVICE: Mapping[str, str | Promise] = {
    "not_found": _("Look it up again."),
    "forbidden": _("Ask somebody who runs this venue."),
    "too_soon": _OVERRIDE,
    "too_far": _OVERRIDE,
    "too_short": _OVERRIDE,
    "too_long": _OVERRIDE,
    "closed": _OVERRIDE,
    "not_offered": _OVERRIDE,
    "no_choice": _OVERRIDE,
    "wrong_status": _("The buttons show what can be done with it now."),
    "fee_applies": _("Choose below whether the fee is charged."),
    "precondition_failed": _("Open the page again to see what changed."),
}
"""What a clerk can do after a refusal, by code, if its own text does not say."""

LABELS: Mapping[Status, str | Promise] = {
    Status.UPCOMING: _("Upcoming"),
    Status.PRESENT: _("Here now"),
    Status.LEFT: _("Left"),
    Status.NO_SHOW: _("Did not come"),
    Status.HELD: _("Held"),
    Status.EXPIRED: _("Expired"),
    Status.CANCELLED: _("Cancelled"),
}

_FACTS: Mapping[str, str | Promise] = {
    "earliest_start": _("The earliest start is {}."),
    "latest_start": _("The latest start is {}."),
    "may_free_at": _("It may become free at {}."),
    "opens_at": _("Check-in opens at {}."),
    "since": _("The guest has been there since {}."),
    "until": _("Until {} there is room."),
}


_OF_UNITS = ("from", "to")


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Returns an instant as local text, such as `Mon 1 Mar 2027, 12:00 CET`."""
    local = at.astimezone(zone)
    return f"{day(local)} {local.year}, {local:%H:%M %Z}"


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Returns a range as local text, such as `Mon 1 Mar 2027, 12:00 – 14:00 CET`.

    If it ends on another local day, the text has both dates.
    """
    begin, finish = start.astimezone(zone), end.astimezone(zone)
    # If clocks change in between, each end shows its own zone.
    mark = "" if begin.tzname() == finish.tzname() else f" {begin.tzname()}"
    ends = f"{finish:%H:%M %Z}"
    if begin.date() != finish.date():
        ends = f"{day(finish)} {finish.year}, {ends}"
    year = f" {begin.year}" if begin.date() == finish.date() or begin.year != finish.year else ""
    return f"{day(begin)}{year}, {begin:%H:%M}{mark} – {ends}"


def day(local: datetime | date) -> str:
    """Returns a local date such as `Mon 1 Mar`, in the active language."""
    return date_format(local, "D j M")


def soon(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Returns the local time `12:00` if it is today, else `Mon 1 Mar, 12:00`."""
    is_today = at.astimezone(zone).date() == now.astimezone(zone).date()
    return f"{at.astimezone(zone):%H:%M}" if is_today else short(at, zone)


def short(at: datetime, zone: ZoneInfo) -> str:
    """Returns an instant as local text without year and zone, such as `Mon 1 Mar, 12:00`."""
    local = at.astimezone(zone)
    return f"{day(local)}, {local:%H:%M}"


def money(amount_minor: int, currency: str) -> str:
    """Returns an amount of minor units such as `EUR 120.00`."""
    return f"{currency} {prices.decimal(amount_minor, currency):,f}"


def refusal(fault: Refusal | GuestError, zone: ZoneInfo) -> str:
    """Returns the text of a refusal: what is wrong, its facts, what to do, and the code."""
    parts = [fault.detail]
    if isinstance(fault, Refusal):
        parts += _told(fault.facts, zone)
    parts.append(str(ADVICE.get(fault.code, "")))
    return " ".join(part for part in parts if part) + f" ({fault.code})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Turns the data of an event into text. `units` has the names of units by id."""

    currency: str
    zone: ZoneInfo
    units: Mapping[str, str]

    def line(self, values: Mapping[str, Any]) -> str:
        """Returns text such as `changed: phone; fee: EUR 48.00`. Leaves out empty values and
        amounts of 0.
        """
        told = [
            f"{event_words.field_label(name)}: {self._shown(name, value)}"
            for name, value in values.items()
            if value not in ("", None, [], {})
            and not (name.endswith("_minor") and value == 0)
            # `changed` names the units already.
            and not (name in _OF_UNITS and "changed" in values)
        ]
        return "; ".join(told)

    def _shown(self, name: str, value: Any) -> str:
        # The values of `changed` are names already; versions before 0.2 listed fields there.
        if name == "changed" and isinstance(value, dict):
            named = replace(self, units={})
            return ", ".join(named._change(field, one) for field, one in value.items())
        return self._value(name, value)

    def _change(self, field: str, change: Mapping[str, Any]) -> str:
        before, after = (self._value(field, change[end]) or "–" for end in ("from", "to"))
        return f"{event_words.field_label(field)} {before} → {after}"

    def _value(self, name: str, value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return gettext("yes") if value else gettext("no")
            case int() if name.endswith("_minor"):
                return money(value, self.currency)
            case str() if name.endswith(("_at", "_until")) and value:
                return moment(datetime.fromisoformat(value), self.zone)
            case str():
                # The ids of units become names, and field names become words.
                return self._word(name, value)
            case list():
                return ", ".join(self._value(name, item) for item in value)
            case dict():
                return self.line(value)
            case _:
                return str(value)

    def _word(self, name: str, value: str) -> str:
        if name in ("from", "to", "units"):
            return self.units.get(value, value)
        if name == "changed":
            return event_words.field_label(value)
        return event_words.value_label(name, value)


def _told(facts: Mapping[str, Any], zone: ZoneInfo) -> list[str]:
    told = [
        str(sentence).format(moment(facts[name], zone))
        for name, sentence in _FACTS.items()
        if isinstance(facts.get(name), datetime)
    ]
    if {"fee", "price"} <= facts.keys():
        amounts = {name: _amount(facts[name]) for name in ("fee", "price")}
        told.append(gettext("The fee is %(fee)s, and the price becomes %(price)s.") % amounts)
    if facts.get("units"):
        told.append(gettext("Fixed in its way: %s.") % ", ".join(facts["units"]))
    return told


def _amount(given: Mapping[str, str]) -> str:
    return f"{given['currency']} {given['amount']}"
