"""What a price is made of and when it is paid, as pages show it beside the button."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reservations.pricing import charges, price_lines
from reservations.pricing.charges import PriceLine
from reservations.pricing.owed import Cancellation
from reservations.pricing.payment_terms import AskedTerms
from venues.hours import Window
from venues.local_words import money, when
from venues.models import Category, Extra, PaymentTerm, Venue

_PER = {
    Extra.Per.STAY.value: gettext_lazy("%(name)s, %(price)s"),
    Extra.Per.NIGHT.value: gettext_lazy("%(name)s, %(price)s a night"),
    Extra.Per.PERSON.value: gettext_lazy("%(name)s, %(price)s a person"),
    Extra.Per.PERSON_NIGHT.value: gettext_lazy("%(name)s, %(price)s a person and night"),
}


@dataclass(frozen=True, slots=True)
class WordedLine:
    """A line in words. `is_added` where it is part of the sum, else it is within it or apart."""

    text: str
    amount_minor: int
    is_added: bool


def worded(
    lines: Iterable[PriceLine], window: Window, venue: Venue, category: Category
) -> list[WordedLine]:
    """Returns the lines of a price in words; [] where there is nothing to say beside the sum."""
    found = list(lines)
    if not price_lines.has_taxes(found):
        return []
    nights = price_lines.nights_of(window.start, window.end, venue.zone, category=category)
    return [
        WordedLine(price_lines.told(line, category.name, nights), line.amount_minor, line.is_added)
        for line in found
    ]


def choices(venue: Venue) -> list[tuple[str, str]]:
    """Returns the extras that a guest may choose: code, and name with price."""
    return [
        (one.code, _PER[one.basis] % {"name": one.name, "price": _price(one, venue)})
        for one in charges.offered(venue)
    ]


def paying(asked: AskedTerms, price_minor: int, due_now_minor: int, currency: str) -> str:
    """Returns when and how much is paid, in a sentence."""
    if not price_minor:
        return _("Booking is free of charge.")
    if asked.kind == PaymentTerm.Asks.GUARANTEE:
        return _("We ask for your card as a guarantee. Nothing is taken from it now.")
    told = {
        "now": money(due_now_minor, currency),
        "rest": money(price_minor - due_now_minor, currency),
    }
    if due_now_minor and due_now_minor < price_minor:
        return _("To confirm it you pay %(now)s now, and %(rest)s at the place.") % told
    if due_now_minor:
        return _("To confirm it you pay %(now)s now.") % told
    return _("You pay at the place.")


def cancelling(costs: Cancellation, venue: Venue) -> str:
    """Returns what cancelling costs from this moment on, in one or more sentences."""
    currency, zone = venue.currency, venue.zone
    if not costs.free_until:
        return _("Cancelling is free until the start.")
    told = {"when": when(costs.free_until, zone), "fee": money(costs.fee_minor, currency)}
    if costs.fee_now_minor:
        told["fee"] = money(costs.fee_now_minor, currency)
        begin = _("Cancelling costs %(fee)s as soon as it is confirmed.") % told
    else:
        begin = _("Cancelling is free until %(when)s; after that it costs %(fee)s.") % told
    return " ".join([begin, *price_lines.later_steps(costs, currency, zone)])


def _price(extra: Any, venue: Venue) -> str:
    return money(extra.amount_minor, venue.currency)
