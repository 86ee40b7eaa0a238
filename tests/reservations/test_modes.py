"""What nights, times and slots mean has one home, which goes both ways."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from pydantic import TypeAdapter

from api.schemas import Day
from desk.fields import DeskDayField as DeskDay
from reservations.requests import Times
from reservations.rules import modes
from tests.factories import NOON, add_hours, make_venue
from venues.hours import Window
from web.selection import DayField as PageDay

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "config", "desk", "guests", "reservations", "venues", "web")
HOMES = {
    "reservations/rules/modes.py",
    "venues/kinds.py",
    # The sentence about arrival, in a package below the rules.
    "venues/wording.py",
    # What a policy may not be, in the same package.
    "venues/policy_rules.py",
    # Venues that are made, not judged.
    "config/demonstration/venues.py",
}

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_nothing_else_asks_for_a_venues_mode() -> None:
    asks = re.compile(r"\bMode\.(NIGHT|TIME|SLOT)\b|\.mode\s*(==|!=|in\b)")
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".html"} and "migrations" not in path.parts
        if asks.search(path.read_text(encoding="utf-8"))
    }
    assert found == HOMES


@pytest.mark.parametrize("kind", ["hotel", "restaurant", "practice"])
def test_a_range_becomes_fields_and_the_same_range_again(kind: str) -> None:
    venue = make_venue(kind)
    venue.time_zone = "America/New_York"
    window = Window(NOON, NOON + 4 * HOUR)
    if kind == "hotel":
        window = modes.stay(venue, date(2027, 3, 12), date(2027, 3, 15))
    given = modes.fields(venue, window)
    assert tuple(given) == modes.field_names(venue)
    assert modes.resolve(venue, Times(**given)) == window
    assert modes.resolve(venue, modes.times_of(venue, window)) == window


def test_nights_are_shown_by_their_local_dates() -> None:
    hotel = make_venue("hotel")
    hotel.time_zone = "Asia/Tokyo"
    window = modes.stay(hotel, date(2027, 3, 1), date(2027, 3, 4))
    assert modes.fields(hotel, window) == {
        "check_in": date(2027, 3, 1),
        "check_out": date(2027, 3, 4),
    }
    assert (modes.nights(hotel, window), modes.length(hotel, window)) == (3, timedelta(days=3))


def test_times_have_no_dates_and_no_nights() -> None:
    lot = make_venue("parking")
    window = Window(NOON, NOON + HOUR)
    assert modes.dates(lot, window) is None and modes.nights(lot, window) is None
    assert modes.length(lot, window) == HOUR


@pytest.mark.parametrize(
    ("kind", "start", "comes_to"),
    [
        ("hotel", date(2027, 3, 8), Times(check_in=date(2027, 3, 8), check_out=date(2027, 3, 10))),
        ("parking", NOON + HOUR, Times(starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR)),
    ],
)
def test_a_range_that_moves_keeps_its_length(kind: str, start: object, comes_to: Times) -> None:
    venue = make_venue(kind)
    sold = Window(NOON, NOON + 2 * HOUR)
    if kind == "hotel":
        sold = modes.stay(venue, date(2027, 3, 1), date(2027, 3, 3))
    assert modes.moved(venue, sold, start) == comes_to


def test_a_new_departure_alone_keeps_the_arrival() -> None:
    hotel = make_venue("hotel")
    sold = modes.stay(hotel, date(2027, 3, 1), date(2027, 3, 3))
    wish = modes.completed(hotel, Times(check_out=date(2027, 3, 6)), sold)
    assert (wish.check_in, wish.check_out) == (date(2027, 3, 1), date(2027, 3, 6))


def test_a_new_start_alone_moves_the_whole_range_of_times() -> None:
    lot = make_venue("parking")
    wish = modes.completed(lot, Times(starts_at=NOON + HOUR), Window(NOON, NOON + 2 * HOUR))
    assert wish.ends_at == NOON + 3 * HOUR


@pytest.mark.parametrize(
    ("limit", "last"),
    [
        (datetime(2027, 3, 4, 10, 59, tzinfo=UTC), date(2027, 3, 3)),
        (datetime(2027, 3, 4, 11, tzinfo=UTC), date(2027, 3, 4)),
        (datetime(2027, 3, 4, 15, tzinfo=UTC), date(2027, 3, 4)),
    ],
)
def test_the_last_end_of_nights_is_a_departure(limit: datetime, last: date) -> None:
    hotel = make_venue("hotel")
    sold = modes.stay(hotel, date(2027, 3, 1), date(2027, 3, 2))
    assert modes.last_end(hotel, sold.start, limit) == modes.stay(hotel, date(2027, 3, 1), last).end


def test_who_walks_in_after_midnight_gets_the_night_that_runs() -> None:
    hotel = make_venue("hotel")
    at = datetime(2027, 3, 2, 3, 59, tzinfo=UTC)
    assert modes.walk_in(hotel, None, None, at).check_in == date(2027, 3, 1)
    assert modes.walk_in(hotel, None, None, at + HOUR).check_in == date(2027, 3, 2)


def test_who_walks_in_gets_the_rest_of_the_slot_that_runs() -> None:
    practice = make_venue("practice", unit_schedules=False)
    add_hours(practice, time(9), time(17))
    times = modes.walk_in(practice, None, None, NOON + timedelta(minutes=5))
    assert times.ends_at == NOON + timedelta(minutes=15)


@pytest.mark.parametrize("year", [1970, 1971, 2199, 2200])
def test_api_pages_and_desk_take_the_same_years(year: int) -> None:
    given, is_taken = f"{year}-07-01", year in (1971, 2199)
    takers = (TypeAdapter(Day).validate_python, PageDay().clean, DeskDay().clean)
    assert [_takes(take, given) for take in takers] == [is_taken] * 3


def _takes(take: Callable[[str], object], given: str) -> bool:
    try:
        take(given)
    except (ValueError, ValidationError):
        return False
    return True
