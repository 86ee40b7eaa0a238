"""What a refusal of time offers instead, over HTTP: sent back in its place, each is taken."""

from typing import Any

import pytest

from reservations import actions
from tests.api.calling import Api, person, problem, sitting, stay
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import HOUR
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def as_sent(other: dict[str, Any]) -> dict[str, Any]:
    """An alternative as a part of a request: a unit by its id."""
    unit = other["resource"]
    sent = {name: value for name, value in other.items() if name not in ("price", "resource")}
    return sent | ({"resource": unit["id"]} if unit else {})


def test_of_a_booking_of_nights(hotel: Venue) -> None:
    for _ in range(2):
        hold(hotel, NOON + HOUR, 48)
    add_category(hotel, "suite")
    wish = stay(hotel, category="standard")
    said = problem(person(UserFactory.create()).post("/reservations", wish), 409, "held_by_other")
    assert len(said["alternatives"]) == 3
    for other in said["alternatives"]:
        made = person(UserFactory.create()).post("/reservations", wish | as_sent(other))
        assert (made.status_code, made.json()["price"]) == (201, other["price"]), made.json()


def test_of_a_change_which_was_not_made(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    path, later = (
        f"/reservations/{made['id']}",
        {"check_in": "2027-03-05", "check_out": "2027-03-07"},
    )
    for _ in range(2):
        hold(hotel, NOON + 4 * 24 * HOUR, 48)
    said = problem(guest.patch(path, later), 409, "held_by_other")
    assert guest.get(path).json() == made
    assert len(said["alternatives"]) == 3
    # Half of its own time is free to it.
    assert [other["check_in"] for other in said["alternatives"]] == [
        "2027-03-03", "2027-03-07", "2027-03-02",
    ]  # fmt: skip
    for other in said["alternatives"]:
        changed = guest.patch(path, later | as_sent(other))
        assert (changed.status_code, changed.json()["price"]) == (200, other["price"])


def test_of_a_party_that_is_too_large_for_what_it_asked(guest: Api, hotel: Venue) -> None:
    suite = add_category(hotel, "suite", capacity=6)
    Rate.objects.create(venue=hotel, category=suite, unit=Rate.Unit.NIGHT, amount_minor=5_000)
    wish = stay(hotel, category="standard", guest_count=5)
    said = problem(guest.post("/reservations", wish), 409, "party_too_large")
    assert said["alternatives"][0] == {
        "starts_at": "2027-03-01T14:00:00Z",
        "ends_at": "2027-03-03T10:00:00Z",
        "check_in": "2027-03-01",
        "check_out": "2027-03-03",
        "category": "suite",
        "resource": None,
        "price": {"amount": "100.00", "currency": "EUR"},
    }
    assert guest.post("/reservations", wish | as_sent(said["alternatives"][0])).status_code == 201
    made = guest.post("/reservations", stay(hotel)).json()
    grown = problem(
        guest.patch(f"/reservations/{made['id']}", {"guest_count": 5}), 409, "party_too_large"
    )
    change = {"guest_count": 5} | as_sent(grown["alternatives"][0])
    assert guest.patch(f"/reservations/{made['id']}", change).json()["category"] == "suite"


def test_of_a_group_for_the_whole_of_it(guest: Api, hotel: Venue) -> None:
    hold(hotel, NOON + HOUR, 48)
    items: list[dict[str, Any]] = [{"guest_count": 2}, {"guest_count": 3, "category": "standard"}]
    wish = stay(hotel, items=items)
    said = problem(guest.post("/reservations/groups", wish), 409, "held_by_other")
    assert len(said["alternatives"]) == 3
    for other in said["alternatives"]:
        places = [item | as_sent(place) for item, place in zip(items, other["items"], strict=True)]
        times = {name: other[name] for name in ("starts_at", "ends_at", "check_in", "check_out")}
        made = guest.post("/reservations/groups", wish | times | {"items": places})
        assert made.status_code == 201, made.json()
        assert [row["price"] for row in made.json()["items"]] == [
            place["price"] for place in other["items"]
        ]
        for row in made.json()["items"]:
            actions.cancel(reservation_id=int(row["id"]), by=DESK)
    too_many = stay(hotel, items=[{"guest_count": 2}] * 3)
    said = problem(guest.post("/reservations/groups", too_many), 409, "party_too_large")
    assert said["alternatives"] == []


def test_what_is_no_matter_of_time_has_none(guest: Api, hotel: Venue) -> None:
    hotel.policy.unit_choice = "venue"
    hotel.policy.save()
    unit = hotel.resources.all()[0].pk
    said = problem(guest.post("/reservations", stay(hotel, resource=unit)), 409, "no_choice")
    assert "alternatives" not in said
    soon = stay(hotel, check_in="2027-02-01", check_out="2027-02-03")
    assert "alternatives" not in problem(guest.post("/reservations", soon), 400, "too_soon")


def test_tables_together_are_offered_to_a_party_that_asked_for_one(guest: Api) -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    terrace = add_category(venue, "terrace", units=2, capacity=4)
    joined = venue.combinations.create(category=terrace, name="both", capacity=8)
    joined.resources.set(terrace.resources.all())
    wish = sitting(venue, category="standard", guest_count=8)
    said = problem(guest.post("/reservations", wish), 409, "party_too_large")
    assert said["alternatives"][0]["category"] == "terrace"
    made = guest.post("/reservations", wish | as_sent(said["alternatives"][0]))
    assert len(made.json()["resources"]) == 2
