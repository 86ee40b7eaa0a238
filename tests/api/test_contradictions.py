"""Two things in one request that cannot both be meant: 422, and neither of them ignored."""

from typing import Any

import pytest

from tests.api.calling import Api, anonymous, faults, problem, sitting, stay
from tests.factories import add_category, make_venue
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_a_unit_and_a_category_it_is_not_of(guest: Api, hotel: Venue) -> None:
    add_category(hotel, "suite")
    unit = hotel.resources.get(name="1").pk
    assert set(
        faults(guest.post("/reservations", stay(hotel, resource=unit, category="suite")))
    ) == {"resource"}
    assert guest.post("/reservations", stay(hotel, resource=unit, category="standard")).json()[
        "resource"
    ]["id"] == str(unit)


def test_a_unit_and_a_category_it_is_not_of_in_a_change(guest: Api, hotel: Venue) -> None:
    add_category(hotel, "suite")
    made = guest.post("/reservations", stay(hotel)).json()
    unit = hotel.resources.get(name="3").pk
    wrong = guest.patch(f"/reservations/{made['id']}", {"resource": unit, "category": "standard"})
    assert set(faults(wrong)) == {"resource"}
    assert guest.get(f"/reservations/{made['id']}").json() == made
    right = guest.patch(f"/reservations/{made['id']}", {"resource": unit, "category": "suite"})
    assert right.json()["category"] == "suite"


@pytest.mark.parametrize(
    ("beside", "field"),
    [
        ({"starts_at": "2027-03-01T12:00:00Z"}, None),
        ({"starts_at": "2027-03-02T12:00:00Z"}, "starts_at"),
        ({"starts_at": "2027-03-01T23:30:00Z"}, "starts_at"),
        ({"ends_at": "2027-03-03T10:00:00Z"}, None),
        ({"ends_at": "2027-03-02T10:00:00Z"}, "ends_at"),
    ],
)
def test_dates_of_nights_and_times_of_another_day(
    guest: Api, hotel: Venue, beside: dict[str, str], field: str | None
) -> None:
    answer = guest.post("/reservations", stay(hotel, **beside))
    if field is None:
        assert answer.status_code == 201
    else:
        assert set(faults(answer)) == {field}


@pytest.mark.parametrize(
    ("beside", "field"),
    [
        ({"check_in": "2027-03-01", "check_out": "2027-03-01"}, None),
        ({"check_in": "2027-03-02"}, "check_in"),
        ({"check_out": "2027-03-02"}, "check_out"),
    ],
)
def test_dates_beside_times_where_times_are_sold(
    guest: Api, beside: dict[str, str], field: str | None
) -> None:
    restaurant = make_venue("restaurant")
    answer = guest.post("/reservations", sitting(restaurant, **beside))
    if field is not None:
        assert set(faults(answer)) == {field}
        return
    path = f"/reservations/{answer.json()['id']}"
    assert set(faults(guest.patch(path, {"check_in": "2027-03-05"}))) == {"check_in"}
    new_start = {"starts_at": "2027-03-05T12:00:00Z", "check_out": "2027-03-06"}
    assert set(faults(guest.patch(path, new_start))) == {"check_out"}


@pytest.mark.parametrize("call", ["availability", "explain"])
def test_nights_are_asked_about_by_their_dates(hotel: Venue, call: str) -> None:
    nights: dict[str, Any] = {"check_in": "2027-03-01", "check_out": "2027-03-03"}
    answer = anonymous().get(f"/venues/{hotel.slug}/{call}", nights)
    assert answer.json()["starts_at"] == "2027-03-01T14:00:00Z"
    nights["starts_at"] = "2027-03-05T14:00:00Z"
    assert set(faults(anonymous().get(f"/venues/{hotel.slug}/{call}", nights))) == {"starts_at"}


def test_a_quote_for_more_than_any_unit_seats_is_refused_as_the_booking_would_be(
    hotel: Venue,
) -> None:
    add_category(hotel, "suite", capacity=6)
    nobody, nights = anonymous(), {"check_in": "2027-03-01", "check_out": "2027-03-03"}
    path = f"/venues/{hotel.slug}/quote"
    problem(nobody.post(path, nights | {"guest_count": 7}), 409, "party_too_large")
    five = nights | {"guest_count": 5}
    problem(nobody.post(path, five | {"category": "standard"}), 409, "party_too_large")
    assert nobody.post(path, five).json()["category"] == "suite"


def test_a_quote_may_name_a_unit_which_has_rates_of_its_own(guest: Api, hotel: Venue) -> None:
    one, two = hotel.resources.order_by("pk")[:2]
    Rate.objects.create(
        venue=hotel, category=one.category, resource=one, unit="night", amount_minor=50_000
    )
    add_category(hotel, "suite")
    path, nights = f"/venues/{hotel.slug}/quote", stay_nights(hotel)
    usual = guest.post(path, nights | {"category": "standard"}).json()
    assert guest.post(path, nights | {"resource": str(two.pk)}).json()["price"] == usual["price"]
    own = guest.post(path, nights | {"resource": str(one.pk)}).json()
    assert own["price"]["amount"] == "1000.00" != usual["price"]["amount"]
    made = guest.post("/reservations", stay(hotel, resource=str(one.pk), quote=own["quote"]))
    assert (made.status_code, made.json()["price"]["amount"]) == (201, "1000.00")
    wrong = nights | {"resource": str(two.pk), "category": "suite"}
    assert set(faults(guest.post(path, wrong))) == {"resource"}
    problem(guest.post(path, nights | {"resource": "99999999"}), 404, "not_found")
    problem(
        guest.post(path, nights | {"resource": str(one.pk), "guest_count": 9}),
        409,
        "party_too_large",
    )


def stay_nights(hotel: Venue) -> dict[str, Any]:
    """The dates of `stay`, as a quote takes them."""
    given = stay(hotel)
    return {name: given[name] for name in ("check_in", "check_out", "guest_count")}


def test_more_than_a_hundred_days_are_explained_and_not_a_fault_of_the_question() -> None:
    lot = make_venue("parking", longest_stay=None)
    asked = {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-06-10T12:00:00Z"}
    answer = anonymous().get(f"/venues/{lot.slug}/explain", asked)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["bookable"], said["code"], said["against"]) == (False, "too_long", [])
    assert (said["starts_at"], said["ends_at"]) == (asked["starts_at"], asked["ends_at"])
