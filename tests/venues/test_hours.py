"""Local hours turned into instants: the table of docs on time, zone by zone."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from venues import hours
from venues.hours import Window
from venues.models import Opening

DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
MONDAY = date(2027, 3, 1)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(opens: str, closes: str, *weekdays: int) -> list[Opening]:
    every = weekdays or range(7)
    return [
        Opening(weekday=day, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
        for day in every
    ]


def on(day: date, opens: str = "", closes: str = "") -> Opening:
    if not opens:
        return Opening(date=day)
    return Opening(date=day, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))


INSTANTS = [
    # zone, local, first showing, last showing
    ("UTC", "2027-03-28T02:30", "2027-03-28T02:30", "2027-03-28T02:30"),
    ("Europe/Berlin", "2027-03-01T12:00", "2027-03-01T11:00", "2027-03-01T11:00"),
    ("Asia/Kathmandu", "2027-03-28T12:00", "2027-03-28T06:15", "2027-03-28T06:15"),
    # Berlin skips from two to three on the 28th of March ...
    ("Europe/Berlin", "2027-03-28T01:59:59", "2027-03-28T00:59:59", "2027-03-28T00:59:59"),
    ("Europe/Berlin", "2027-03-28T02:00", "2027-03-28T01:00", "2027-03-28T01:00"),
    ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:00", "2027-03-28T01:00"),
    ("Europe/Berlin", "2027-03-28T02:59:59", "2027-03-28T01:00", "2027-03-28T01:00"),
    ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T01:00", "2027-03-28T01:00"),
    # ... and shows two to three twice on the 31st of October.
    ("Europe/Berlin", "2027-10-31T01:59:59", "2027-10-30T23:59:59", "2027-10-30T23:59:59"),
    ("Europe/Berlin", "2027-10-31T02:00", "2027-10-31T00:00", "2027-10-31T01:00"),
    ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30", "2027-10-31T01:30"),
    ("Europe/Berlin", "2027-10-31T03:00", "2027-10-31T02:00", "2027-10-31T02:00"),
    ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:00", "2027-03-14T07:00"),
    ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30", "2027-11-07T06:30"),
    # Lord Howe moves by half an hour.
    ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:30", "2027-10-02T15:30"),
    ("Australia/Lord_Howe", "2027-10-03T02:30", "2027-10-02T15:30", "2027-10-02T15:30"),
    ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45", "2027-04-03T15:15"),
    # Chatham is 45 minutes off the hour, and moves at a quarter to three.
    ("Pacific/Chatham", "2027-09-26T03:00", "2027-09-25T14:00", "2027-09-25T14:00"),
    ("Pacific/Chatham", "2027-04-04T03:00", "2027-04-03T13:15", "2027-04-03T14:15"),
]


@pytest.mark.parametrize(("zone", "local", "first", "last"), INSTANTS)
def test_a_local_time_is_one_instant_or_two(zone: str, local: str, first: str, last: str) -> None:
    there = datetime.fromisoformat(local)
    given = (there.date(), there.time(), ZoneInfo(zone))
    assert hours.instant(*given) == z(first)
    assert hours.instant(*given, last=True) == z(last)


WINDOWS = [
    # zone, day, opens, closes, from, until
    ("Europe/Berlin", "2027-03-01", "09:00", "17:00", "2027-03-01T08:00", "2027-03-01T16:00"),
    ("Europe/Berlin", "2027-03-01", "22:00", "02:00", "2027-03-01T21:00", "2027-03-02T01:00"),
    ("UTC", "2027-03-01", "00:00", "00:00", "2027-03-01T00:00", "2027-03-02T00:00"),
    ("UTC", "2027-03-01", "12:00", "12:00", "2027-03-01T12:00", "2027-03-02T12:00"),
    # Over the gap an hour is missing, over the fold there is one more.
    ("Europe/Berlin", "2027-03-28", "00:00", "00:00", "2027-03-27T23:00", "2027-03-28T22:00"),
    ("Europe/Berlin", "2027-10-31", "00:00", "00:00", "2027-10-30T22:00", "2027-10-31T23:00"),
    ("Europe/Berlin", "2027-03-27", "22:00", "04:00", "2027-03-27T21:00", "2027-03-28T02:00"),
    # Opening within the gap is opening at its end; closing in the fold is the second time.
    ("Europe/Berlin", "2027-03-28", "02:30", "05:00", "2027-03-28T01:00", "2027-03-28T03:00"),
    ("Europe/Berlin", "2027-10-31", "02:30", "02:45", "2027-10-31T00:30", "2027-10-31T01:45"),
    ("Europe/Berlin", "2027-10-30", "22:00", "02:30", "2027-10-30T20:00", "2027-10-31T01:30"),
    (
        "Australia/Lord_Howe",
        "2027-10-03",
        "01:00",
        "04:00",
        "2027-10-02T14:30",
        "2027-10-02T17:00",
    ),
    ("Pacific/Chatham", "2027-09-26", "02:00", "06:00", "2027-09-25T13:15", "2027-09-25T16:15"),
]


@pytest.mark.parametrize(("zone", "day", "opens", "closes", "start", "end"), WINDOWS)
def test_an_opening_is_a_window_of_instants(
    zone: str, day: str, opens: str, closes: str, start: str, end: str
) -> None:
    local = date.fromisoformat(day)
    found = hours.windows([on(local, opens, closes)], ZoneInfo(zone), local, local)
    assert found == [Window(z(start), z(end))]


def test_hours_that_lie_wholly_in_the_gap_never_happen() -> None:
    day = date(2027, 3, 28)
    assert hours.windows([on(day, "02:00", "03:00")], ZoneInfo("Europe/Berlin"), day, day) == []


def test_weekly_hours_are_those_of_their_weekday() -> None:
    found = hours.windows(weekly("09:00", "17:00", 0, 2), ZoneInfo("UTC"), MONDAY, MONDAY + 6 * DAY)
    assert [window.start.date() for window in found] == [MONDAY, MONDAY + 2 * DAY]


def test_several_openings_of_a_day_come_in_order() -> None:
    given = weekly("18:00", "22:00", 0) + weekly("11:30", "14:00", 0)
    found = hours.windows(given, ZoneInfo("UTC"), MONDAY, MONDAY)
    assert [window.start.hour for window in found] == [11, 18]


def test_the_hours_of_a_date_stand_instead_of_the_weekly_ones() -> None:
    given = [*weekly("09:00", "17:00"), on(MONDAY, "20:00", "21:00"), on(MONDAY + DAY)]
    found = hours.windows(given, ZoneInfo("UTC"), MONDAY, MONDAY + 2 * DAY)
    assert [window.start for window in found] == [
        z("2027-03-01T20:00"),
        z("2027-03-03T09:00"),
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2027-03-01T09:00", "2027-03-01T17:00", True),
        ("2027-03-01T08:59:59", "2027-03-01T10:00", False),
        ("2027-03-01T16:00", "2027-03-01T17:00:01", False),
        ("2027-03-01T18:00", "2027-03-01T19:00", False),
        ("2027-03-01T16:00", "2027-03-02T10:00", False),
    ],
)
def test_open_is_open_for_all_of_it(start: str, end: str, expected: bool) -> None:
    opened = hours.around(weekly("09:00", "17:00"), ZoneInfo("UTC"), z(start), z(end))
    assert hours.is_open(opened, z(start), z(end)) is expected


def test_windows_that_touch_or_overlap_are_open_together() -> None:
    given = weekly("08:00", "12:00") + weekly("12:00", "16:00") + weekly("15:00", "18:00")
    opened = hours.around(given, ZoneInfo("UTC"), z("2027-03-01T08:00"), z("2027-03-01T18:00"))
    assert hours.is_open(opened, z("2027-03-01T08:00"), z("2027-03-01T18:00"))
    assert not hours.is_open(opened, z("2027-03-01T08:00"), z("2027-03-01T18:01"))


def test_the_evening_before_is_looked_at_too() -> None:
    opened = hours.around(
        weekly("22:00", "02:00", 0), ZoneInfo("UTC"), z("2027-03-02T01:00"), z("2027-03-02T02:00")
    )
    assert hours.is_open(opened, z("2027-03-02T01:00"), z("2027-03-02T02:00"))


def test_nothing_opened_is_closed() -> None:
    assert not hours.is_open([], z("2027-03-01T01:00"), z("2027-03-01T02:00"))


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [("09:00", "17:00", True), ("08:59", "10:00", False), ("16:00", "17:01", False)],
)
def test_a_window_holds_what_lies_within(start: str, end: str, held: bool) -> None:
    window = Window(z("2027-03-01T09:00"), z("2027-03-01T17:00"))
    assert window.holds(z(f"2027-03-01T{start}"), z(f"2027-03-01T{end}")) is held


def starts(zone: str, day: str, opens: str, closes: str, minutes: int) -> list[str]:
    local = date.fromisoformat(day)
    (window,) = hours.windows([on(local, opens, closes)], ZoneInfo(zone), local, local)
    return [
        f"{slot.start.astimezone(ZoneInfo(zone)):%H:%M}"
        for slot in hours.slots(window, timedelta(minutes=minutes), ZoneInfo(zone))
    ]


def test_slots_are_of_one_length_and_the_rest_is_not_sold() -> None:
    assert starts("UTC", "2027-03-01", "08:00", "09:10", 20) == ["08:00", "08:20", "08:40"]
    assert starts("UTC", "2027-03-01", "08:00", "20:00", 240) == ["08:00", "12:00", "16:00"]


def test_an_hour_that_is_skipped_is_not_offered() -> None:
    offered = starts("Europe/Berlin", "2027-03-28", "00:00", "05:00", 60)
    assert offered == ["00:00", "01:00", "03:00", "04:00"]


def test_an_hour_that_happens_twice_is_offered_twice() -> None:
    offered = starts("Europe/Berlin", "2027-10-31", "00:00", "05:00", 60)
    assert offered == ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]


def test_where_clocks_move_by_half_an_hour_so_does_the_grid() -> None:
    assert starts("Australia/Lord_Howe", "2027-10-03", "00:00", "04:00", 60) == [
        "00:00",
        "01:00",
        "02:30",
    ]
    assert starts("Australia/Lord_Howe", "2027-04-04", "00:00", "04:00", 60) == [
        "00:00",
        "01:00",
        "01:30",
        "02:30",
    ]


def test_without_a_length_a_window_is_one_slot() -> None:
    window = Window(z("2027-03-01T08:00"), z("2027-03-01T12:00"))
    assert list(hours.slots(window, None, UTC_ZONE)) == [window]
    assert list(hours.slots(window, timedelta(hours=5), UTC_ZONE)) == []


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("UTC", "2027-03-27", 20),
        ("Europe/Berlin", "2027-03-26", 20),
        ("Europe/Berlin", "2027-03-27", 19),
        ("Europe/Berlin", "2027-10-30", 21),
        ("America/New_York", "2027-03-13", 19),
        ("America/New_York", "2027-11-06", 21),
        ("Australia/Lord_Howe", "2027-10-02", 19.5),
        ("Australia/Lord_Howe", "2027-04-03", 20.5),
        ("Pacific/Chatham", "2027-09-25", 19),
        ("Pacific/Chatham", "2027-04-03", 21),
        ("Asia/Kathmandu", "2027-03-27", 20),
    ],
)
def test_a_night_is_from_local_time_to_local_time_whatever_the_clocks_do(
    zone: str, day: str, length: float
) -> None:
    first = date.fromisoformat(day)
    night = hours.nights(first, first + DAY, ZoneInfo(zone), time(15), time(11))
    assert night.end - night.start == timedelta(hours=length)
    there = night.start.astimezone(ZoneInfo(zone)), night.end.astimezone(ZoneInfo(zone))
    assert [f"{moment:%H:%M}" for moment in there] == ["15:00", "11:00"]


def test_nights_follow_each_other_without_overlapping() -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = [date(2027, 3, 25) + number * DAY for number in range(6)]
    nights = [hours.nights(day, day + DAY, zone, time(15), time(11)) for day in days]
    assert all(one.end < other.start for one, other in itertools.pairwise(nights))
