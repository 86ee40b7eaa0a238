"""What a caller is told who holds too much: over every call that makes a hold."""

import pytest
from django.test import Client
from pytest_django import Settings

from guests.models import User
from reservations.models import Reservation
from tests.api.calling import Api, partner, person, problem, sitting
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def restaurant(settings: Settings) -> Venue:
    """More tables than anybody here may hold."""
    settings.HOLDS_PER_GUEST = settings.HOLDS_PER_KEY = 1
    return make_venue("restaurant", units=9)


def from_address(caller: Api, address: str) -> Api:
    caller.client = Client(raise_request_exception=False, REMOTE_ADDR=address)
    return caller


def test_one_hold_too_many_is_a_problem_that_says_when_to_come_back(
    guest: Api, restaurant: Venue
) -> None:
    row = guest.post("/reservations", sitting(restaurant)).json()
    said = problem(guest.post("/reservations", sitting(restaurant)), 409, "too_many_holds")
    told = {"per": "guest", "open": 1, "limit": 1, "may_free_at": row["hold_expires_at"]}
    assert told.items() <= said.items()
    assert "alternatives" not in said
    guest.post(f"/reservations/{row['id']}/cancel")
    assert guest.post("/reservations", sitting(restaurant)).status_code == 201


def test_a_repeat_is_answered_as_before_and_a_new_request_is_refused(
    guest: Api, restaurant: Venue
) -> None:
    first = guest.post("/reservations", sitting(restaurant), Idempotency_Key="a")
    again = guest.post("/reservations", sitting(restaurant), Idempotency_Key="a")
    assert (again.status_code, again.content) == (201, first.content)
    other = guest.post("/reservations", sitting(restaurant), Idempotency_Key="b")
    problem(other, 409, "too_many_holds")


def test_the_keys_of_a_partner_count_together(restaurant: Venue) -> None:
    of = PartnerFactory.create(venues=[restaurant])
    assert partner(of).post("/reservations", sitting(restaurant)).status_code == 201
    said = problem(partner(of).post("/reservations", sitting(restaurant)), 409, "too_many_holds")
    assert said["per"] == "key"


def test_a_group_is_refused_as_a_whole(guest: Api, restaurant: Venue) -> None:
    body = sitting(restaurant, items=[{"guest_count": 2}, {"guest_count": 2}])
    problem(guest.post("/reservations/groups", body), 409, "too_many_holds")
    assert not Reservation.objects.exists()


def test_an_address_counts_whoever_books_from_it(restaurant: Venue, settings: Settings) -> None:
    settings.HOLDS_PER_ADDRESS = 2
    crowd = [from_address(person(UserFactory.create()), "192.0.2.7") for _ in range(3)]
    for caller in crowd[:2]:
        assert caller.post("/reservations", sitting(restaurant)).status_code == 201
    # What a client writes of its own address is believed of nobody.
    refused = crowd[2].post("/reservations", sitting(restaurant), X_Forwarded_For="203.0.113.9")
    assert problem(refused, 409, "too_many_holds")["per"] == "address"
    elsewhere = from_address(crowd[2], "192.0.2.8")
    assert elsewhere.post("/reservations", sitting(restaurant)).status_code == 201


def test_an_address_is_kept_as_a_digest_and_only_while_the_hold_is_open(
    user: User, restaurant: Venue
) -> None:
    caller = from_address(person(user), "192.0.2.7")
    row = caller.post("/reservations", sitting(restaurant)).json()
    kept = Reservation.objects.get().held_from
    assert kept is not None and len(kept) == 32
    assert "192.0.2.7" not in str(Reservation.objects.values().get())
    caller.post(f"/reservations/{row['id']}/confirm")
    assert Reservation.objects.get().held_from is None


def test_staff_are_guests_where_they_do_not_work(restaurant: Venue) -> None:
    for where, at in (("manager", "staff_venues"), ("clerk", "clerk_at")):
        elsewhere = person(StaffFactory.create(**{at: [make_venue("restaurant")]}))
        assert elsewhere.post("/reservations", sitting(restaurant)).status_code == 201
        said = problem(elsewhere.post("/reservations", sitting(restaurant)), 409, "too_many_holds")
        assert said["per"] == "guest", where
        here = person(StaffFactory.create(**{at: [restaurant]}))
        for _ in range(3):
            assert here.post("/reservations", sitting(restaurant)).status_code == 201


def test_staff_change_their_own_reservation_elsewhere_at_the_pace_of_a_guest(
    restaurant: Venue,
) -> None:
    elsewhere = person(StaffFactory.create(staff_venues=[make_venue("restaurant")]))
    row = elsewhere.post("/reservations", sitting(restaurant)).json()
    confirmed = elsewhere.post(f"/reservations/{row['id']}/confirm")
    assert (confirmed.status_code, confirmed["RateLimit"]) == (200, '"state";r=0;t=60')
    problem(elsewhere.post(f"/reservations/{row['id']}/cancel"), 429, "rate_limited")
    here = person(StaffFactory.create(staff_venues=[restaurant]))
    assert here.post(f"/reservations/{row['id']}/cancel").status_code == 200
