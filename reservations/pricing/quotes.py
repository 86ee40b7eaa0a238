"""Quotes: prices promised for fifteen minutes in a signed token. Nothing is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing

from reservations.errors import QuoteExpired
from venues import prices
from venues.hours import Window
from venues.models import Category, Venue
from venues.prices import Item

GOOD_FOR = timedelta(minutes=15)
"""How long a quote holds."""
_SALT = "holdfast.quote"


@dataclass(frozen=True, slots=True)
class Quote:
    """The lines of a price, and a token that promises their sum until `expires_at`."""

    token: str
    items: list[Item]
    amount_minor: int
    expires_at: datetime


def quote(venue: Venue, category: Category, window: Window, party: int, *, now: datetime) -> Quote:
    """Quotes a range in a category for a party, at the price it has now. Runs no query.

    Assumes that the category's rates are prefetched. `expires_at` is UTC, in whole seconds.
    """
    items = prices.itemise(list(category.rates.all()), window.start, window.end, venue.zone)
    # Whole seconds, since the token carries no fractions.
    amount, expires_at = prices.total(items), (now + GOOD_FOR).replace(microsecond=0)
    facts = [*_facts(venue, category, window, party), amount, int(expires_at.timestamp())]
    return Quote(signing.dumps(facts, salt=_SALT, compress=True), items, amount, expires_at)


def honour(
    token: str, venue: Venue, category: Category, window: Window, party: int, *, now: datetime
) -> int:
    """Returns the amount, in minor units, that the token promises for this booking.

    Raises QuoteExpired, which carries a new quote, when the token is expired, forged or for another
    venue, category, range or party.
    """
    facts, amount, expires = _read(token)
    if facts != _facts(venue, category, window, party) or now.timestamp() >= expires:
        new = quote(venue, category, window, party, now=now)
        price = {
            "amount": str(prices.decimal(new.amount_minor, venue.currency)),
            "currency": venue.currency,
        }
        raise QuoteExpired(quote=new.token, price=price, expires_at=new.expires_at)
    return int(amount)


def category(token: str, venue: Venue) -> str | None:
    """The code of the category that the token prices at this venue; None for any other token."""
    facts, _, _ = _read(token)
    if not facts or facts[0] != venue.pk:
        return None
    return venue.categories.filter(pk=facts[1]).values_list("code", flat=True).first()


def _read(token: str) -> tuple[list[Any], int, int]:
    """The signed facts, amount and expiry (epoch seconds); empty and zeros for a forged token."""
    try:
        *facts, amount, expires = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return [], 0, 0
    return facts, amount, expires


def _facts(venue: Venue, category: Category, window: Window, party: int) -> list[Any]:
    start, end = window.start.timestamp(), window.end.timestamp()
    return [venue.pk, category.pk, start, end, party]
