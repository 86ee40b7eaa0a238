"""Reads what boards are made of: units, combinations and taken time, of one venue or of many.

As many queries for a page of venues as for one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Case, Exists, OuterRef, Value, When, prefetch_related_objects

from reservations.board import Board, Joined, Later, Taken
from reservations.models import Allocation, Reservation
from reservations.querysets import AllocationQuerySet
from venues import kept
from venues.hours import Window
from venues.models import Combination, Resource, Venue

# Only what may lapse is looked up: most rows may not, and their reservations are not read.
_IS_HELD = Case(
    When(lapses_at__isnull=True, then=Value(False)),
    default=Exists(
        Reservation.objects.filter(pk=OuterRef("reservation"), confirmed_at__isnull=True)
    ),
)

Units = Mapping[int, Sequence[Resource]]
"""Venue by id to its units, smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be seen: a venue within a window (UTC), its units that seat a party."""

    venue: Venue
    window: Window
    party: int = 1
    category: str | None = None
    without: int | None = None
    """A reservation whose time counts as free, as it does to a change of it."""


def board(
    venue: Venue,
    window: Window,
    *,
    now: datetime,
    category: str | None = None,
    party: int = 1,
    without: int | None = None,
) -> Board:
    """The board of a venue for a window as seen at `now`, for units that seat the party."""
    look = Look(venue=venue, window=window, party=party, category=category, without=without)
    (found,) = boards([look], units([venue]), now=now)
    return found


def boards(looks: Sequence[Look], units: Units, *, now: datetime) -> list[Board]:
    """A board for each look, given the units of its venue."""
    if not looks:
        return []
    taken = _taken(looks, now)
    joined = _joined(looks, units)
    every = (unit for look in looks for unit in _fitting(look, units))
    later = Later(every, now, without=_gone(looks))
    return [
        Board(
            look.venue,
            units[look.venue.pk],
            taken[look.venue.pk],
            units=_fitting(look, units),
            joined=_that_fit(look, joined),
            now=now,
            later=later,
        )
        for look in looks
    ]


def units(venues: Sequence[Venue]) -> dict[int, list[Resource]]:
    """The units of each venue that are not retired, smallest first."""
    prefetch_related_objects(venues, "resources__category")
    return {venue.pk: kept.units_by_size(venue) for venue in venues}


def _fitting(look: Look, units: Units) -> list[Resource]:
    return [
        unit
        for unit in units[look.venue.pk]
        if unit.capacity >= look.party
        and (look.category is None or unit.category.code == look.category)
    ]


def _taken(looks: Sequence[Look], now: datetime) -> dict[int, list[Taken]]:
    """What takes time at each venue in the window that is looked at, earliest first."""
    rows = _near(looks).filter(is_live=True).annotate(is_held=_IS_HELD).order_by("starts_at")
    values = rows.values_list(
        "venue_id", "resource_id", "starts_at", "ends_at", "reservation_id", "is_held", "lapses_at"
    )
    found: dict[int, list[Taken]] = {look.venue.pk: [] for look in looks}
    gone = _gone(looks)
    for venue, unit, start, end, reservation, is_held, lapses_at in values:
        if reservation in gone:
            continue
        last = end
        if lapses_at is not None and lapses_at <= now:
            if is_held:
                continue
            # Who did not come had the unit until then, whether that is written down or not.
            last = min(end, lapses_at)
        found[venue].append(Taken(unit, start, last, reservation, is_held, lapses_at))
    return found


def _gone(looks: Iterable[Look]) -> set[int]:
    return {look.without for look in looks if look.without is not None}


def _near(looks: Sequence[Look]) -> AllocationQuerySet:
    """The rows of each venue that overlap its window, with the buffers around it."""
    venues: dict[Window, list[int]] = {}
    for look in looks:
        policy = look.venue.policy
        start = look.window.start - policy.buffer_before
        end = look.window.end + policy.buffer_after + timedelta(seconds=1)
        venues.setdefault(Window(start, end), []).append(look.venue.pk)
    found = (
        Allocation.objects.overlapping(window.start, window.end, venues=ids)
        for window, ids in venues.items()
    )
    return reduce(or_, found)


def _joined(looks: Sequence[Look], units: Units) -> dict[int, list[tuple[Combination, Joined]]]:
    """The combinations of each venue where some unit does not seat the party alone."""
    asked = {
        look.venue.pk: look
        for look in looks
        if any(unit.capacity < look.party for unit in units[look.venue.pk])
    }
    found: dict[int, list[tuple[Combination, Joined]]] = {look.venue.pk: [] for look in looks}
    if not asked:
        return found
    rows = Combination.objects.filter(venue__in=asked).select_related("category")
    by_id = {unit.pk: unit for venue in asked for unit in units[venue]}
    for row in rows.prefetch_related("resources").order_by("capacity", "pk"):
        ids = [unit.pk for unit in row.resources.all()]
        if ids and by_id.keys() >= set(ids):
            found[row.venue_id].append((row, Joined(row.category_id, [by_id[pk] for pk in ids])))
    return found


def _that_fit(look: Look, joined: dict[int, list[tuple[Combination, Joined]]]) -> list[Joined]:
    return [
        one
        for row, one in joined[look.venue.pk]
        if row.capacity >= look.party and look.category in (None, row.category.code)
    ]
