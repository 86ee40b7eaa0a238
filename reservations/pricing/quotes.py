"""Quotes: prices promised for fifteen minutes in a signed token. Nothing is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.core import signing

from reservations.errors import QuoteExpired
from reservations.pricing import charges, owed
from reservations.pricing.charges import LineKind, Party, PriceLine
from reservations.pricing.owed import Cancellation
from reservations.pricing.promises import Promised, promised_by
from reservations.pricing.terms import charges_today
from venues import prices
from venues.hours import Window
from venues.models import Category, Venue
from venues.prices import ExactLine, Item, rounded

GOOD_FOR = timedelta(minutes=15)
"""How long a quote holds."""
_SALT = "holdfast.quote"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a quote is for: a range in a category, a party, and the codes of chosen extras."""

    category: Category
    window: Window
    party: Party
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """The lines of a price, and a token that promises their sum until `expires_at`.

    `items` are the lines by rate, and one for each charge that is added; `lines` say also which
    taxes are within it. Both add up to the price. `due_now_minor` is what is asked before
    confirming.
    """

    token: str
    items: list[Item]
    lines: list[PriceLine]
    amount_minor: int
    promised: Promised
    expires_at: datetime

    @property
    def due_now_minor(self) -> int:
        """What must be paid before it is confirmed."""
        return self.promised.asked.due_now(self.amount_minor)


def quote(venue: Venue, wanted: Wanted, *, now: datetime, is_of_partner: bool = False) -> Quote:
    """Quotes a range in a category for a party, at the price it has now. Runs no query.

    Assumes that the category's rates are prefetched. `expires_at` is UTC, in whole seconds. Raises
    Invalid for an extra that is not sold here.
    """
    category, window, party = wanted.category, wanted.window, wanted.party
    sold = charges_today(venue, window, wanted.extras, is_of_partner=is_of_partner)
    exact = prices.lines(prices.rates_of(category), window.start, window.end, venue.zone)
    items = [Item(line.label, amount) for line, amount in rounded(exact, of=_amount)]
    amount = prices.total(items)
    lines: list[PriceLine] = []
    if sold is not None:
        room = sum((line.amount for line in exact), Fraction(0))
        amount += sold.added(room, window, venue.zone, party)
        lines = sold.lines(amount, room, window, venue.zone, party)
        items += [Item(one.name, one.amount_minor) for one in lines[1:] if one.is_added]
    elif amount:
        lines = [PriceLine(kind=LineKind.STAY, amount_minor=amount)]
    # Whole seconds, since the token carries no fractions.
    expires_at = (now + GOOD_FOR).replace(microsecond=0)
    facts = [*_facts(venue, wanted), amount, int(expires_at.timestamp())]
    token = signing.dumps(facts, salt=_SALT, compress=True)
    return Quote(token, items, lines, amount, promised_by(venue, category, window), expires_at)


def cancellation(quote: Quote, window: Window, *, now: datetime) -> Cancellation:
    """What cancelling costs of what is booked for this quote at `now`."""
    return owed.of_offer(quote.promised, quote.amount_minor, window.start, now)


def honour(token: str, venue: Venue, wanted: Wanted, *, now: datetime, is_of_partner: bool) -> int:
    """Returns the amount, in minor units, that the token promises for this booking.

    Raises QuoteExpired, which carries a new quote, when the token is expired, forged or for another
    venue, category, range, party or choice of extras.
    """
    facts, amount, expires = _read(token)
    if facts != _facts(venue, wanted) or now.timestamp() >= expires:
        new = quote(venue, wanted, now=now, is_of_partner=is_of_partner)
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


def _facts(venue: Venue, wanted: Wanted) -> list[Any]:
    category, window = wanted.category, wanted.window
    start, end = window.start.timestamp(), window.end.timestamp()
    unit = [] if category.priced_unit is None else [category.priced_unit]
    # Only where there are any, so that the tokens of the version before stay good.
    more: dict[str, list[Any]] = {}
    if wanted.party.ages and charges.go_by_age(venue):
        more["ages"] = sorted(wanted.party.ages)
    if wanted.extras:
        more["extras"] = sorted(wanted.extras)
    told = [more] if more else []
    return [venue.pk, category.pk, start, end, wanted.party.guests, *unit, *told]


def _amount(line: ExactLine) -> Fraction:
    return line.amount
