"""Who is in which unit at an instant, from the rows alone and without the engine."""

from collections import defaultdict
from datetime import datetime, timedelta

from reservations.models import Allocation, Reservation
from venues.models import Venue


def inside(venue: Venue, at: datetime) -> dict[int, list[int]]:
    """By unit id, the ids of the reservations whose guests are in it at `at`, sorted.

    A guest is in a unit from the arrival that was recorded until the departure that was recorded.
    Where the venue records no departures, until the end that was sold.
    """
    found: defaultdict[int, list[int]] = defaultdict(list)
    for stay in Reservation.objects.filter(venue=venue).order_by("pk"):
        if _is_here(stay, at):
            for unit in _units(stay, at):
                found[unit].append(stay.pk)
    return dict(found)


def late(venue: Venue, at: datetime) -> dict[int, list[int]]:
    """The same, of guests whose end has passed alone."""
    ended = {pk for pk, end in _ends(venue) if end <= at}
    found = {unit: [pk for pk in pks if pk in ended] for unit, pks in inside(venue, at).items()}
    return {unit: pks for unit, pks in found.items() if pks}


def sold(venue: Venue, at: datetime, *, now: datetime) -> set[int]:
    """The ids of the units that are sold or closed at `at`, as of `now`."""
    units = set()
    for row in Allocation.objects.filter(venue=venue):
        has_lapsed = row.lapses_at is not None and row.lapses_at <= now
        if row.is_live and not has_lapsed and row.starts_at <= at < row.ends_at:
            units.add(row.resource_id)
    return units


def free_from(venue: Venue, start: datetime, end: datetime, *, now: datetime) -> set[int]:
    """The ids of the units that could be given for `[start, end)` without moving anybody.

    A range that contains `now` needs a unit that nobody is in.
    """
    units = {unit.pk for unit in venue.resources.all() if unit.retired_at is None}
    for row in Allocation.objects.filter(venue=venue):
        has_lapsed = row.lapses_at is not None and row.lapses_at <= now
        if row.is_live and not has_lapsed and row.starts_at < end and start < row.ends_at:
            units.discard(row.resource_id)
    if start <= now < end:
        units -= set(inside(venue, now))
    return units


def _is_here(stay: Reservation, at: datetime) -> bool:
    if stay.checked_in_at is None or stay.checked_in_at > at or stay.cancelled_at is not None:
        return False
    if stay.checked_out_at is not None and stay.checked_out_at <= at:
        return False
    return not stay.is_departure_assumed or at < stay.ends_at


def _units(stay: Reservation, at: datetime) -> set[int]:
    """The units of the stay at an instant: those of the row that holds it, else of the last rows.

    A guest past the end is where the stay was to end.
    """
    rows = [row for row in stay.allocations.all() if row.is_live]
    holding = {row.resource_id for row in rows if row.starts_at <= at < row.ends_at}
    if holding or not rows:
        return holding
    last = max(row.ends_at for row in rows)
    return {row.resource_id for row in rows if last - row.ends_at < timedelta(microseconds=1)}


def _ends(venue: Venue) -> list[tuple[int, datetime]]:
    return [(stay.pk, stay.ends_at) for stay in Reservation.objects.filter(venue=venue)]
