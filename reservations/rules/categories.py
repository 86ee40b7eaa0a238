"""Finds a venue's categories, and groups its units into pools."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext

from reservations.errors import NotFound, PartyTooLarge, Refusal, Taken
from reservations.pricing.offered import price_of
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Policy, Resource, Venue


def categories_for(venue: Venue, code: str | None, party: int, window: Window) -> list[Category]:
    """The category with this code. Without a code (None), the cheapest ones that seat the party.

    They leave out categories on request. If none seats the party, returns the cheapest of all.
    Raises NotFound for an unknown code.
    """
    if code is not None:
        return categories_named(venue, code)
    given = [category for category in venue.categories.all() if not category.is_on_request]
    fitting = [category for category in given if _seats(category, party)] or given
    priced = [(price_of(venue, category, window, party), category) for category in fitting]
    cheapest = min((price for price, _ in priced), default=0)
    return [category for price, category in priced if price == cheapest]


def categories_seating(categories: Iterable[Category], party: int) -> list[Category]:
    """The categories that seat the party, on one unit or a combination.

    Raises PartyTooLarge, or Taken where a unit must be named.
    """
    given = list(categories)
    found = [category for category in given if _seats(category, party)]
    if not found:
        raise none_seating(given, party)
    return found


def none_seating(categories: Iterable[Category], party: int) -> Refusal:
    """Why none of these categories takes the party: its units must be named, or are too small."""
    units = [unit for category in categories for unit in category.resources.all()]
    return unnamed([unit for unit in units if unit.capacity >= party and unit.retired_at is None])


def unnamed(seating: Sequence[Resource]) -> Refusal:
    """The refusal where only these units seat the party, and all of them must be named."""
    if any(named_by_guests(unit.venue, [unit]) for unit in seating):
        return Taken(gettext("Here each place has a price of its own. Ask for one by name."))
    is_given_by_staff = any(catalogue.is_by_name(unit.venue, unit.pk) for unit in seating)
    # A unit that seats the party and need not be named was retired while its lock was waited for.
    return Taken() if is_given_by_staff else PartyTooLarge()


def _seats(category: Category, party: int) -> bool:
    units = list(category.resources.all())
    by_name = catalogue.rates_by_unit(units[0].venue) if units else {}
    largest = [u.capacity for u in units if not u.retired_at and u.id not in by_name]
    largest += [combination.capacity for combination in category.combinations.all()]
    return max(largest, default=0) >= party


def categories_named(venue: Venue, code: str | None) -> list[Category]:
    """The category with this code in a list, or all categories for None. Raises NotFound."""
    every = list(venue.categories.all())
    found = [category for category in every if code in (None, category.code)]
    if code is not None and not found:
        raise NotFound(gettext("This venue has no category %(code)r.") % {"code": code})
    return found


def category_of(venue: Venue, unit: Resource) -> Category:
    """The category of one of the venue's units, with its rates. Assumes that both are loaded."""
    return next(one for one in venue.categories.all() if one.pk == unit.category_id)


def priced_as(venue: Venue, units: Sequence[Resource]) -> Category:
    """The category of these units as they are priced, by the rates of a single unit that has its
    own. Assumes that the venue is loaded.
    """
    return catalogue.priced(venue, category_of(venue, units[0]), units)


def named_by_guests(venue: Venue, units: Iterable[Resource]) -> list[Resource]:
    """The units among these that have rates of their own, and that a guest may ask for by name."""
    if venue.policy.unit_choice != Policy.UnitChoice.GUEST:
        return []
    by_name = catalogue.rates_by_unit(venue)
    return [unit for unit in units if unit.id in by_name]


def pools_of(venue: Venue, units: Iterable[Resource]) -> list[list[Resource]]:
    """These units by pool, smallest capacity first. Units of one pool have the same hours too.

    Goes by the venue as it was read. Assumes that the units are the venue's.
    """
    asked = {unit.id: unit for unit in units}
    every = catalogue.derived(venue, "_pools", _every_pool)
    found = [pool for ids in every if (pool := [asked[pk] for pk in ids if pk in asked])]
    return sorted(found, key=lambda pool: (pool[0].capacity, pool[0].id))


def pools_as_locked(venue: Venue, units: Iterable[Resource]) -> list[list[Resource]]:
    """These units by pool, smallest capacity first, judged by the rows given here.

    Use it for rows read under a lock, which may differ from the cached venue.
    """
    own: dict[int, list[object]] = {}
    for row in venue.openings.all():
        if row.resource_id:
            times = (row.weekday, row.date, row.opens, row.closes)
            own.setdefault(row.resource_id, []).append(times)
    by_name = catalogue.rates_by_unit(venue)
    found: dict[object, list[Resource]] = {}
    for unit in sorted(units, key=lambda unit: (unit.capacity, unit.id)):
        hours_of = unit.time_zone, repr(own.get(unit.id))
        # A unit with its own rates is a pool of its own.
        alone = unit.id if unit.id in by_name else None
        found.setdefault((unit.category_id, unit.pool_key, hours_of, alone), []).append(unit)
    return list(found.values())


def _every_pool(venue: Venue) -> list[list[int]]:
    return [[unit.id for unit in pool] for pool in pools_as_locked(venue, venue.resources.all())]
