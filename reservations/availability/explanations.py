"""Explains why a range can or cannot be booked: the rule or the rows against it. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from reservations.allocation import ledger, presence
from reservations.allocation.ledger import Span
from reservations.availability import snapshot_queries
from reservations.availability.busy import BusyRange
from reservations.availability.snapshot import Snapshot
from reservations.errors import NotFound, PartyTooLarge, Refusal, Taken
from reservations.requests import Times
from reservations.rules import booking_window, modes
from reservations.rules.categories import pools_of, unnamed
from venues import catalogue
from venues.hours import Window
from venues.models import Resource, Venue


@dataclass(frozen=True, slots=True)
class Explanation:
    """A range, the refusal that a booking would get now (or None), and the rows in its way."""

    window: Window
    refusal: Refusal | None
    against: list[BusyRange]


def explain(
    venue: Venue,
    times: Times,
    *,
    resource: int | None,
    party: int,
    now: datetime,
    is_desk: bool = False,
) -> Explanation:
    """Judges a range as a booking would be, on one unit (by id) or in any category.

    `is_desk`: as one by staff of the venue.

    Raises Invalid when the times are no range, NotFound when the unit is not the venue's.
    """
    window = modes.window_of(venue, times, now)
    try:
        modes.judge_span(venue, window)
    except Refusal as refusal:
        return Explanation(window, refusal, [])
    found = snapshot_queries.snapshot(venue, window, now=now, party=party)
    named = None if resource is None else _named(found, resource)
    try:
        booking_window.judge_request(venue, window, resource, now, is_desk=is_desk)
        if named is not None:
            return _of_unit(found, named, party, window)
        return _of_any(found, window)
    except Refusal as refusal:
        return Explanation(window, refusal, [])


def _named(found: Snapshot, resource: int) -> Resource:
    for unit in found.every:
        if unit.pk == resource:
            return unit
    raise NotFound(gettext("This venue has no such unit."))


def _of_unit(found: Snapshot, unit: Resource, party: int, window: Window) -> Explanation:
    if unit.capacity < party:
        raise PartyTooLarge(
            gettext("%(unit)s takes a party of at most %(capacity)s. Choose a larger unit.")
            % {"unit": unit.name, "capacity": unit.capacity}
        )
    booking_window.judge_hours(found.venue, window, unit)
    if found.is_free(unit.pk, found.around(window)):
        return Explanation(window, None, [])
    return _against(found, [unit], window)


def _of_any(found: Snapshot, window: Window) -> Explanation:
    """Judges units that seat the party alone, and combinations in categories without such units."""
    by_name = catalogue.rates_by_unit(found.venue)
    by_category = [unit for unit in found.units if unit.id not in by_name]
    if not by_category and not found.joined:
        raise unnamed(found.units)
    opened = booking_window.open_units(found.venue, window, by_category)
    pools, around = pools_of(found.venue, opened), found.around(window)
    alone = {unit.category_id for unit in by_category}
    joined = [one for one in found.joined if one.category not in alone]
    if any(found.has_room(pool, around) for pool in pools):
        return Explanation(window, None, [])
    if any(found.free_joined(category, window) for category in {one.category for one in joined}):
        return Explanation(window, None, [])
    if any(found.free_count(pool, around) for pool in pools):
        return _fixed(found, opened, window)
    return _against(found, [*opened, *(unit for one in joined for unit in one.units)], window)


def _against(found: Snapshot, units: list[Resource], window: Window) -> Explanation:
    around, ids = found.around(window), {unit.pk for unit in units}
    span = Span(start=around.start, end=around.end, now=found.now, venue=found.venue.pk)
    refusal = _occupied(found, units, window)
    if refusal is None:
        refusal = ledger.refusal_for(ledger.taken_rows(ids, span))
    return Explanation(window, refusal, [row for pk in ids for row in found.taken(pk, around)])


def _occupied(found: Snapshot, units: list[Resource], window: Window) -> Refusal | None:
    """The refusal of the first unit that only a guest past their end keeps from being free."""
    around = found.around(window)
    for unit in units:
        rows = found.taken(unit.pk, around)
        if unit.pk in found.here and rows and all(row.is_overstay for row in rows):
            return presence.refusal(found.here[unit.pk], unit)
    return None


def _fixed(found: Snapshot, units: list[Resource], window: Window) -> Explanation:
    """The refusal when units are free at every instant but no one throughout, because of pins."""
    around = found.around(window)
    names = [unit.name for unit in units if not found.is_free(unit.pk, around)]
    detail = f"There is room only if somebody moves who is fixed: see {', '.join(names)}."
    refusal = Taken(detail, reason="fixed_units", units=names)
    return Explanation(window, refusal, [row for u in units for row in found.taken(u.pk, around)])
