"""Caches venues with their policy, units, rates and openings, while the database has not changed.

Requests share these objects: read them, never change them. Combinations are included without their
units, since no trigger watches which units belong to one.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from threading import Lock
from typing import Any, TypeVar

from venues import statements
from venues.models import Category, Rate, Resource, Venue

T = TypeVar("T")

MOST = 200
"""The largest number of venues cached in one process. The least recently used one is dropped."""

_kept: OrderedDict[int, Venue] = OrderedDict()
_ids: dict[str, int] = {}
_guard = Lock()

_PARTS = (
    "openings",
    "resources__category",
    "categories__rates",
    "categories__resources",
    "categories__combinations",
    "payment_terms",
    "tax_rules",
    "extras",
)

_OF_SLUG = "SELECT id, revision FROM venues_venue WHERE slug = %(slug)s AND is_active"
_OF_ID = "SELECT id, revision FROM venues_venue WHERE id = %(id)s"


def find(slug: str) -> Venue | None:
    """The active venue with this slug as it is now, or None.

    One small query while it is unchanged.
    """
    return _current(_revision_of(slug))


def load(venue_id: int) -> Venue:
    """The venue with this id as it is now, active or not. Raises Venue.DoesNotExist."""
    found = _current(statements.rows(_OF_ID, {"id": venue_id}))
    if found is None:
        raise Venue.DoesNotExist
    return found


def refreshed(rows: Iterable[Venue]) -> list[Venue]:
    """These venues with all their parts, in the order given. Assumes that the rows were just read.

    Runs no query for venues that are cached and unchanged.
    """
    given = list(rows)
    with _guard:
        known = {row.pk: _kept.get(row.pk) for row in given}
    stale = [row.pk for row in given if not _is_as(known[row.pk], row.revision)]
    known |= {venue.pk: venue for venue in _read(stale)} if stale else {}
    return [venue for row in given if (venue := known[row.pk]) is not None]


def by_ids(ids: Iterable[int]) -> list[Venue]:
    """The venues with these ids as they are now, active or not. Leaves out unknown ids.

    One small query while they are unchanged.
    """
    rows = Venue.objects.filter(pk__in=set(ids)).order_by()
    return refreshed(Venue(pk=pk, revision=now) for pk, now in rows.values_list("pk", "revision"))


def last_seen(slug: str) -> Venue | None:
    """The venue as this process last read it, or None. Runs no query, so it may be outdated.

    Use it when a later statement checks that the venue `is_unchanged` or has the same `revision`,
    or when an outdated answer does no harm, as for alternatives.
    """
    with _guard:
        return _kept.get(_ids.get(slug, 0))


def is_unchanged(venue: Venue) -> bool:
    """True when the venue is still active, and has the revision with which it was read.

    One query.
    """
    return _revision_of(venue.slug) == [(venue.pk, venue.revision)]


def is_as_read(venue: Venue) -> bool:
    """True when the venue has the revision with which it was read, active or not. One query."""
    return statements.rows(_OF_ID, {"id": venue.pk}) == [(venue.pk, venue.revision)]


def units_by_id(venue: Venue) -> dict[int, Resource]:
    """The venue's units by id, also retired ones. Worked out once for a cached venue."""
    return derived(venue, "_units_by_id", _by_id)


def units_in_order(venue: Venue, units: Iterable[Resource]) -> list[Resource]:
    """These units in the venue's order: by rank where the policy ranks them, else by capacity.

    Units that are equal in this are in order of rank, then of id.
    """
    is_ranked = venue.policy.ranks_units
    return sorted(units, key=lambda unit: (0 if is_ranked else unit.capacity, unit.rank, unit.id))


def units_in_use(venue: Venue) -> list[Resource]:
    """The venue's units that are not retired, in its order. Worked out once for a cached venue."""
    return derived(venue, "_units_in_use", _in_use)


def smallest_capacity(venue: Venue) -> int:
    """The capacity of the smallest unit in use, 0 without any.

    Worked out once for a cached venue.
    """
    return derived(venue, "_smallest_capacity", _smallest)


def category_by_unit(venue: Venue) -> dict[int, int]:
    """The id of the category by id of the unit, also retired ones. Worked out once."""
    return derived(venue, "_category_by_unit", _categories)


def rates_by_unit(venue: Venue) -> dict[int, list[Rate]]:
    """By unit id, the rates of units that have rates of their own. Worked out once."""
    return derived(venue, "_rates_by_unit", _own_rates)


def is_by_name(venue: Venue, unit_id: int) -> bool:
    """True for a unit with rates of its own: it is given only to who names it."""
    return unit_id in rates_by_unit(venue)


def priced(venue: Venue, category: Category, units: Sequence[Resource]) -> Category:
    """The category as these units of it are priced: a copy where one unit has its own rates.

    Units that are joined are priced as the category is.
    """
    unit = priced_unit(venue, [unit.pk for unit in units])
    if unit is None:
        return category
    found = copy(category)
    found.priced_unit, found.own_rates = unit, rates_by_unit(venue)[unit]
    return found


def priced_unit(venue: Venue, units: Collection[int]) -> int | None:
    """The one of these units (ids) by whose own rates they are priced; None by the category's."""
    own = rates_by_unit(venue)
    return next(iter(units)) if len(units) == 1 and own.keys() >= set(units) else None


def derived(venue: Venue, name: str, work_out: Callable[[Venue], T]) -> T:
    """Returns what `work_out` returned for this venue object, which runs once for each `name`."""
    known: dict[str, Any] = vars(venue)
    if name not in known:
        known[name] = work_out(venue)
    found: T = known[name]
    return found


def _own_rates(venue: Venue) -> dict[int, list[Rate]]:
    found: dict[int, list[Rate]] = {}
    for category in venue.categories.all():
        for rate in category.rates.all():
            if rate.resource_id is not None:
                found.setdefault(rate.resource_id, []).append(rate)
    return found


def _by_id(venue: Venue) -> dict[int, Resource]:
    return {unit.pk: unit for unit in venue.resources.all()}


def _categories(venue: Venue) -> dict[int, int]:
    return {unit.id: unit.category_id for unit in venue.resources.all()}


def _in_use(venue: Venue) -> list[Resource]:
    return units_in_order(venue, (row for row in venue.resources.all() if row.retired_at is None))


def _smallest(venue: Venue) -> int:
    return min((unit.capacity for unit in units_in_use(venue)), default=0)


def _revision_of(slug: str) -> list[tuple[int, int]]:
    return statements.rows(_OF_SLUG, {"slug": slug})


def _current(rows: list[tuple[int, int]]) -> Venue | None:
    if not rows:
        return None
    ((venue_id, revision),) = rows
    with _guard:
        venue = _kept.get(venue_id)
        if _is_as(venue, revision):
            _kept.move_to_end(venue_id)
            return venue
    return next(iter(_read([venue_id])), None)


def _is_as(venue: Venue | None, revision: int) -> bool:
    return venue is not None and venue.revision == revision


def _read(ids: Collection[int]) -> list[Venue]:
    # Revisions are read first, so that a change while the rest is read makes the copy outdated.
    rows = Venue.objects.select_related("policy").prefetch_related(*_PARTS)
    venues = list(rows.filter(pk__in=ids))
    for venue in venues:
        for unit in (unit for one in venue.categories.all() for unit in one.resources.all()):
            unit.venue = venue
    with _guard:
        for venue in venues:
            _kept[venue.pk] = venue
            _kept.move_to_end(venue.pk)
            _ids[venue.slug] = venue.pk
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return venues
