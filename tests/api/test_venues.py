"""GET /venues: found, told in words and numbers, with their units."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from guests.models import Favourite, Review, User
from reservations import actions
from tests.api.calling import CONTACT, Api, anonymous, faults, partner, problem
from tests.api.conftest import TODAY
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.guests.factories import PartnerFactory, UserFactory
from venues.models import Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def named(name: str, kind: str = "parking", **fields: Any) -> Venue:
    venue = make_venue(kind)
    Venue.objects.filter(pk=venue.pk).update(name=name, slug=name.lower(), **fields)
    venue.refresh_from_db()
    return venue


def slugs(caller: Api, **params: Any) -> list[str]:
    answer = caller.get("/venues", params)
    assert answer.status_code == 200, answer.content
    return [item["slug"] for item in answer.json()["items"]]


@pytest.fixture
def nobody() -> Api:
    return anonymous()


def test_a_venue_is_told_in_short(nobody: Api) -> None:
    named("Seaside", "hotel", city="Delft", stars=4)
    assert nobody.get("/venues").json() == {
        "items": [
            {
                "slug": "seaside",
                "name": "Seaside",
                "kind": "hotel",
                "city": "Delft",
                "stars": 4,
                "rating": None,
                "reviews": 0,
                "booked_today": 0,
                "open_slots": [
                    {
                        "starts_at": "2027-02-02T15:00:00Z",
                        "ends_at": "2027-02-03T11:00:00Z",
                        "category": "standard",
                        "resource": None,
                        "price": {"amount": "10.00", "currency": "EUR"},
                    }
                ],
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, {"alpha", "beta", "gamma"}),
        ({"q": "alp"}, {"alpha"}),
        ({"q": "ALPHA"}, {"alpha"}),
        ({"q": "delft"}, {"alpha", "beta"}),
        ({"q": "delft beta"}, {"beta"}),
        ({"q": "beta nowhere"}, set()),
        ({"q": "quay"}, {"gamma"}),
        ({"q": "  "}, {"alpha", "beta", "gamma"}),
        ({"q": ""}, {"alpha", "beta", "gamma"}),
        ({"q": "%"}, set()),
        ({"q": "_"}, set()),
        ({"q": "'; drop"}, set()),
        ({"kind": "hotel"}, {"alpha"}),
        ({"kind": "practice"}, set()),
        ({"city": "delft"}, {"alpha", "beta"}),
        ({"city": " Delft "}, {"alpha", "beta"}),
        ({"city": "Del"}, set()),
        ({"kind": "parking", "city": "Delft"}, {"beta"}),
    ],
)
def test_venues_are_searched_by_words_kind_and_city(
    nobody: Api, params: dict[str, str], found: set[str]
) -> None:
    named("Alpha", "hotel", city="Delft")
    named("Beta", city="Delft")
    named("Gamma", "restaurant", city="Leiden", address="Old Quay 1")
    assert set(slugs(nobody, **params)) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "castle"), ("kind", ""), ("limit", "0"), ("limit", "201"), ("cursor", "x"),
        ("q", "x" * 121), ("q", "\x00"), ("city", "x" * 81), ("city", "\x00"),
        ("date", "tomorrow"), ("date", "2027-02-30"), ("date", "1"), ("date", ""),
        ("guests", "0"), ("guests", "-1"), ("guests", "x"), ("guests", "32768"),
    ],
)  # fmt: skip
def test_a_search_that_does_not_fit_is_refused(nobody: Api, name: str, value: str) -> None:
    assert set(faults(nobody.get("/venues", {name: value}))) == {name}


def test_venues_out_of_use_are_not_found(nobody: Api) -> None:
    named("Gone", is_active=False)
    assert slugs(nobody) == []
    problem(nobody.get("/venues/gone"), 404, "not_found")
    problem(nobody.get("/venues/gone/resources"), 404, "not_found")


def test_pages_hold_every_venue_once(nobody: Api) -> None:
    for name in "abcde":
        named(name)
    found, params = [], {"limit": "2"}
    while True:
        page = nobody.get("/venues", params).json()
        found += [item["slug"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert sorted(found) == list("abcde")


def test_the_number_of_queries_does_not_grow_with_the_venues(guest: Api, user: User) -> None:
    headers = guest.credentials()
    guest.credentials = lambda: headers
    counts = []
    for number in range(6):
        venue = named(f"v{number}")
        Favourite.objects.create(user=user, venue=venue)
        Review.objects.create(user=user, venue=venue, stars=3)
        hold(venue)
        slugs(guest)
        with CaptureQueriesContext(connection) as asked:
            assert len(slugs(guest)) == number + 1
        counts.append(len(asked))
    assert len(set(counts)) == 1
    assert counts[0] <= 7


def found_open(caller: Api, slug: str, **params: Any) -> list[str]:
    items = caller.get("/venues", params).json()["items"]
    (slots,) = (item["open_slots"] for item in items if item["slug"] == slug)
    return [slot["starts_at"] for slot in slots]


def test_open_slots_are_those_of_a_date_for_a_party(nobody: Api) -> None:
    venue = named("Bistro", "restaurant")
    add_hours(venue, time(18), time(20, 15))
    assert found_open(nobody, "bistro") == ["2027-02-01T18:00:00Z", "2027-02-01T18:15:00Z"]
    day = {"date": "2027-03-01"}
    assert found_open(nobody, "bistro", **day) == ["2027-03-01T18:00:00Z", "2027-03-01T18:15:00Z"]
    assert found_open(nobody, "bistro", **day, guests=5) == []
    assert found_open(nobody, "bistro", date="2027-01-31") == []


def test_an_open_slot_is_booked_as_it_is_told(nobody: Api, guest: Api) -> None:
    for kind in ("hotel", "restaurant", "parking"):
        named(kind, kind)
    for item in nobody.get("/venues", {"date": "2027-03-01"}).json()["items"]:
        slot = item["open_slots"][0]
        price = slot.pop("price")
        body = {"venue": item["slug"], "guest_count": 2, **slot, **CONTACT}
        answer = guest.post("/reservations", body)
        assert answer.status_code == 201, answer.content
        assert answer.json()["price"] == price


def test_two_venues_take_as_many_queries_as_twenty(nobody: Api) -> None:
    def asked(count: int) -> int:
        for _ in range(count - Venue.objects.count()):
            hold(make_venue(("parking", "restaurant")[Venue.objects.count() % 2]))
        slugs(nobody)  # What venues sell by is read once, and kept.
        with CaptureQueriesContext(connection) as queries:
            assert len(slugs(nobody)) == count
        return len(queries)

    # Venues; whether anything is remembered; what is taken; who has not left; booked today.
    assert asked(2) == asked(20) <= 5


@pytest.mark.parametrize(
    ("stars", "rating"), [([], None), ([5], 5.0), ([5, 4], 4.5), ([5, 5, 4], 4.7), ([1], 1.0)]
)
def test_the_rating_is_the_mean_of_the_reviews(
    nobody: Api, stars: list[int], rating: float | None
) -> None:
    venue = named("Seaside")
    for each in stars:
        Review.objects.create(user=UserFactory.create(), venue=venue, stars=each)
    hold(venue)
    for found in (nobody.get("/venues").json()["items"][0], nobody.get("/venues/seaside").json()):
        assert (found["rating"], found["reviews"]) == (rating, len(stars))


@pytest.mark.parametrize(
    ("zone", "made_at", "asked_at", "booked"),
    [
        ("UTC", "2027-02-01T00:00:00", "2027-02-01T23:59:59", 1),
        ("UTC", "2027-01-31T23:59:59", "2027-02-01T00:00:00", 0),
        # Auckland is 13 hours ahead: its first of February begins at 11:00 UTC the day before.
        ("Pacific/Auckland", "2027-01-31T11:00:00", "2027-02-01T10:59:59", 1),
        ("Pacific/Auckland", "2027-01-31T10:59:59", "2027-01-31T11:00:00", 0),
        ("Pacific/Auckland", "2027-01-31T11:00:00", "2027-02-01T11:00:00", 0),
        # Los Angeles is 8 hours behind.
        ("America/Los_Angeles", "2027-02-01T08:00:00", "2027-02-02T07:59:59", 1),
        ("America/Los_Angeles", "2027-02-01T07:59:59", "2027-02-01T08:00:00", 0),
        # The day on which the clocks go back has 25 hours.
        ("Europe/Amsterdam", "2026-10-24T22:00:00", "2026-10-25T22:59:59", 1),
    ],
)
def test_booked_today_counts_the_venue_s_own_today(
    clock: FrozenDateTimeFactory, nobody: Api, zone: str, made_at: str, asked_at: str, booked: int
) -> None:
    venue = named("Seaside", time_zone=zone)
    clock.move_to(datetime.fromisoformat(f"{made_at}+00:00"))
    hold(venue, NOON - timedelta(days=20))
    clock.move_to(datetime.fromisoformat(f"{asked_at}+00:00"))
    assert nobody.get("/venues/seaside").json()["booked_today"] == booked


def test_what_was_cancelled_does_not_count_as_booked(nobody: Api) -> None:
    venue = named("Seaside")
    row = hold(venue)
    hold(venue, NOON + timedelta(days=1))
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert nobody.get("/venues/seaside").json()["booked_today"] == 1


def test_favourites_are_told_to_who_is_signed_in(nobody: Api, guest: Api, user: User) -> None:
    Favourite.objects.create(user=user, venue=named("Mine"))
    other = named("Other")
    Favourite.objects.create(user=UserFactory.create(), venue=other)
    told = {item["slug"]: item["favourite"] for item in guest.get("/venues").json()["items"]}
    assert told == {"mine": True, "other": False}
    assert guest.get("/venues/mine").json()["favourite"] is True
    acme = partner(PartnerFactory.create(slug="acme", venues=[other]))
    for caller in (nobody, acme):
        assert "favourite" not in caller.get("/venues/mine").json()
        assert "favourite" not in caller.get("/venues").json()["items"][0]


def test_bad_credentials_are_refused_also_for_what_is_public() -> None:
    bad = [{"Authorization": "Bearer x"}, {"X-API-Key": "x"}, {"Authorization": "Basic eDp5"}]
    for headers in bad:
        caller = Api(lambda headers=headers: headers)  # type: ignore[misc]
        for path in ("/venues", "/venues/x", "/venues/x/resources"):
            assert caller.get(path).status_code == 401


def test_one_venue_is_told_with_its_policy_in_words_and_numbers(nobody: Api, hotel: Venue) -> None:
    add_category(hotel, "suite", units=1, capacity=6, description="With a view")
    told = nobody.get(f"/venues/{hotel.slug}").json()
    assert told["mode"] == "night"
    assert told["time_zone"] == "Europe/Amsterdam"
    assert (told["phone_region"], told["currency"]) == ("NL", "EUR")
    assert told["categories"] == [
        {
            "code": "standard",
            "name": "Standard",
            "description": "",
            "largest_party": 4,
            "units": 2,
        },
        {
            "code": "suite",
            "name": "Suite",
            "description": "With a view",
            "largest_party": 6,
            "units": 1,
        },
    ]
    policy = told["policy"]
    assert (policy["notice"], policy["hold_time"]) == (86_400, 1_800)
    assert (policy["horizon"], policy["longest_stay"]) == (500 * 86_400, 60 * 86_400)
    assert (policy["check_in_time"], policy["check_out_time"]) == ("15:00", "11:00")
    assert policy["step"] is None
    assert told["policy_words"] == [
        "Check in from 15:00, check out by 11:00.",
        "Book at least 1 day ahead.",
        "Book at most 500 days ahead.",
        "Stay at most 60 days.",
        "We hold your reservation for 30 minutes; confirm it in that time.",
        "Cancelling is free until 2 days before; after that 100% of the price.",
    ]


def test_the_rate_of_state_changes_is_told_also_where_the_deployment_sets_it(
    nobody: Api, hotel: Venue
) -> None:
    rates = [
        nobody.get(f"/venues/{venue.slug}").json()["policy"]["state_change_rate"]
        for venue in (hotel, make_venue("parking"))
    ]
    assert rates == ["1/m", "10/m"]


@pytest.mark.parametrize("slug", ["nowhere", "%00", "%ff", "a%20b", "..", "1", "x" * 300, "é"])
def test_an_unknown_venue_is_404(nobody: Api, slug: str) -> None:
    problem(nobody.get(f"/venues/{slug}"), 404, "not_found")
    problem(nobody.get(f"/venues/{slug}/resources"), 404, "not_found")


@pytest.fixture
def house(hotel: Venue) -> Venue:
    add_category(hotel, "suite", units=2)
    hotel.resources.filter(category__code="suite").update(floor=2, plan_x=1.5, plan_y=2)
    return hotel


def units(caller: Api, venue: Venue, **params: Any) -> list[str]:
    answer = caller.get(f"/venues/{venue.slug}/resources", params)
    assert answer.status_code == 200, answer.content
    return sorted(item["name"] for item in answer.json()["items"])


def test_a_unit_is_told_whole(nobody: Api, house: Venue) -> None:
    unit = Resource.objects.get(name="3")
    unit.attributes = {"balcony": True}
    unit.save()
    found = nobody.get(f"/venues/{house.slug}/resources", {"category": "suite"}).json()["items"]
    assert {
        "id": str(unit.pk),
        "name": "3",
        "category": "suite",
        "floor": 2,
        "capacity": 4,
        "attributes": {"balcony": True},
        "place": {"x": 1.5, "y": 2.0},
    } in found


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"category": "suite"}, ["3", "4"]),
        ({"category": "none"}, []),
        ({"floor": "1"}, ["1", "2"]),
        ({"floor": "-3"}, []),
        ({"floor": "2", "category": "suite"}, ["3", "4"]),
        ({"floor": "1", "category": "suite"}, []),
    ],
)
def test_units_by_category_and_floor(
    nobody: Api, house: Venue, params: dict[str, str], found: list[str]
) -> None:
    assert units(nobody, house, **params) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("floor", "x"), ("floor", "1.5"), ("floor", "99999"), ("floor", ""), ("category", "x" * 41),
     ("category", "\x00"), ("limit", "0"), ("cursor", "x")],
)  # fmt: skip
def test_a_filter_of_units_that_does_not_fit_is_refused(
    nobody: Api, house: Venue, name: str, value: str
) -> None:
    answer = nobody.get(f"/venues/{house.slug}/resources", {name: value})
    assert set(faults(answer)) == {name}


def test_retired_units_are_not_told_nor_counted(nobody: Api, house: Venue) -> None:
    house.resources.filter(name="4").update(retired_at=TODAY)
    assert units(nobody, house) == ["1", "2", "3"]
    told = nobody.get(f"/venues/{house.slug}").json()["categories"]
    assert [category["units"] for category in told] == [2, 1]


def test_the_number_of_queries_does_not_grow_with_the_units(nobody: Api, hotel: Venue) -> None:
    counts = []
    for code in "abc":
        add_category(hotel, code, units=5)
        with CaptureQueriesContext(connection) as asked:
            units(nobody, hotel)
            nobody.get(f"/venues/{hotel.slug}")
        counts.append(len(asked))
    assert len(set(counts)) == 1
    assert counts[0] <= 6
