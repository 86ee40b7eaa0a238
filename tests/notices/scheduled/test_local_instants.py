"""A local time has exactly one instant each local day, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from notices.scheduled import local_instants
from tests.effort import some
from venues import hours

DAY = timedelta(days=1)
FIRST, LAST = date(2020, 1, 1), date(2036, 1, 1)
ZONES = [
    "Europe/Amsterdam", "America/New_York", "America/St_Johns", "America/Santiago",
    "America/Havana", "America/Scoresbysund", "Africa/Casablanca", "Asia/Beirut",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia",
]  # fmt: skip
"""Changes at midnight and before it, gaps of half an hour, offsets of 45 minutes."""
TIMES = [time(18, 30), time(0), time(0, 30), time(2, 15), time(2, 30), time(23, 30), time(23, 59)]
TABLE = [
    (zone, clock) for number, clock in enumerate(TIMES) for zone in ZONES[number:] + ZONES[:number]
]


def telling_days(zone: ZoneInfo) -> list[date]:
    """Each tenth day, and those around every change of the clocks: the others are as their
    neighbours.
    """
    noons = [datetime.combine(FIRST + n * DAY, time(12), UTC) for n in range((LAST - FIRST).days)]
    shown = [noon.astimezone(zone).utcoffset() for noon in noons]
    changed = [n for n in range(1, len(noons)) if shown[n] != shown[n - 1]]
    near = {n + beside for n in changed for beside in range(-5, 6)}
    return [noon.date() for n, noon in enumerate(noons) if n % 10 == 0 or n in near]


@pytest.mark.parametrize(("name", "clock"), some(TABLE, most=4))
def test_every_local_day_has_one_instant_and_it_shows_the_time(name: str, clock: time) -> None:
    zone = ZoneInfo(name)
    for day in telling_days(zone):
        start = local_instants.on(day - DAY, clock, zone)
        assert start is not None
        at = local_instants.following(clock, zone, start)
        assert at.day == day
        shown = at.at.astimezone(zone)
        in_gap = at.at.astimezone(zone).time() != clock
        if in_gap:
            # One second earlier the clock showed less, and the wanted time never.
            before = (at.at - timedelta(seconds=1)).astimezone(zone)
            assert before.replace(tzinfo=None) < datetime.combine(day, clock)
            assert shown.replace(tzinfo=None) > datetime.combine(day, clock)
        else:
            assert shown.date() == day
        assert local_instants.last(clock, zone, at.at) == at
        assert local_instants.last(clock, zone, at.at - timedelta(seconds=1)).day == day - DAY


@pytest.mark.parametrize(
    ("name", "day", "clock", "expected"),
    [
        ("Europe/Amsterdam", date(2027, 3, 28), time(2, 30), "2027-03-28 01:00"),
        ("Europe/Amsterdam", date(2027, 10, 31), time(2, 30), "2027-10-31 00:30"),
        ("Asia/Beirut", date(2027, 3, 28), time(0, 30), "2027-03-27 22:00"),
        ("Australia/Lord_Howe", date(2027, 10, 3), time(2, 15), "2027-10-02 15:30"),
        # The clock jumps from 23:00 to midnight: the evening is told as it ends.
        ("America/Scoresbysund", date(2027, 3, 27), time(23, 30), "2027-03-28 01:00"),
    ],
)
def test_a_gap_counts_where_it_ends_and_a_fold_the_first_time(
    name: str, day: date, clock: time, expected: str
) -> None:
    found = local_instants.on(day, clock, ZoneInfo(name))
    assert found is not None and f"{found:%Y-%m-%d %H:%M}" == expected


def test_a_day_that_a_zone_leaves_out_has_none() -> None:
    zone = ZoneInfo("Pacific/Apia")
    assert local_instants.on(date(2011, 12, 30), time(18), zone) is None
    at = local_instants.on(date(2011, 12, 29), time(18), zone)
    assert at is not None
    assert local_instants.following(time(18), zone, at).day == date(2011, 12, 31)


@pytest.mark.parametrize("name", ZONES)
def test_months_follow_each_other_without_a_gap(name: str) -> None:
    zone, first = ZoneInfo(name), FIRST
    while first < LAST:
        window = hours.month(first, zone)
        after = (first + 32 * DAY).replace(day=1)
        assert window.end == hours.month(after, zone).start
        assert window.start.astimezone(zone).date() == first
        assert (window.start - timedelta(seconds=1)).astimezone(zone).date() == first - DAY
        first = after
