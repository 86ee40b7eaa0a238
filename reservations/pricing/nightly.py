"""The price of a stay night by night."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from reservations.pricing.promises import Columns
from reservations.pricing.terms import Sale, of_columns
from venues import hours, prices
from venues.hours import DAY, Window
from venues.models import Category, Venue

_Shares = dict[date, Fraction]


def prices_of(row: Columns, venue: Venue, category: Category) -> list[tuple[date, int]]:
    """The dates of the nights, each with its part of the price in minor units; they add up to it.

    An amount that no night explains, such as that of an overstay, is spread over all of them.
    """
    terms = of_columns(row, venue, category)
    shares = dict.fromkeys(_dates(Window(row.starts_at, row.ends_at), venue.zone), Fraction(0))
    if not shares:
        return []
    known: set[date] = set()
    before: Sale | None = None
    for sale in terms.sales:
        nights = [night for night in _dates(sale.window, venue.zone) if night in shares]
        added = [night for night in nights if night not in known]
        _share(shares, added or nights, sale, before, venue.zone)
        known.update(nights)
        before = sale
    price, found = Fraction(row.price_minor), sum(shares.values(), Fraction(0))
    if found != price:
        _spread(shares, shares, dict(shares), price - found)
    pairs = prices.rounded(shares.items(), of=lambda pair: pair[1])
    return [(night, amount) for (night, _), amount in pairs]


def _share(
    shares: _Shares, nights: Iterable[date], sale: Sale, before: Sale | None, zone: ZoneInfo
) -> None:
    """Adds what a sale added to the nights that it added, as its rates price them."""
    lines = prices.lines(sale.rates, sale.window.start, sale.window.end, zone)
    amount = sum((line.amount for line in lines), Fraction(0))
    if before is not None:
        amount -= prices.exact(sale.rates, before.window.start, before.window.end, zone)
    weights = {line.night: line.amount for line in lines if line.night is not None}
    _spread(shares, nights, weights, sale.scale * amount)


def _spread(shares: _Shares, nights: Iterable[date], weights: _Shares, amount: Fraction) -> None:
    """Adds an amount to nights in proportion to these weights, in equal parts without any."""
    over = list(nights)
    whole = sum((weights.get(night, Fraction(0)) for night in over), Fraction(0))
    for night in over:
        part = weights.get(night, Fraction(0)) / whole if whole > 0 else Fraction(1, len(over))
        shares[night] += amount * part


def _dates(window: Window, zone: ZoneInfo) -> list[date]:
    first, last = (at.astimezone(zone).date() for at in (window.start, window.end))
    return list(hours.dates(first, last - DAY))
