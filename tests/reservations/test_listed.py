"""What is listed is what can be booked, and what `explain` says, at random venues."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reservations import actions, clock, records
from reservations.availability import calendar_days, explanations, offers, open_slots, slots
from reservations.errors import Refusal
from reservations.inventory import closures
from reservations.requests import Times
from reservations.rules import modes
from tests.effort import examples
from tests.factories import DESK, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE
from tests.reservations.worlds import comes_to, of_window
from venues.hours import Window
from venues.models import Opening, Venue

pytestmark = pytest.mark.django_db

QUARTER = 15 * MINUTE
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "America/Santiago")
DAYS = (
    date(2027, 3, 3),
    date(2027, 3, 28),
    date(2027, 4, 4),
    date(2027, 9, 5),
    date(2027, 10, 31),
    date(2027, 11, 7),
)
CLOCKS = st.integers(0, 47).map(lambda number: time(number // 2, number % 2 * 30))
HOURS = st.tuples(CLOCKS, st.one_of(CLOCKS, st.just(time(0))))


@dataclass(frozen=True, kw_only=True)
class Told:
    """One range of a unit as it is listed."""

    unit: int
    window: Window
    state: str


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """A venue in numbers: how it sells, its hours, what is taken there, and the present."""
    day = draw(st.sampled_from(DAYS))
    return {
        "day": day,
        "zone": draw(st.sampled_from(ZONES)),
        "is_slots": draw(st.booleans()),
        "length": draw(st.sampled_from((HOUR, 90 * MINUTE, 2 * HOUR, 5 * HOUR, DAY))),
        "is_whole": draw(st.integers(0, 5)) == 0,
        "step": draw(st.sampled_from((QUARTER, 45 * MINUTE, HOUR))),
        "weekly": draw(st.lists(HOURS, min_size=1, max_size=3)),
        "dated": draw(st.lists(st.tuples(st.integers(-1, 1), st.none() | HOURS), max_size=2)),
        "own": draw(st.none() | HOURS),
        "taken": draw(st.lists(st.tuples(st.integers(0, 95), st.booleans()), max_size=4)),
        "closed": draw(st.lists(st.integers(0, 47), max_size=1)),
        "adds": draw(st.booleans()),
        "before": draw(st.sampled_from((0, 0, 15, 30))) * MINUTE,
        "after": draw(st.sampled_from((0, 0, 30))) * MINUTE,
        "now": draw(st.integers(-96, 40)),
    }


def build(world: dict[str, Any]) -> Venue:
    is_slots = world["is_slots"]
    venue = make_venue(
        "restaurant",
        units=2,
        unit_choice="guest",
        horizon=None,
        longest_stay=None,
        confirms_at_once=True,
        step=None if is_slots else world["step"],
        slot_length=None if world["is_whole"] or not is_slots else world["length"],
        default_length=None if is_slots else world["length"],
        adds_buffers=world["adds"],
        buffer_before=world["before"],
        buffer_after=world["after"],
    )
    mode = Venue.Mode.SLOT if is_slots else Venue.Mode.TIME
    Venue.objects.filter(pk=venue.pk).update(mode=mode, time_zone=world["zone"])
    first = venue.resources.order_by("pk")[0]
    rows = [
        Opening(venue=venue, weekday=weekday, opens=opens, closes=closes)
        for weekday in range(7)
        for opens, closes in world["weekly"]
    ]
    for shift, hours in world["dated"]:
        opens, closes = hours or (None, None)
        rows.append(
            Opening(venue=venue, date=world["day"] + shift * DAY, opens=opens, closes=closes)
        )
    if world["own"]:
        opens, closes = world["own"]
        rows += [
            Opening(venue=venue, resource=first, weekday=weekday, opens=opens, closes=closes)
            for weekday in range(7)
        ]
    Opening.objects.bulk_create(rows)
    return records.load_venue(venue.pk)


def take_some(venue: Venue, world: dict[str, Any], listed: list[Told]) -> None:
    for number, is_named in world["taken"]:
        if not listed:
            return
        one = listed[number % len(listed)]
        unit = one.unit if is_named else None
        with suppress(Refusal):
            actions.hold(booking=of_window(venue, one.window, resource=unit), by=DESK)


def close_some(venue: Venue, world: dict[str, Any], midnight: datetime) -> None:
    first = venue.resources.order_by("pk")[0].pk
    for number in world["closed"]:
        start = midnight + number * 2 * QUARTER
        closures.close(
            venue_id=venue.pk,
            resource_ids=[first],
            window=Window(start, start + HOUR),
            reason="paint",
            by=DESK,
        )


def listed_on(venue: Venue, day: date) -> list[Told]:
    within = modes.days(day, day, venue.zone)
    found = slots.slots(venue, within, now=clock.now())
    return [Told(unit=one.unit.pk, window=one.window, state=one.state) for one in found]


def said_of(venue: Venue, window: Window, unit: int | None) -> str | None:
    times = Times(starts_at=window.start, ends_at=window.end)
    said = explanations.explain(venue, times, resource=unit, party=1, now=clock.now())
    return said.refusal.code if said.refusal else None


def raster(venue: Venue, day: date, listed: list[Told]) -> list[Window]:
    """The ranges listed, and of their lengths those at every quarter of the day."""
    within = modes.days(day, day, venue.zone)
    usual = venue.policy.slot_length or venue.policy.default_length
    every = {one.window for one in listed}
    if usual is not None:
        count = (within.end - within.start) // QUARTER
        starts = (within.start + number * QUARTER for number in range(count))
        every |= {Window(start, modes.end_of(venue, start, usual)) for start in starts}
    return sorted(every)


AROUND_PINS: dict[str, Any] = {
    "day": date(2027, 10, 31),
    "zone": "UTC",
    "is_slots": True,
    "length": 90 * MINUTE,
    "is_whole": False,
    "step": QUARTER,
    "weekly": [(time(12, 30), time(9, 30)), (time(12, 30), time(10, 30)), (time(11), time(18, 30))],
    "dated": [(1, None), (1, None)],
    "own": None,
    "taken": [(6, True), (85, False), (88, True), (91, False)],
    "closed": [],
    "adds": True,
    "before": 0 * MINUTE,
    "after": 30 * MINUTE,
    "now": -95,
}
"""There is room only once somebody is re-seated around stays that are fixed later."""


@given(worlds())
@example(AROUND_PINS)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_listed_is_what_can_be_booked_and_what_explain_says(world: dict[str, Any]) -> None:
    venue, day = build(world), world["day"]
    noon = datetime.combine(day, time(0), ZoneInfo(world["zone"])).astimezone(UTC)
    with clock.at(noon - 3 * DAY):
        close_some(venue, world, noon)
        take_some(venue, world, listed_on(venue, day))
    with clock.at(noon + world["now"] * QUARTER + 20 * MINUTE / 60):
        listed = listed_on(venue, day)
        once = Counter((one.unit, one.window) for one in listed)
        assert set(once.values()) <= {1}
        free = {(one.unit, one.window) for one in listed if one.state == "free"}
        units = {one.pk for one in venue.resources.all()}
        for window in raster(venue, day, listed):
            for unit in units:
                is_free = said_of(venue, window, unit) is None
                assert is_free == ((unit, window) in free), (unit, window)
        _agree(venue, day, listed, free)


def _agree(venue: Venue, day: date, listed: list[Told], free: set[tuple[int, Window]]) -> None:
    """Calendar, open slots, offers and bookings say the same as the list."""
    counted = calendar_days.calendar(venue, day, day, now=clock.now())[0]
    assert (counted.capacity, counted.free) == (len(listed), len(free))
    windows = sorted({one.window for one in listed})
    opened = {one.window for one in open_slots.of_day(venue, day, party=1, now=clock.now())}
    bookable = {one for one in windows if said_of(venue, one, None) is None}
    assert opened == bookable
    assert {window for _, window in free} <= bookable
    for window in windows[:2] + windows[-2:]:
        times = Times(starts_at=window.start, ends_at=window.end)
        offered = offers.of_range(venue, times, party=1, category=None, now=clock.now())
        assert (sum(one.count for one in offered.offers) > 0) == (window in bookable)
        for unit in {one.unit for one in listed}:
            refusal = comes_to(of_window(venue, window, resource=unit))
            assert (refusal is None) == ((unit, window) in free), refusal


def one_day(*openings: tuple[int, int], **policy: Any) -> Venue:
    """A venue with hours from and to these full hours on every day."""
    mode = policy.pop("mode", Venue.Mode.TIME)
    rules = {"horizon": None, "longest_stay": None, "buffer_after": 0 * HOUR, "step": None}
    venue = make_venue("restaurant", unit_choice="guest", **rules | policy)
    Venue.objects.filter(pk=venue.pk).update(mode=mode)
    Opening.objects.bulk_create(
        Opening(venue=venue, weekday=weekday, opens=time(begin), closes=time(end % 24))
        for weekday in range(7)
        for begin, end in openings
    )
    return records.load_venue(venue.pk)


def starts_on_monday(venue: Venue) -> list[str]:
    return [f"{one.window.start:%H:%M}" for one in listed_on(venue, date(2027, 3, 1))]


@pytest.fixture(autouse=True)
def _in_february(frozen: object) -> None:
    """The present is a day before Monday, the first of March."""


def test_hours_entered_twice_are_listed_once() -> None:
    venue = one_day((9, 10), (9, 10), mode=Venue.Mode.SLOT, slot_length=HOUR, default_length=None)
    assert starts_on_monday(venue) == ["09:00"]
    day = date(2027, 3, 1)
    (counted,) = calendar_days.calendar(venue, day, day, now=clock.now())
    assert (counted.capacity, counted.free) == (1, 1)


@pytest.mark.parametrize("mode", [Venue.Mode.TIME, Venue.Mode.SLOT])
def test_hours_that_meet_are_cut_as_one(mode: str) -> None:
    length = {"slot_length": 2 * HOUR} if mode == Venue.Mode.SLOT else {}
    venue = one_day((9, 12), (12, 16), mode=mode, **length)
    assert starts_on_monday(venue)[:3] == ["09:00", "11:00", "13:00"]


def test_where_it_never_closes_the_last_start_of_a_day_runs_past_midnight() -> None:
    venue = one_day((0, 24), step=30 * MINUTE)
    listed = listed_on(venue, date(2027, 3, 1))
    assert [f"{one.window.start:%H:%M}" for one in listed][-3:] == ["22:30", "23:00", "23:30"]
    assert all(one.window.start < other.window.start for one, other in pairwise(listed))
    assert comes_to(of_window(venue, listed[-1].window)) is None


def test_openings_that_are_slots_stay_as_they_are() -> None:
    lot = {"mode": Venue.Mode.SLOT, "slot_length": None, "default_length": None}
    venue = one_day((8, 12), (12, 16), (16, 20), **lot)
    assert starts_on_monday(venue) == ["08:00", "12:00", "16:00"]


@pytest.mark.parametrize(
    ("day", "length"), [(date(2027, 3, 28), 23), (date(2027, 10, 31), 25), (date(2027, 5, 3), 24)]
)
def test_a_slot_of_a_day_can_be_had_whatever_the_clocks_do(day: date, length: int) -> None:
    lot = {"mode": Venue.Mode.SLOT, "slot_length": DAY, "default_length": None}
    venue = one_day((0, 24), **lot, longest_stay=DAY)
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Berlin")
    venue = records.load_venue(venue.pk)
    (one,) = listed_on(venue, day)
    assert (one.window.end - one.window.start, one.state) == (timedelta(hours=length), "free")
    row = actions.hold(booking=of_window(venue, one.window, category="standard"), by=DESK)
    assert row.ends_at == one.window.end
    start = Times(starts_at=one.window.start)
    assert modes.resolve(venue, start).end == one.window.end
