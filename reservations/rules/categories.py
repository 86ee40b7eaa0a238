"""Finds a venue's categories, and groups its units into pools."""

from collections.abc import Iterable

from django.utils.translation import gettext

from reservations.errors import NotFound, PartyTooLarge
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue
from venues.prices import price_of


def categories_for(venue: Venue, code: str | None, party: int, window: Window) -> list[Category]:
    """The category with this code. Without a code (None), the cheapest ones that seat the party.

    They leave out categories on request. If none seats the party, returns the cheapest of all.
    Raises NotFound for an unknown code.
    """
    if code is not None:
        return categories_named(venue, code)
    given = [category for category in venue.categories.all() if not category.is_on_request]
    fitting = [category for category in given if _seats(category, party)] or given
    priced = [(price_of(venue, category, window), category) for category in fitting]
    cheapest = min((price for price, _ in priced), default=0)
    return [category for price, category in priced if price == cheapest]


def categories_seating(categories: Iterable[Category], party: int) -> list[Category]:
    """The categories that seat the party, on one unit or a combination. Raises PartyTooLarge."""
    found = [category for category in categories if _seats(category, party)]
    if not found:
        raise PartyTooLarge
    return found


def _seats(category: Category, party: int) -> bool:
    units: list[Resource] = [unit for unit in category.resources.all() if not unit.retired_at]
    largest = [unit.capacity for unit in units]
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
    found: dict[object, list[Resource]] = {}
    for unit in sorted(units, key=lambda unit: (unit.capacity, unit.id)):
        hours_of = unit.time_zone, repr(own.get(unit.id))
        found.setdefault((unit.category_id, unit.pool_key, hours_of), []).append(unit)
    return list(found.values())


def _every_pool(venue: Venue) -> list[list[int]]:
    return [[unit.id for unit in pool] for pool in pools_as_locked(venue, venue.resources.all())]
