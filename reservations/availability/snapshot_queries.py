"""Reads snapshots: units, combinations and taken ranges of one venue or of many.

Runs as many queries for a page of venues as for one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reservations.allocation import presence
from reservations.allocation.presence import Occupant
from reservations.availability import busy, overstays
from reservations.availability.snapshot import Joined, Later, Snapshot
from reservations.rules.taken_ranges import time_after
from venues import catalogue
from venues.hours import Window
from venues.models import Combination, Resource, Venue

Units = Mapping[int, Sequence[Resource]]
"""Ids of venues, each with its units in the venue's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotQuery:
    """A request for the snapshot of a venue in a range (UTC), for units that seat the party.

    `category` is a code, or None for all.
    """

    venue: Venue
    window: Window
    party: int = 1
    category: str | None = None
    without: int | None = None
    """The id of a reservation whose time counts as free, as for a change of it; or None."""


def snapshot(
    venue: Venue,
    window: Window,
    *,
    now: datetime,
    category: str | None = None,
    party: int = 1,
    without: int | None = None,
) -> Snapshot:
    """The snapshot of a venue in a range (UTC) as of `now`, with the units that seat the party.

    `category` is a code, or None for all. The time of reservation `without` (an id) counts as free.
    """
    look = SnapshotQuery(
        venue=venue, window=window, party=party, category=category, without=without
    )
    (found,) = snapshots([look], units([venue]), now=now)
    return found


def snapshots(looks: Sequence[SnapshotQuery], units: Units, *, now: datetime) -> list[Snapshot]:
    """One snapshot for each query, in the order given; [] for none.

    `units` are those of the venues.
    """
    if not looks:
        return []
    gone, windows = _gone(looks), _windows(looks)
    rows = busy.read(windows, now=now, without=gone)
    here = _past_end(windows, now, gone)
    joined = _joined(looks, units)
    every = (unit for look in looks for unit in _fitting(look, units))
    later = Later(every, now, without=gone)
    return [
        Snapshot(
            look.venue,
            units[look.venue.pk],
            overstays.added(rows[look.venue.pk], here[look.venue.pk], now),
            here={one.unit: one for one in here[look.venue.pk]},
            units=_fitting(look, units),
            joined=_that_fit(look, joined),
            now=now,
            later=later,
        )
        for look in looks
    ]


def units(venues: Sequence[Venue]) -> dict[int, list[Resource]]:
    """By venue id, its units that are not retired, in the venue's order."""
    return {venue.pk: catalogue.units_in_use(venue) for venue in venues}


def _fitting(look: SnapshotQuery, units: Units) -> Sequence[Resource]:
    every = units[look.venue.pk]
    if look.category is None and _seats_all(look):
        return every
    return [
        unit
        for unit in every
        if unit.capacity >= look.party
        and (look.category is None or unit.category.code == look.category)
    ]


def _seats_all(look: SnapshotQuery) -> bool:
    """True when every unit of the venue seats the party."""
    smallest = catalogue.smallest_capacity(look.venue)
    return not smallest or smallest >= look.party


def _windows(looks: Sequence[SnapshotQuery]) -> dict[int, Window]:
    """By venue id, the range to read: the range asked for, with buffers."""
    found: dict[int, Window] = {}
    for look in looks:
        policy = look.venue.policy
        start = look.window.start - policy.buffer_before
        end = look.window.end + time_after(policy) + timedelta(seconds=1)
        found[look.venue.pk] = Window(start, end)
    return found


def _past_end(
    windows: Mapping[int, Window], now: datetime, gone: Collection[int]
) -> dict[int, list[Occupant]]:
    """By venue id, the guests past their end, where the range contains now. At most one query."""
    asked = [venue for venue, window in windows.items() if window.start <= now < window.end]
    found: dict[int, list[Occupant]] = {venue: [] for venue in windows}
    for one in presence.past_end_at(asked, now):
        if one.reservation not in gone:
            found[one.venue].append(one)
    return found


def _gone(looks: Iterable[SnapshotQuery]) -> set[int]:
    return {look.without for look in looks if look.without is not None}


def _joined(
    looks: Sequence[SnapshotQuery], units: Units
) -> dict[int, list[tuple[Combination, Joined]]]:
    """By venue id, its combinations, where some unit does not seat the party alone."""
    asked = {look.venue.pk: look for look in looks if not _seats_all(look)}
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


def _that_fit(
    look: SnapshotQuery, joined: dict[int, list[tuple[Combination, Joined]]]
) -> list[Joined]:
    return [
        one
        for row, one in joined[look.venue.pk]
        if row.capacity >= look.party and look.category in (None, row.category.code)
    ]
