"""What an event changed, as a guest is told it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reservations.event_types import PRICE_ADJUSTED
from reservations.models import Event
from venues.local_words import money, when

TOLD: Mapping[str, str | Promise] = {
    "starts_at": _("Start"),
    "ends_at": _("End"),
    "category": _("What"),
    "units": _("Place"),
    "guest_count": _("Guests"),
    "price_minor": _("Price"),
    "fee_due_minor": _("Fee"),
}
"""The fields whose change a guest is told, with their labels, in the order of the letter."""

ADDRESS = "email"
"""A changed address gets a letter of its own, since it has had none."""

_INSTANTS = ("starts_at", "ends_at")
_MONEY = ("price_minor", "fee_due_minor")


class ChangeLine(NamedTuple):
    """One change in words."""

    label: str
    before: str
    after: str


def of(event: Event) -> dict[str, Any]:
    """Returns what an event changed, by field: `{"from": …, "to": …}` each."""
    if event.name == PRICE_ADJUSTED.name:
        told = {"from": event.data.get("before_minor"), "to": event.data.get("after_minor")}
        return {"price_minor": told}
    changed = event.data.get("changed")
    return changed if isinstance(changed, dict) else {}


def together(events: Iterable[Event]) -> dict[str, Any]:
    """Returns what several events changed, the oldest first: each field from the first value to the
    last. Leaves out what is as it was.
    """
    found: dict[str, Any] = {}
    for event in events:
        for name, change in of(event).items():
            first = found.get(name, change).get("from")
            found[name] = {"from": first, "to": change.get("to")}
    return {name: change for name, change in found.items() if change["from"] != change["to"]}


def lines(
    events: Iterable[Event], *, currency: str, zone: ZoneInfo, has_units: bool
) -> list[ChangeLine]:
    """Returns the changes that a guest is told, in words. `has_units` False leaves units out."""
    changed = together(events)
    names = [name for name in TOLD if name in changed and (has_units or name != "units")]
    return [
        ChangeLine(
            str(TOLD[name]),
            _words(name, changed[name].get("from"), currency, zone),
            _words(name, changed[name].get("to"), currency, zone),
        )
        for name in names
    ]


def _words(name: str, value: Any, currency: str, zone: ZoneInfo) -> str:
    if value is None:
        return "–"
    if name in _INSTANTS:
        return when(datetime.fromisoformat(value), zone)
    if name in _MONEY:
        return money(int(value), currency)
    if isinstance(value, list):
        return " + ".join(str(one) for one in value) or "–"
    return str(value)
