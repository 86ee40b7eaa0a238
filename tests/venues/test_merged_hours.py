"""Hours that overlap, meet, run over midnight or change by date: each minute is open once."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import examples
from venues import hours
from venues.hours import Window
from venues.models import Opening

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "America/Santiago", "Australia/Lord_Howe")
CHANGES = (
    date(2027, 3, 1),
    date(2027, 3, 28),
    date(2027, 4, 3),
    date(2027, 4, 4),
    date(2027, 9, 5),
    date(2027, 10, 31),
    date(2027, 11, 7),
)
"""An ordinary Monday, and days on which clocks change somewhere."""

CLOCKS = st.integers(0, 95).map(lambda number: time(number // 4, number % 4 * 15))


def opening(opens: str, closes: str, **day: int | date) -> Opening:
    return Opening(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), **day)


def utc(openings: list[Opening], first: int, last: int, *, apart: bool = False) -> list[str]:
    """The windows of some days of March 2027 in UTC, as text. The first is a Monday."""
    days = date(2027, 3, first), date(2027, 3, last)
    found = hours.windows(openings, ZoneInfo("UTC"), *days, apart=apart)
    return [f"{one.start:%d %H:%M}-{one.end:%d %H:%M}" for one in found]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("09:00", "10:00"), ("09:00", "10:00"), ["01 09:00-01 10:00"]),
        (("09:00", "12:00"), ("12:00", "16:00"), ["01 09:00-01 16:00"]),
        (("09:00", "13:00"), ("12:00", "16:00"), ["01 09:00-01 16:00"]),
        (("09:00", "17:00"), ("12:00", "13:00"), ["01 09:00-01 17:00"]),
        (("22:00", "02:00"), ("20:00", "23:00"), ["01 20:00-02 02:00"]),
        (("09:00", "12:00"), ("13:00", "16:00"), ["01 09:00-01 12:00", "01 13:00-01 16:00"]),
    ],
)
def test_openings_of_a_day_that_overlap_or_meet_are_one(
    first: tuple[str, str], second: tuple[str, str], expected: list[str]
) -> None:
    rows = [opening(*first, weekday=0), opening(*second, weekday=0)]
    assert utc(rows, 1, 1) == expected
    assert utc(rows[::-1], 1, 1) == expected


def test_openings_that_are_slots_of_their_own_stay_two_where_they_only_meet() -> None:
    rows = [opening("08:00", "12:00", weekday=0), opening("12:00", "16:00", weekday=0)]
    assert utc(rows, 1, 1, apart=True) == ["01 08:00-01 12:00", "01 12:00-01 16:00"]
    assert utc([*rows, rows[0]], 1, 1, apart=True) == ["01 08:00-01 12:00", "01 12:00-01 16:00"]


def test_hours_past_midnight_end_where_those_of_the_next_day_begin() -> None:
    rows = [opening("18:00", "03:00", weekday=0), opening("02:00", "06:00", weekday=1)]
    assert utc(rows, 1, 2) == ["01 18:00-02 02:00", "02 02:00-02 06:00"]
    assert utc(rows, 1, 1) == ["01 18:00-02 02:00"]
    assert utc(rows, 2, 2) == ["02 02:00-02 06:00"]


def test_what_is_left_of_the_day_before_is_open_too() -> None:
    rows = [opening("18:00", "18:00", weekday=0), opening("09:00", "12:00", weekday=1)]
    assert utc(rows, 1, 2) == ["01 18:00-02 09:00", "02 09:00-02 18:00"]
    assert utc(rows, 2, 2) == ["02 09:00-02 18:00"]


def test_a_date_closed_by_exception_is_closed_but_for_the_night_before() -> None:
    rows = [opening("20:00", "02:00", weekday=day) for day in range(7)]
    assert utc([*rows, Opening(date=date(2027, 3, 2))], 1, 3) == [
        "01 20:00-02 02:00",
        "03 20:00-04 02:00",
    ]


def test_a_slot_of_a_day_is_a_local_day() -> None:
    zone, lengths = ZoneInfo("Europe/Berlin"), []
    rows = [opening("00:00", "00:00", weekday=day) for day in range(7)]
    for first in (date(2027, 3, 27), date(2027, 10, 30)):
        for window in hours.windows(rows, zone, first, first + 2 * DAY):
            (slot,) = hours.slots(window, DAY, zone)
            assert slot.start.astimezone(zone).time() == time(0)
            lengths.append((slot.end - slot.start) // timedelta(hours=1))
    assert lengths == [24, 23, 24, 24, 25, 24]


@st.composite
def weeks(draw: st.DrawFn) -> tuple[list[Opening], ZoneInfo, date]:
    day = draw(st.sampled_from(CHANGES))
    rows = [
        Opening(weekday=weekday, opens=opens, closes=closes)
        for weekday, opens, closes in draw(
            st.lists(st.tuples(st.integers(0, 6), CLOCKS, CLOCKS), max_size=12)
        )
    ]
    for shift in draw(st.sets(st.integers(-2, 2), max_size=2)):
        rows += [
            Opening(date=day + shift * DAY, opens=opens, closes=closes)
            for opens, closes in draw(st.lists(st.tuples(CLOCKS, CLOCKS), max_size=2))
        ] or [Opening(date=day + shift * DAY)]
    return rows, ZoneInfo(draw(st.sampled_from(ZONES))), day


def is_in(rows: list[Opening], zone: ZoneInfo, at: datetime) -> bool:
    """Whether some opening holds the instant, each for itself."""
    there = at.astimezone(zone).date()
    return any(
        window.start <= at < window.end
        for day in (there - 2 * DAY, there - DAY, there, there + DAY)
        for row in ([one for one in rows if one.date == day] or rows)
        if row.date == day
        or (row.weekday == day.weekday() and not any(one.date == day for one in rows))
        for window in hours.windows([Opening(date=day, opens=row.opens, closes=row.closes)],
                                    zone, day, day)
    )  # fmt: skip


@given(weeks())
@settings(max_examples=examples(200))
def test_a_minute_is_open_once_and_only_where_some_opening_says_so(
    week: tuple[list[Opening], ZoneInfo, date],
) -> None:
    rows, zone, day = week
    found = hours.windows(rows, zone, day - 3 * DAY, day + 3 * DAY)
    assert found == sorted(found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(one.start < one.end for one in found)
    begin = datetime.combine(day - DAY, time(0), UTC)
    for number in range(3 * 96):
        at = begin + number * QUARTER
        assert sum(one.start <= at < one.end for one in found) == is_in(rows, zone, at), at


@given(weeks())
@settings(max_examples=examples(200))
def test_a_day_is_told_alike_however_many_days_are_asked(
    week: tuple[list[Opening], ZoneInfo, date],
) -> None:
    rows, zone, day = week
    together = hours.windows(rows, zone, day - 2 * DAY, day + 2 * DAY)
    each = [
        window
        for shift in range(-2, 3)
        for window in hours.windows(rows, zone, day + shift * DAY, day + shift * DAY)
    ]
    assert together == each


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=8))
@settings(max_examples=examples(100))
def test_runs_neither_meet_nor_lose_a_minute(spans: list[tuple[int, int]]) -> None:
    begin = datetime(2027, 3, 1, tzinfo=UTC)
    opened = [
        Window(begin + start * QUARTER, begin + (start + size) * QUARTER) for start, size in spans
    ]
    found = hours.runs(opened)
    assert all(one.end < other.start for one, other in pairwise(found))
    for number in range(50):
        at = begin + number * QUARTER
        within = [any(one.start <= at < one.end for one in some) for some in (opened, found)]
        assert within[0] == within[1]
