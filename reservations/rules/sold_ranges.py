"""Lists the ranges that a venue sells on its local days: nights, slots, or starts on a step."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from reservations.errors import Refusal
from reservations.rules import booking_window, modes
from venues import hours
from venues.hours import DAY, Window
from venues.models import Opening, Policy, Resource, Venue

USUAL_LENGTH = timedelta(hours=1)
"""The length of the ranges listed where the policy sets no length."""


def sold_ranges(venue: Venue, unit: Resource | None, first: date, last: date) -> list[Window]:
    """The ranges that begin on the local days `first` to `last`, of a unit or (None) the venue.

    In UTC. Judges no notice and no horizon. Returns [] when it is closed.
    """
    policy = venue.policy
    if modes.sells_nights(venue):
        closed = hours.closed_days(venue, unit)
        nights = (day for day in dates(first, last) if day not in closed)
        return [modes.stay(venue, day, day + DAY) for day in nights]
    zone = unit.zone if unit is not None else venue.zone
    openings = hours.openings_of(venue, unit)
    if modes.is_always_open(venue, openings):
        length = _offered_length(policy)
        # Steps count from each midnight, and a range may end on another day.
        return [
            start
            for day in dates(first, last)
            for start in _starts(modes.days(day, day, zone), None, length, policy.step or length)
        ]
    if modes.sells_slots(venue):
        return modes.grid(venue, openings, zone, first, last)
    length = _offered_length(policy)
    step = policy.step or length
    # A range may run on into the hours of the days after, which it must lie within too.
    reach = hours.windows(openings, zone, first - DAY, last + length + DAY)
    runs = hours.runs(reach)
    return [
        start
        for entry in hours.windows(openings, zone, first, last)
        for start in _starts(entry, _run_of(entry, runs).end, length, step)
        if modes.is_prepared(venue, start, runs)
    ]


def sold(
    venue: Venue, units: Sequence[Resource], first: date, last: date
) -> Iterator[tuple[list[Window], Sequence[Resource]]]:
    """Yields the ranges sold on the local days `first` to `last`, with the units that sell them.

    One list for all units, or one for each unit where units have their own hours.
    """
    if not hours.opens_by_itself(venue):
        yield sold_ranges(venue, None, first, last), units
        return
    for unit in units:
        yield sold_ranges(venue, unit, first, last), [unit]


def bookable_on(venue: Venue, units: Sequence[Resource], day: date, now: datetime) -> list[Window]:
    """The ranges that start on a local day and that policy and hours allow, earliest first.

    Where nights are sold, the one stay of the usual length, or [].
    """
    if modes.sells_nights(venue):
        policy = venue.policy
        length = max(DAY, policy.default_length or policy.shortest_stay or DAY)
        stay = modes.stay(venue, day, day + length)
        return [stay] if booking_window.is_offered(venue, stay, now) else []
    within = modes.days(day, day, venue.zone)
    found = {
        window
        for windows, _ in sold(venue, units, day - DAY, day + DAY)
        for window in windows
        if within.start <= window.start < within.end
    }
    return sorted(one for one in found if _is_let(venue, one, now))


def sold_part(venue: Venue, day: date, openings: Sequence[Opening]) -> Window:
    """The part of a local day that is sold, in UTC: its night, or the hours of `open_part`."""
    if modes.sells_nights(venue):
        return modes.stay(venue, day, day + DAY)
    return open_part(venue, day, openings)


def open_part(venue: Venue, day: date, openings: Sequence[Opening]) -> Window:
    """From the full hour of the day's first opening to its last closing, in UTC.

    The whole local day when it has no opening.
    """
    found = hours.windows(openings, venue.zone, day, day)
    if not found:
        return modes.days(day, day, venue.zone)
    start = min(window.start for window in found)
    begun = start.replace(minute=0, second=0, microsecond=0)
    return Window(begun, max(window.end for window in found))


def dates(first: date, last: date) -> Iterator[date]:
    """Yields each date from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _is_let(venue: Venue, window: Window, now: datetime) -> bool:
    try:
        booking_window.judge_policy(venue, window, now)
    except Refusal:
        return False
    return True


def _offered_length(policy: Policy) -> timedelta:
    usual = policy.default_length or policy.shortest_stay or USUAL_LENGTH
    return min(usual, policy.longest_stay or usual)


def _starts(
    entry: Window, until: datetime | None, length: timedelta, step: timedelta
) -> Iterator[Window]:
    """Ranges of a length that start at every step of an opening, and end by `until` if given."""
    start = entry.start
    while start < entry.end and (until is None or start + length <= until):
        yield Window(start, start + length)
        start += step


def _run_of(entry: Window, runs: Sequence[Window]) -> Window:
    return next(run for run in runs if run.holds(entry.start, entry.end))
