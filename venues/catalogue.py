"""Venues with all that they sell by, kept in memory while the database says they are unchanged.

What is handed out is shared between requests: read it, never change it. Combinations are here
without their units, whose membership no trigger watches.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from threading import Lock
from typing import Any, TypeVar

from venues import statements
from venues.models import Resource, Venue

T = TypeVar("T")

MOST = 200
"""Venues kept in one process; the one not asked for longest makes way."""

_kept: OrderedDict[int, Venue] = OrderedDict()
_ids: dict[str, int] = {}
_guard = Lock()

_PARTS = (
    "openings",
    "resources__category",
    "categories__rates",
    "categories__resources",
    "categories__combinations",
)

_OF_SLUG = "SELECT id, revision FROM venues_venue WHERE slug = %(slug)s AND is_active"
_OF_ID = "SELECT id, revision FROM venues_venue WHERE id = %(id)s"


def find(slug: str) -> Venue | None:
    """The active venue of that slug as it is now: one small query while it is unchanged."""
    return _current(_revision_of(slug))


def load(venue_id: int) -> Venue:
    """The same by id, active or not. Raises Venue.DoesNotExist."""
    found = _current(statements.rows(_OF_ID, {"id": venue_id}))
    if found is None:
        raise Venue.DoesNotExist
    return found


def those(rows: Iterable[Venue]) -> list[Venue]:
    """These venues, rows of which were just read, in their order: no query for what is kept."""
    given = list(rows)
    with _guard:
        known = {row.pk: _kept.get(row.pk) for row in given}
    stale = [row.pk for row in given if not _is_as(known[row.pk], row.revision)]
    known |= {venue.pk: venue for venue in _read(stale)} if stale else {}
    return [venue for row in given if (venue := known[row.pk]) is not None]


def of(ids: Iterable[int]) -> list[Venue]:
    """The venues of these ids, active or not, as they are now; one small query while unchanged."""
    rows = Venue.objects.filter(pk__in=set(ids)).order_by()
    return those(Venue(pk=pk, revision=now) for pk, now in rows.values_list("pk", "revision"))


def last_seen(slug: str) -> Venue | None:
    """As it was when it was last read here, without a query.

    Only for who then does nothing unless it `is_unchanged`, or its `revision` is still the same in
    the same statement; and for what is no promise: whom to count, what could be had instead.
    """
    with _guard:
        return _kept.get(_ids.get(slug, 0))


def is_unchanged(venue: Venue) -> bool:
    """Whether a venue that was active when it was read here is so still, and the same in all."""
    return _revision_of(venue.slug) == [(venue.pk, venue.revision)]


def units_by_id(venue: Venue) -> dict[int, Resource]:
    """A venue's units, retired ones included; worked out once for what is kept."""
    return once(venue, "_units_by_id", _by_id)


def units_in_order(venue: Venue, units: Iterable[Resource]) -> list[Resource]:
    """Units in the order a venue gives them out: by rank where its policy ranks them, else by size.

    Those of one size go by rank, then by id.
    """
    is_ranked = venue.policy.ranks_units
    return sorted(units, key=lambda unit: (0 if is_ranked else unit.capacity, unit.rank, unit.id))


def units_in_use(venue: Venue) -> list[Resource]:
    """The units that are not retired, in order; worked out once for what is kept."""
    return once(venue, "_units_in_use", _in_use)


def smallest_capacity(venue: Venue) -> int:
    """What the smallest unit that is not retired seats, 0 without any; worked out once."""
    return once(venue, "_smallest_capacity", _smallest)


def category_by_unit(venue: Venue) -> dict[int, int]:
    """The category of each unit, by id, retired ones included: asked for each of many units."""
    return once(venue, "_category_by_unit", _categories)


def once(venue: Venue, name: str, work_out: Callable[[Venue], T]) -> T:
    """What follows from a venue alone, worked out the first time it is asked for under a name."""
    known: dict[str, Any] = vars(venue)
    if name not in known:
        known[name] = work_out(venue)
    found: T = known[name]
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
    # Revisions are read first: what changes while the rest is read makes them old ones.
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
