"""The price at which something is offered: all that a guest pays, in minor units."""

from collections.abc import Sequence

from reservations.pricing.charges import Charges, Party
from reservations.pricing.terms import charges_today
from venues import prices
from venues.hours import Window
from venues.models import Category, Venue


def price_of(venue: Venue, category: Category, window: Window, guests: int = 1) -> int:
    """The price of a range in a category for so many adults, with taxes and obligatory fees.

    Runs no query when the category's rates are prefetched.
    """
    sold = charges_today(venue, window, (), is_of_partner=False)
    return price_with(venue, category, window, sold, Party(guests))


def price_with(
    venue: Venue, category: Category, window: Window, sold: Charges | None, party: Party
) -> int:
    """The price of a range in a category with these charges, for a party."""
    room = prices.exact(prices.rates_of(category), window.start, window.end, venue.zone)
    if sold is None:
        return prices.half_up(room)
    return prices.half_up(room) + sold.added(room, window, venue.zone, party)


def cheapest_first(
    venue: Venue, categories: Sequence[Category], window: Window, guests: int
) -> list[Category]:
    """These categories, the cheapest for so many guests first."""
    return sorted(categories, key=lambda one: price_of(venue, one, window, guests))
