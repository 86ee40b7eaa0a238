"""What the database and forms refuse of a venue, and how its things are called."""

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.factories import add_category, make_venue
from venues.models import Combination, Opening, Rate, Resource, Venue
from venues.time_zones import is_same_zone, is_time_zone, named
from venues.validators import is_rate

pytestmark = pytest.mark.django_db

DAY = date(2027, 3, 1)


@pytest.fixture
def venue() -> Venue:
    return make_venue()


def is_refused(model: type[Any], **fields: Any) -> bool:
    try:
        with transaction.atomic():
            model.objects.create(**fields)
    except IntegrityError:
        return True
    return False


@pytest.mark.parametrize("name", ["UTC", "Europe/Amsterdam", "Australia/Lord_Howe"])
def test_a_zone_is_one_that_is_known(name: str) -> None:
    is_time_zone(name)


NO_ZONES = ("", "utc+1", "Europe/Atlantis", "../etc/passwd", "localtime", "Factory", "posixrules")


@pytest.mark.parametrize("name", [*NO_ZONES, "posix/Europe/Amsterdam", "right/UTC"])
def test_a_zone_that_is_unknown_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        is_time_zone(name)


def test_aliases_of_a_zone_are_the_same_zone() -> None:
    for one, other in (("Asia/Calcutta", "Asia/Kolkata"), ("Etc/UCT", "UTC"), ("UTC", "UTC")):
        assert is_same_zone(one, other) and is_same_zone(other, one)
    assert not is_same_zone("Europe/Amsterdam", "Asia/Kolkata")


def test_times_in_a_zone_that_is_unknown_here_are_told_in_utc() -> None:
    assert named("Nowhere/At_All").key == "UTC"


@pytest.mark.parametrize("text", ["1/m", "10/h", "999999/d", "5/s"])
def test_a_rate_is_a_count_and_a_period(text: str) -> None:
    is_rate(text)


@pytest.mark.parametrize("text", ["0/m", "1/w", "m", "1m", "1/m ", "1000000/m", "1/m\n"])
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        is_rate(text)


@pytest.mark.parametrize(
    ("fields", "is_wrong"),
    [
        ({"weekday": 0, "opens": time(9), "closes": time(17)}, False),
        ({"date": DAY, "opens": time(9), "closes": time(17)}, False),
        ({"date": DAY}, False),
        ({"weekday": 0, "date": DAY, "opens": time(9), "closes": time(17)}, True),
        ({"opens": time(9), "closes": time(17)}, True),
        ({"weekday": 0}, True),
        ({"date": DAY, "opens": time(9)}, True),
        ({"date": DAY, "closes": time(9)}, True),
    ],
)
def test_an_opening_is_weekly_or_dated_and_has_both_times_or_is_closed(
    venue: Venue, fields: dict[str, Any], is_wrong: bool
) -> None:
    assert is_refused(Opening, venue=venue, **fields) is is_wrong


@pytest.mark.parametrize(
    ("fields", "is_wrong"),
    [
        ({"first_date": DAY, "last_date": DAY}, False),
        ({"first_date": DAY, "last_date": date(2027, 2, 28)}, True),
        ({"amount_minor": 10**12}, False),
        ({"amount_minor": 10**12 + 1}, True),
    ],
)
def test_a_rate_has_a_period_and_an_amount_within_reason(
    venue: Venue, fields: dict[str, Any], is_wrong: bool
) -> None:
    values = {"amount_minor": 1, "unit": "hour", "category": venue.categories.get()} | fields
    assert is_refused(Rate, venue=venue, **values) is is_wrong


def test_names_and_codes_are_given_once_a_venue(venue: Venue) -> None:
    category, other = venue.categories.get(), make_venue()
    assert is_refused(Resource, venue=venue, category=category, name="1")
    assert not is_refused(Resource, venue=other, category=other.categories.get(), name="x")
    assert is_refused(type(category), venue=venue, code="standard", name="Again")
    Combination.objects.create(venue=venue, category=category, name="pair", capacity=2)
    assert is_refused(Combination, venue=venue, category=category, name="pair", capacity=2)


def test_a_unit_seats_someone(venue: Venue) -> None:
    assert is_refused(
        Resource, venue=venue, category=venue.categories.get(), name="none", capacity=0
    )


def test_a_unit_is_in_its_own_zone_or_in_the_venues(venue: Venue) -> None:
    unit = venue.resources.get()
    assert unit.zone == ZoneInfo("UTC")
    unit.time_zone = "Asia/Kathmandu"
    assert unit.zone == ZoneInfo("Asia/Kathmandu")


def test_units_of_one_capacity_and_attributes_are_alike(venue: Venue) -> None:
    add_category(venue, "other", units=2)
    first, second = venue.resources.filter(category__code="other")
    assert first.pool_key == second.pool_key
    second.attributes = {"view": "sea", "bed": 2}
    first.attributes = {"bed": 2, "view": "sea"}
    assert first.pool_key == second.pool_key
    second.attributes = {"view": "yard"}
    assert first.pool_key != second.pool_key


def test_everything_has_a_name_for_people(venue: Venue) -> None:
    category = venue.categories.get()
    named = [
        venue,
        venue.policy,
        category,
        venue.resources.get(),
        Combination(name="pair"),
        Opening(weekday=0, opens=time(9), closes=time(17)),
        Opening(date=DAY),
        venue.rates.get(),
    ]
    assert [str(one) for one in named] == [
        "Test venue",
        "policy of Test venue",
        "Standard",
        "1",
        "pair",
        "Monday 09:00-17:00",
        "2027-03-01 closed",
        "Standard per Hour",
    ]
