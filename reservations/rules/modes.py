"""Converts between what guests ask for and ranges, for nights, times and slots.

No other module reads a venue's mode. Guests ask for nights by the local dates of arrival and
departure, and for any other range by its instants.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from reservations.errors import Invalid, TooLong
from reservations.ranges import MAX_SPAN
from reservations.requests import Times
from reservations.rules.taken_ranges import preparation, taken_range
from venues import hours
from venues.hours import DAY, Window
from venues.models import Opening, Venue

MOMENT = timedelta(minutes=1)
"""A start so long ago still means now: some seconds pass between asking and booking."""

YEARS = range(1971, 2200)
"""The years in which a reservation may start or end. Others are typing errors."""


def sells_nights(venue: Venue) -> bool:
    """True when the venue sells nights, which guests ask for by date."""
    return venue.mode == Venue.Mode.NIGHT


def sells_slots(venue: Venue) -> bool:
    """True when the venue sells the slots of a grid."""
    return venue.mode == Venue.Mode.SLOT


def sells_any_start(venue: Venue) -> bool:
    """True when a reservation may start at any instant at which the venue is open."""
    return venue.mode == Venue.Mode.TIME and venue.policy.step is None


def is_always_open(venue: Venue, openings: Sequence[Opening]) -> bool:
    """True when times are sold day and night, because no hours are set."""
    return not openings and not venue.policy.unit_schedules and venue.mode == Venue.Mode.TIME


def resolve(venue: Venue, times: Times, now: datetime | None = None) -> Window:
    """The range (UTC) that these times mean at the venue.

    Raises Invalid, naming the field, or TooLong.
    """
    window = window_of(venue, times, now)
    judge_span(venue, window)
    return window


def window_of(venue: Venue, times: Times, now: datetime | None = None) -> Window:
    """The range (UTC) that these times mean, even one too long to store.

    `now` is needed for `from_now`; None ignores it. Raises Invalid, which names the field.
    """
    if now is not None and times.from_now and (times.starts_at, times.check_in) == (None, None):
        times = _from_now(venue, times, now)
    window = _nights(venue, times) if sells_nights(venue) else _times(venue, times)
    _judge_agreement(times, window, venue.zone)
    return window


def judge_span(venue: Venue, window: Window) -> None:
    """Raises TooLong when the range with its buffers is longer than MAX_SPAN."""
    taken = taken_range(venue.policy, window)
    if taken.end - taken.start > MAX_SPAN:
        raise TooLong(
            gettext("A reservation is at most %(days)s days long. Choose an earlier end.")
            % {"days": MAX_SPAN.days}
        )


def walk_in(venue: Venue, start: Any, end: Any, now: datetime) -> Times:
    """The times of a walk-in; `start` and `end` are None for what is usual.

    Dates where nights are sold, else aware instants. By default this night, the rest of the running
    slot, or the usual length from now.
    """
    if sells_nights(venue):
        check_in = start or business_date(venue, now)
        return Times(check_in=check_in, check_out=end or check_in + DAY)
    begin = start or now
    return Times(starts_at=begin, ends_at=end or _end_of_slot(venue, begin))


def completed(venue: Venue, times: Times, sold: Window) -> Times:
    """The times of a change, with missing ends taken from the range that was sold."""
    if sells_nights(venue):
        check_in, check_out = local_dates(venue, sold)
        return replace(
            times,
            check_in=times.check_in or (None if times.starts_at else check_in),
            check_out=times.check_out or (None if times.ends_at else check_out),
        )
    if times.starts_at is not None and times.ends_at is None:
        # A new start alone moves the whole range.
        return replace(times, ends_at=end_of(venue, times.starts_at, length(venue, sold)))
    return replace(times, starts_at=times.starts_at or sold.start)


def moved(venue: Venue, sold: Window, start: Any, end: Any = None) -> Times:
    """The times of a range with another start: a local date where nights are sold, else an instant.

    Without `end` the range keeps its length.
    """
    first, last = field_names(venue)
    usual = length(venue, sold)
    if end is None:
        end = start + usual if sells_nights(venue) else end_of(venue, start, usual)
    return Times(**{first: start, last: end})


def field_names(venue: Venue) -> tuple[str, str]:
    """The two fields that ask for a range here: `check_in` and `check_out`, or the instants."""
    return ("check_in", "check_out") if sells_nights(venue) else ("starts_at", "ends_at")


def fields(venue: Venue, window: Window) -> dict[str, Any]:
    """The range as those two fields: local dates where nights are sold, else instants in UTC."""
    ends = dates(venue, window) or (window.start, window.end)
    return dict(zip(field_names(venue), ends, strict=True))


def times_of(venue: Venue, window: Window) -> Times:
    """The range as a request to the engine. `resolve` converts it back."""
    return Times(**fields(venue, window))


def dates(venue: Venue, window: Window) -> tuple[date, date] | None:
    """The local dates of arrival and departure; None where no nights are sold."""
    return local_dates(venue, window) if sells_nights(venue) else None


def business_date(venue: Venue, now: datetime) -> date:
    """The local date that the desk works on: until `day_ends` in the morning, that of before."""
    local = now.astimezone(venue.zone)
    return local.date() - DAY if local.time() < venue.policy.day_ends else local.date()


def is_running_night(venue: Venue, window: Window, now: datetime) -> bool:
    """True when the first night of a range has begun and is that of the desk's day."""
    if not sells_nights(venue) or not window.start <= now < window.end:
        return False
    return local_dates(venue, window)[0] == business_date(venue, now)


