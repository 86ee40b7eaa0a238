"""A price promised for a while: a signed token, so that nothing is stored until it is used."""

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
_SALT = "holdfast.quote"


@dataclass(frozen=True, slots=True)
class Quote:
    """The lines of a price, and the token that promises their sum until `expires_at`."""

    token: str
    items: list[Item]
    amount_minor: int
    expires_at: datetime


def quote(venue: Venue, category: Category, window: Window, party: int, *, now: datetime) -> Quote:
    """Price a range in a category (its rates prefetched) for a party, as it is sold now."""
    items = prices.itemise(list(category.rates.all()), window.start, window.end, venue.zone)
    # Whole seconds, so that what is told is what is honoured.
    amount, expires_at = prices.total(items), (now + GOOD_FOR).replace(microsecond=0)
    facts = [*_facts(venue, category, window, party), amount, int(expires_at.timestamp())]
    return Quote(signing.dumps(facts, salt=_SALT, compress=True), items, amount, expires_at)


def honour(
    token: str, venue: Venue, category: Category, window: Window, party: int, *, now: datetime
) -> int:
    """The amount a token promises for exactly this. Raises QuoteExpired, with a new quote."""
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
    """The code of the category that a token prices here, for a booking that names none."""
    facts, _, _ = _read(token)
    if not facts or facts[0] != venue.pk:
        return None
    return venue.categories.filter(pk=facts[1]).values_list("code", flat=True).first()


def _read(token: str) -> tuple[list[Any], int, int]:
    """What was signed: the facts, the amount, and when it expires; nothing of what we did not."""
    try:
        *facts, amount, expires = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return [], 0, 0
    return facts, amount, expires


def _facts(venue: Venue, category: Category, window: Window, party: int) -> list[Any]:
    start, end = window.start.timestamp(), window.end.timestamp()
    return [venue.pk, category.pk, start, end, party]
