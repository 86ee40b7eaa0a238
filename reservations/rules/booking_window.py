"""Judges whether a range may be booked: notice, horizon, length, choice of unit, hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from reservations.errors import (
    Closed,
    Invalid,
    NoChoice,
    NotOffered,
    Refusal,
    TooFar,
    TooLong,
    TooShort,
    TooSoon,
)
from reservations.rules import modes
from venues import hours, time_zones, wording
from venues.hours import DAY, Window
from venues.models import Opening, Policy, Resource, Venue

SHORTEST = timedelta(minutes=1)
"""The shortest stay of any venue."""


def judge_range(
    venue: Venue,
    window: Window,
    units: Sequence[Resource],
    now: datetime,
    *,
    is_desk: bool = False,
) -> list[Resource]:
    """Judges policy and hours of a range, and returns the units that are open for it.

    Without units, judges the venue's own hours if it has any. `is_desk` as in `judge_start`. Raises
    TooSoon, TooFar, TooShort, TooLong, Closed or NotOffered.
    """
    judge_request(venue, window, None, now, is_desk=is_desk)
    return open_units(venue, window, units)


def is_offered(venue: Venue, window: Window, now: datetime, *, is_desk: bool = False) -> bool:
    """True when the venue's policy allows the range, and its own hours do if it has any."""
    try:
        judge_range(venue, window, [], now, is_desk=is_desk)
    except Refusal:
        return False
    return True


def judge_request(
    venue: Venue, window: Window, resource: int | None, now: datetime, *, is_desk: bool = False
) -> None:
    """Judges what needs no unit: policy, and whether the guest may name one (`resource`, its id).

    `is_desk` as in `judge_start`. Raises TooSoon, TooFar, TooShort, TooLong or NoChoice.
    """
    judge_policy(venue, window, now, is_desk=is_desk)
    judge_choice(venue, resource)


def judge_policy(venue: Venue, window: Window, now: datetime, *, is_desk: bool = False) -> None:
    """Judges notice, horizon and length. Raises TooSoon, TooFar, TooShort or TooLong.

    TooSoon carries `earliest_start` and TooFar `latest_start`, in UTC.
    """
    _judge_zone(venue)
    judge_start(venue, window, now, is_desk=is_desk)
    judge_length(venue, window)


def judge_start(venue: Venue, window: Window, now: datetime, *, is_desk: bool = False) -> None:
    """Judges notice and horizon. Raises TooSoon or TooFar, as `judge_policy` does.

    Without a notice, tonight is sold until the last hour of arrival. The desk (`is_desk`) sells the
    night that has begun until its day ends, whatever the notice.
    """
    policy = venue.policy
    if is_desk and modes.is_running_night(venue, window, now):
        return
    if is_past(venue, window, now) or (policy.notice and window.start < now + policy.notice):
        raise TooSoon(earliest_start=now + policy.notice)
    if policy.horizon is not None and window.start > now + policy.horizon:
        raise TooFar(latest_start=now + policy.horizon)


def may_start(venue: Venue, window: Window, now: datetime) -> bool:
    """True when notice and horizon allow the start of the range."""
    try:
        judge_start(venue, window, now)
    except Refusal:
        return False
    return True


def is_past(venue: Venue, window: Window, now: datetime) -> bool:
    """True when the start of the range has passed, so that it is not sold at any notice."""
    return window.start < now and modes.sold_until(venue, window) <= now


def judge_length(venue: Venue, window: Window) -> None:
    """Judges the shortest and the longest stay. Raises TooShort or TooLong."""
    policy, length = venue.policy, modes.length(venue, window)
    if length < (policy.shortest_stay or SHORTEST):
        raise TooShort
    if policy.longest_stay is not None and length > policy.longest_stay:
        raise TooLong


def judge_choice(venue: Venue, resource: int | None) -> None:
    """Raises NoChoice when the booking names a unit (by id) but the venue chooses units."""
    if resource is not None and venue.policy.unit_choice == Policy.UnitChoice.VENUE:
        raise NoChoice