def local_dates(venue: Venue, window: Window) -> tuple[date, date]:
    """The local dates on which a range starts and ends, in the venue's zone."""
    zone = venue.zone
    return window.start.astimezone(zone).date(), window.end.astimezone(zone).date()


def nights(venue: Venue, window: Window) -> int | None:
    """The number of nights in a range; None where no nights are sold."""
    return length(venue, window).days if sells_nights(venue) else None


def length(venue: Venue, window: Window) -> timedelta:
    """The length of a range by which it is judged: a day for each night, else the elapsed time.

    Where slots are whole days, a local day counts as a day, whatever the clocks do.
    """
    found = dates(venue, window)
    if found:
        return found[1] - found[0]
    if not _sells_local_days(venue):
        return window.end - window.start
    start, end = (instant.astimezone(venue.zone) for instant in (window.start, window.end))
    return end.replace(tzinfo=None) - start.replace(tzinfo=None)


def end_of(venue: Venue, start: datetime, long: timedelta) -> datetime:
    """The end (UTC) of a range from `start` that has this length, in the sense of `length`."""
    return hours.later(start, long, venue.zone) if _sells_local_days(venue) else start + long


def sold_until(venue: Venue, window: Window) -> datetime:
    """The instant (UTC) from which a range is past, so that nobody can book it any more.

    A night is sold until the policy's last hour of arrival, by the local clock. Elsewhere a start
    within the last MOMENT still counts as now.
    """
    if not sells_nights(venue):
        return window.start + MOMENT
    first, _ = local_dates(venue, window)
    return min(hours.since_midnight(first, venue.policy.last_arrival, venue.zone), window.end)


def first_night(venue: Venue, now: datetime) -> date:
    """The local date of the first night that is not past, whatever the notice."""
    today = now.astimezone(venue.zone).date()
    days = (today + number * DAY for number in (-1, 0))
    return next(
        (day for day in days if sold_until(venue, stay(venue, day, day + DAY)) > now), today + DAY
    )


def last_end(venue: Venue, start: datetime, limit: datetime) -> datetime:
    """The last end, at most `limit`, of a range from `start`.

    Nights end at the time of departure.
    """
    if not sells_nights(venue):
        return limit
    first, day = local_dates(venue, Window(start, limit))
    ends = (stay(venue, first, last).end for last in (day, day - DAY))
    return next(end for end in ends if end <= limit)


