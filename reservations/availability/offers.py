"""Finds what each category of a venue can offer for one range. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.errors import PartyTooLarge, Refusal
from reservations.pricing.offered import price_of
from reservations.requests import Times
from reservations.rules import booking_window, modes
from reservations.rules.categories import categories_named, named_by_guests, pools_of
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue


@dataclass(frozen=True, slots=True)
class NamedOffer:
    """A free unit with rates of its own, which must be asked for by name. Price in minor units."""

    unit: Resource
    price_minor: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A category for a range: the units that are free, how many bookings fit, the price of one.

    `count` may exceed the number of free units where guests can be re-seated. `price_minor` is in
    minor units. `named` are units of the category beyond those, cheapest first.
    """

    category: Category
    units: list[Resource]
    count: int
    price_minor: int
    named: Sequence[NamedOffer] = ()


@dataclass(frozen=True, slots=True)
class Availability:
    """A range and its offers. `refusal` is the rule that forbids the range, or None."""

    window: Window
    offers: list[Offer]
    refusal: Refusal | None


def of_range(
    venue: Venue,
    times: Times,
    *,
    party: int,
    category: str | None,
    now: datetime,
    is_desk: bool = False,
) -> Availability:
    """The offers of each category, or of one (its code), for a range, judged as a booking would be.

    `is_desk`: as a booking by staff. With a refusal every offer has no units. Raises Invalid or
    TooLong when the times are no range, NotFound for an unknown category.
    """
    window = modes.resolve(venue, times, now)
    found = snapshot_queries.snapshot(venue, window, now=now, category=category, party=party)
    categories = categories_named(venue, category)
    try:
        opened = _judged(found, window, is_desk=is_desk)
    except Refusal as refusal:
        prices = [(one, price_of(venue, one, window, party)) for one in categories]
        return Availability(window, [Offer(one, [], 0, price) for one, price in prices], refusal)
    offered = [
        replace(
            _offer(found, one, opened, window, party),
            named=_named(found, one, opened, window, party, is_desk=is_desk),
        )
        for one in categories
    ]
    return Availability(window, offered, None)


def _judged(found: Snapshot, window: Window, *, is_desk: bool) -> list[Resource]:
    """The units that are open.

    Raises the refusal that a booking would get before its time is judged.
    """
    opened = booking_window.judge_range(
        found.venue, window, found.units, found.now, is_desk=is_desk
    )
    if not found.units and not found.joined:
        raise PartyTooLarge
    return opened


def _offer(
    found: Snapshot, category: Category, opened: Sequence[Resource], window: Window, party: int
) -> Offer:
    around = found.around(window)
    price = price_of(found.venue, category, window, party)
    key, category_of = category.id, catalogue.category_by_unit(found.venue)
    # Units with rates of their own are no part of the category's offer.
    by_name = catalogue.rates_by_unit(found.venue)
    opened = [unit for unit in opened if unit.id not in by_name]
    if all(category_of[unit.id] != key for unit in found.units):
        return Offer(category, [], len(found.free_joined(key, window)), price)
    units = [unit for unit in opened if category_of[unit.id] == key]
    # Pinned guests can leave room at every instant but on no unit throughout. Then nothing fits.
    pools = [pool for pool in pools_of(found.venue, units) if found.has_room(pool, around)]
    count = sum(found.free_count(pool, around) for pool in pools)
    return Offer(category, found.free(around, units), count, price)


def _named(
    found: Snapshot,
    category: Category,
    opened: Sequence[Resource],
    window: Window,
    party: int,
    *,
    is_desk: bool,
) -> list[NamedOffer]:
    """The free units of the category with rates of their own. Staff may give any of them."""
    venue, category_of = found.venue, catalogue.category_by_unit(found.venue)
    by_name = catalogue.rates_by_unit(venue)
    named = [u for u in opened if u.id in by_name and category_of[u.id] == category.id]
    if not is_desk:
        named = named_by_guests(venue, named)
    if not named:
        return []
    free = found.free(found.around(window), named)
    priced = [
        NamedOffer(unit, price_of(venue, catalogue.priced(venue, category, [unit]), window, party))
        for unit in free
    ]
    return sorted(priced, key=lambda one: one.price_minor)