def judge_hours(venue: Venue, window: Window, unit: Resource | None = None) -> None:
    """Judges openings, steps and slots of a unit, or of the venue for None.

    Raises Closed or NotOffered. Assumes that `unit.venue` is set.
    """
    if modes.sells_nights(venue):
        _judge_nights(venue, window, unit)
        return
    openings = hours.openings_of(venue, unit)
    if modes.is_always_open(venue, openings):
        day, _ = modes.local_dates(venue, window)
        _judge_step(venue, window, modes.days(day, day, venue.zone).start)
        return
    zone = unit.zone if unit is not None else venue.zone
    opened = hours.around(openings, zone, window.start, window.end)
    if not hours.is_open(opened, window.start, window.end):
        raise Closed
    if not modes.is_prepared(venue, window, hours.runs(opened)):
        raise Closed(
            gettext("A unit is prepared for %(length)s first, within the hours. Start later.")
            % {"length": wording.duration(venue.policy.buffer_before)}
        )
    if modes.sells_slots(venue):
        _judge_slots(venue, window, openings, zone)
    else:
        begun = max(entry.start for entry in opened if entry.start <= window.start)
        _judge_step(venue, window, begun)


def judge_open(venue: Venue, window: Window, unit: Resource | None = None) -> None:
    """Judges the openings alone, of a unit or (None) the venue: walk-ins begin between two steps.

    Raises Closed, with `until` where the opening ends before the range does.
    """
    if modes.sells_nights(venue):
        _judge_nights(venue, window, unit)
        return
    openings = hours.openings_of(venue, unit)
    if modes.is_always_open(venue, openings):
        return
    zone = unit.zone if unit is not None else venue.zone
    opened = hours.around(openings, zone, window.start, window.end)
    if hours.is_open(opened, window.start, window.end):
        return
    until = window.start
    for one in sorted(opened):
        until = max(until, one.end) if one.start <= until else until
    if until > window.start:
        raise Closed(until=until)
    raise Closed


def is_open_for(venue: Venue, window: Window, unit: Resource) -> bool:
    """True when the unit is open for the range and sells it. Sets `unit.venue`."""
    unit.venue = venue
    try:
        judge_hours(venue, window, unit)
    except Refusal:
        return False
    return True


def open_units(venue: Venue, window: Window, units: Sequence[Resource]) -> list[Resource]:
    """The units among these that are open for the range and sell it.

    Raises Closed when all of them are closed. Where units have no hours of their own, returns all
    or raises what `judge_hours` raises.
    """
    if not hours.opens_by_itself(venue):
        judge_hours(venue, window)
        return list(units)
    opened = [unit for unit in units if is_open_for(venue, window, unit)]
    if units and not opened:
        raise Closed
    return opened


def judge_pair(venue: Venue, category: str | None, resource: int | None) -> None:
    """Raises Invalid when the named unit (by id) belongs to another category than the one named."""
    if category is None or resource is None:
        return
    found = venue.resources.filter(pk=resource).values_list("category__code", flat=True).first()
    if found not in (None, category):
        raise Invalid(
            "resource",
            gettext("This unit is of category %(found)r, not %(category)r. Leave one of them out.")
            % {"found": found, "category": category},
        )


def _judge_zone(venue: Venue) -> None:
    if not time_zones.is_known(venue.time_zone):
        raise Closed(
            gettext(
                "Nothing can be booked here now: this server lacks the rules of the zone %(zone)s."
            )
            % {"zone": venue.time_zone}
        )


def _judge_nights(venue: Venue, window: Window, unit: Resource | None) -> None:
    first, last = modes.local_dates(venue, window)
    closed = [day for day in hours.closed_days(venue, unit) if first <= day < last]
    if closed:
        raise Closed(
            gettext("Closed on %(day)s. Choose other dates.") % {"day": min(closed).isoformat()}
        )


def _judge_slots(venue: Venue, window: Window, openings: Sequence[Opening], zone: ZoneInfo) -> None:
    first, last = window.start.astimezone(zone).date(), window.end.astimezone(zone).date()
    grid = modes.grid(venue, openings, zone, first - DAY, last)
    starts, ends = {slot.start for slot in grid}, {slot.end for slot in grid}
    if window.start not in starts or window.end not in ends:
        raise NotOffered(
            gettext("Reservations here start and end with a slot of the day. Choose slots.")
        )


def _judge_step(venue: Venue, window: Window, begun: datetime) -> None:
    step = venue.policy.step
    if step and (window.start - begun) % step:
        minutes = step // timedelta(minutes=1)
        raise NotOffered(
            gettext("Reservations here start every %(minutes)s minutes. Choose such a start.")
            % {"minutes": minutes}
        )