def stay(venue: Venue, check_in: date, check_out: date) -> Window:
    """The nights between two local dates, in UTC: from the venue's arrival to departure time."""
    policy = venue.policy
    return hours.nights(
        check_in, check_out, venue.zone, policy.check_in_time, policy.check_out_time
    )


def days(first: date, last: date, zone: ZoneInfo) -> Window:
    """The range from the start of one local date to the end of another, in UTC."""
    return Window(hours.instant(first, time.min, zone), hours.instant(last + DAY, time.min, zone))


def grid(
    venue: Venue, openings: Sequence[Opening], zone: ZoneInfo, first: date, last: date
) -> list[Window]:
    """The slots of these openings on the local days `first` to `last`, earliest first.

    They never overlap. Assumes that the venue sells slots.
    """
    length = venue.policy.slot_length
    # Without a length, each opening is a slot, so that openings that meet stay two.
    opened = hours.windows(openings, zone, first, last, apart=length is None)
    found = [slot for one in opened for slot in hours.slots(one, length, zone)]
    if not preparation(venue.policy):
        return found
    runs = hours.runs(hours.windows(openings, zone, first - DAY, last))
    return [slot for slot in found if is_prepared(venue, slot, runs)]


def is_prepared(venue: Venue, window: Window, runs: Sequence[Window]) -> bool:
    """True when the preparation before a range lies within the hours.

    `runs` are the hours as `hours.runs` joins them.
    """
    begun = window.start - preparation(venue.policy)
    return any(run.holds(begun, window.start) for run in runs)


def _from_now(venue: Venue, times: Times, now: datetime) -> Times:
    """Times from now, or from the next bookable slot of today where slots are sold."""
    grid = _grid(venue, now) if sells_slots(venue) else []
    if not grid:
        return replace(times, starts_at=now)
    today, earliest = now.astimezone(venue.zone).date(), now + venue.policy.notice
    for slot in grid:
        if slot.start >= earliest and slot.start.astimezone(venue.zone).date() == today:
            return replace(times, starts_at=slot.start, ends_at=times.ends_at or slot.end)
    raise Invalid(
        "starts_at", gettext("No bookable slot is left today. Give the start of another slot.")
    )


def _grid(venue: Venue, moment: datetime) -> list[Window]:
    """The slots that the venue as a whole sells around an instant, earliest first."""
    day = moment.astimezone(venue.zone).date()
    return grid(venue, hours.openings_of(venue, None), venue.zone, day - DAY, day)


def _end_of_slot(venue: Venue, moment: datetime) -> datetime | None:
    """The end of the slot that is running; None where none is, or no slots are sold."""
    grid = _grid(venue, moment) if sells_slots(venue) else []
    return next((slot.end for slot in grid if slot.start <= moment < slot.end), None)


def _sells_local_days(venue: Venue) -> bool:
    slot = venue.policy.slot_length
    return sells_slots(venue) and slot is not None and not slot % DAY


def _nights(venue: Venue, times: Times) -> Window:
    zone, policy = venue.zone, venue.policy
    check_in, check_out = times.check_in, times.check_out
    # The venue sells nights, so an instant stands for its local date.
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
    return stay(venue, check_in, check_out)


def _times(venue: Venue, times: Times) -> Window:
    start, end = times.starts_at, times.ends_at
    usual = venue.policy.default_length or venue.policy.slot_length
    if start is None:
        raise Invalid("starts_at", gettext("Give the time at which the reservation starts."))
    if end is None and usual is None and sells_slots(venue):
        end = next((slot.end for slot in _grid(venue, start) if slot.start == start), None)
    if end is None and usual is None:
        raise Invalid("ends_at", gettext("Give the time at which the reservation ends."))
    if end is None and usual is not None:
        end = end_of(venue, start, usual)
    assert end is not None
    if end <= start:
        raise Invalid("ends_at", gettext("The end must be after the start."))
    return Window(start, end)


def _judge_agreement(times: Times, window: Window, zone: ZoneInfo) -> None:
    """Raises Invalid when dates and instants given together mean different days."""
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
                field, gettext("The dates and the times are of different days. Give one of them.")
            )
