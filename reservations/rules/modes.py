"""How a venue sells time: as nights, as times or as slots."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from reservations.errors import (
    Closed,
    Invalid,
    NotOffered,
    Refusal,
    TooLong,
)
from reservations.ranges import MAX_SPAN
from reservations.requests import Times
from venues import hours
from venues.hours import Window
from venues.models import Opening, Policy, Resource, Venue

DAY = timedelta(days=1)


def resolve(venue: Venue, times: Times, now: datetime | None = None) -> Window:
    """The range these times mean at this venue. Raises Invalid, naming the field, or TooLong."""
    window = window_of(venue, times, now)
    judge_span(venue, window)
    return window


def window_of(venue: Venue, times: Times, now: datetime | None = None) -> Window:
    """The same for a range of any length, which may be longer than one row can take."""
    if now is not None and times.from_now and (times.starts_at, times.check_in) == (None, None):
        times = _from_now(venue, times, now)
    window = _nights(venue, times) if venue.mode == Venue.Mode.NIGHT else _times(venue, times)
    _judge_agreement(times, window, venue.zone)
    return window


def judge_span(venue: Venue, window: Window) -> None:
    """Whether one row can take the range, buffers included. Raises TooLong."""
    policy = venue.policy
    if window.end - window.start + policy.buffer_before + policy.buffer_after > MAX_SPAN:
        raise TooLong(
            gettext("A reservation is at most %(days)s days long.") % {"days": MAX_SPAN.days}
        )


def judge_hours(venue: Venue, window: Window, unit: Resource | None = None) -> None:
    """Openings, steps and slots, of the venue or of a unit. Raises Closed or NotOffered."""
    if venue.mode == Venue.Mode.NIGHT:
        _judge_nights(venue, window, unit)
        return
    openings = openings_of(venue, unit)
    if is_always_open(venue, openings):
        _judge_step(venue, window, _midnight(venue, window.start))
        return
    zone = unit.zone if unit is not None else venue.zone
    opened = hours.around(openings, zone, window.start, window.end)
    if not hours.is_open(opened, window.start, window.end):
        raise Closed
    if venue.mode == Venue.Mode.SLOT:
        _judge_slots(venue.policy, window, opened)
    else:
        begun = max(entry.start for entry in opened if entry.start <= window.start)
        _judge_step(venue, window, begun)


def is_open_for(venue: Venue, window: Window, unit: Resource) -> bool:
    """Whether a unit is open, and sold, for this range."""
    unit.venue = venue
    try:
        judge_hours(venue, window, unit)
    except Refusal:
        return False
    return True


def open_units(venue: Venue, window: Window, units: Sequence[Resource]) -> list[Resource]:
    """Those of the units that are open, and sold, for this range. Raises Closed or NotOffered."""
    if not opens_by_itself(venue):
        judge_hours(venue, window)
        return list(units)
    opened = [unit for unit in units if is_open_for(venue, window, unit)]
    if units and not opened:
        raise Closed
    return opened


def is_always_open(venue: Venue, openings: Sequence[Opening]) -> bool:
    """Whether times are sold day and night, because nobody said when not."""
    return not openings and not venue.policy.unit_schedules and venue.mode == Venue.Mode.TIME


def closed_days(venue: Venue, unit: Resource | None) -> set[date]:
    """The dates on which no night is sold."""
    rows = openings_of(venue, unit)
    return {row.date for row in rows if row.date is not None and row.opens is None}


def openings_of(venue: Venue, unit: Resource | None) -> Sequence[Opening]:
    """The hours that count for a unit: its own, or else the venue's; for None the venue's."""
    every = list(venue.openings.all())
    own = [row for row in every if unit is not None and row.resource_id == unit.pk]
    if own or venue.policy.unit_schedules:
        return own
    return [row for row in every if row.resource_id is None]


def opens_by_itself(venue: Venue) -> bool:
    """Whether units have hours of their own here, so that each must be judged apart."""
    return venue.policy.unit_schedules or any(row.resource_id for row in venue.openings.all())


def _from_now(venue: Venue, times: Times, now: datetime) -> Times:
    """Beginning now, or where a grid is sold with the next of today's slots that can be booked."""
    grid = _grid(venue, now) if venue.mode == Venue.Mode.SLOT else []
    if not grid:
        return replace(times, starts_at=now)
    today, earliest = now.astimezone(venue.zone).date(), now + venue.policy.notice
    for slot in grid:
        if slot.start >= earliest and slot.start.astimezone(venue.zone).date() == today:
            return replace(times, starts_at=slot.start, ends_at=times.ends_at or slot.end)
    raise Invalid(
        "starts_at", gettext("No slot that could be booked is left today; give another's start.")
    )


def _grid(venue: Venue, moment: datetime) -> list[Window]:
    """The slots that the venue as a whole sells around a moment, in order."""
    opened = hours.around(openings_of(venue, None), venue.zone, moment, moment)
    return sorted(slot for one in opened for slot in hours.slots(one, venue.policy.slot_length))


def _nights(venue: Venue, times: Times) -> Window:
    zone, policy = venue.zone, venue.policy
    check_in, check_out = times.check_in, times.check_out
    # Instants are read as the local dates they fall on: what is sold is nights.
    if check_in is None and times.starts_at is not None:
        check_in = times.starts_at.astimezone(zone).date()
    if check_out is None and times.ends_at is not None:
        check_out = times.ends_at.astimezone(zone).date()
    if check_in is None:
        raise Invalid("check_in", gettext("Give the date of arrival."))
    if check_out is None and policy.default_length is not None:
        check_out = check_in + max(policy.default_length, DAY)
    if check_out is None:
        raise Invalid("check_out", gettext("Give the date of departure."))
    if check_out <= check_in:
        raise Invalid("check_out", gettext("Departure must be at least one night after arrival."))
    return hours.nights(check_in, check_out, zone, policy.check_in_time, policy.check_out_time)


def _times(venue: Venue, times: Times) -> Window:
    start, end = times.starts_at, times.ends_at
    usual = venue.policy.default_length or venue.policy.slot_length
    if start is None:
        raise Invalid("starts_at", gettext("Give the time at which the reservation starts."))
    if end is None and usual is None and venue.mode == Venue.Mode.SLOT:
        end = next((slot.end for slot in _grid(venue, start) if slot.start == start), None)
    if end is None and usual is None:
        raise Invalid("ends_at", gettext("Give the time at which the reservation ends."))
    if end is None and usual is not None:
        end = start + usual
    assert end is not None
    if end <= start:
        raise Invalid("ends_at", gettext("The end must be after the start."))
    return Window(start, end)


def _judge_agreement(times: Times, window: Window, zone: ZoneInfo) -> None:
    """Whether dates and instants that were given together mean the same days. Raises Invalid."""
    first, last = (instant.astimezone(zone).date() for instant in (window.start, window.end))
    for field, given, sold in (
        ("starts_at", times.starts_at, first),
        ("check_in", times.check_in, first),
        ("ends_at", times.ends_at, last),
        ("check_out", times.check_out, last),
    ):
        day = given.astimezone(zone).date() if isinstance(given, datetime) else given
        if day not in (None, sold):
            raise Invalid(
                field, gettext("Dates and times were given, and they are not of the same day.")
            )


def _length(venue: Venue, window: Window) -> timedelta:
    if venue.mode != Venue.Mode.NIGHT:
        return window.end - window.start
    zone = venue.zone
    return window.end.astimezone(zone).date() - window.start.astimezone(zone).date()


def _judge_nights(venue: Venue, window: Window, unit: Resource | None) -> None:
    first = window.start.astimezone(venue.zone).date()
    last = window.end.astimezone(venue.zone).date()
    closed = [day for day in closed_days(venue, unit) if first <= day < last]
    if closed:
        raise Closed(gettext("Closed on %(day)s.") % {"day": min(closed).isoformat()})


def _judge_slots(policy: Policy, window: Window, opened: Iterable[Window]) -> None:
    grid = [slot for entry in opened for slot in hours.slots(entry, policy.slot_length)]
    starts, ends = {slot.start for slot in grid}, {slot.end for slot in grid}
    if window.start not in starts or window.end not in ends:
        raise NotOffered(gettext("Reservations here start and end with the slots of the day."))


def _judge_step(venue: Venue, window: Window, begun: datetime) -> None:
    step = venue.policy.step
    if step and (window.start - begun) % step:
        minutes = step // timedelta(minutes=1)
        raise NotOffered(
            gettext("Reservations here start every %(minutes)s minutes.") % {"minutes": minutes}
        )


def _midnight(venue: Venue, start: datetime) -> datetime:
    day = start.astimezone(venue.zone).date()
    return hours.instant(day, datetime.min.time(), venue.zone)


USUAL_LENGTH = timedelta(hours=1)
"""How long a start is offered for, where the venue has no usual length."""


def days(first: date, last: date, zone: ZoneInfo) -> Window:
    """From the first instant of one local date to the last of another."""
    return Window(hours.instant(first, time.min, zone), hours.instant(last + DAY, time.min, zone))


def sold_ranges(venue: Venue, unit: Resource | None, first: date, last: date) -> list[Window]:
    """The ranges that are sold on the local days `first` to `last`, of a unit or the venue."""
    policy = venue.policy
    if venue.mode == Venue.Mode.NIGHT:
        closed = closed_days(venue, unit)
        return [stay(venue, day, day + DAY) for day in _dates(first, last) if day not in closed]
    zone = unit.zone if unit is not None else venue.zone
    openings = openings_of(venue, unit)
    if is_always_open(venue, openings):
        length = _offered_length(policy)
        # Steps are counted from each midnight, and a stay may end on another day.
        return [
            start
            for day in _dates(first, last)
            for start in _starts(days(day, day, zone), timedelta(0), length, policy.step or length)
        ]
    opened = hours.windows(openings, zone, first, last)
    if venue.mode == Venue.Mode.SLOT:
        return [slot for entry in opened for slot in hours.slots(entry, policy.slot_length)]
    length = _offered_length(policy)
    step = policy.step or length
    return [start for entry in opened for start in _starts(entry, length, length, step)]


def sold(
    venue: Venue, units: Sequence[Resource], first: date, last: date
) -> Iterator[tuple[list[Window], Sequence[Resource]]]:
    """The ranges that are sold on some local days, each list with the units that sell those."""
    if not opens_by_itself(venue):
        yield sold_ranges(venue, None, first, last), units
        return
    for unit in units:
        yield sold_ranges(venue, unit, first, last), [unit]


def stay(venue: Venue, check_in: date, check_out: date) -> Window:
    """The nights from one local date to another, at the venue's times of arrival and leaving."""
    policy = venue.policy
    return hours.nights(
        check_in, check_out, venue.zone, policy.check_in_time, policy.check_out_time
    )


def _offered_length(policy: Policy) -> timedelta:
    return policy.default_length or policy.shortest_stay or USUAL_LENGTH


def _starts(
    entry: Window, fitting: timedelta, length: timedelta, step: timedelta
) -> Iterator[Window]:
    """Ranges of a length at every step of an entry, of which `fitting` must lie within it."""
    start = entry.start
    while start < entry.end and start + fitting <= entry.end:
        yield Window(start, start + length)
        start += step


def _dates(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
