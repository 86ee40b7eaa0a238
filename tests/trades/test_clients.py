"""A practice knows the clients that it entered or served, and nothing of what others entered."""

from datetime import time
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from guests.models import Client, PracticeClient, User
from reservations.models import Reservation
from tests.api.calling import Api, faults, person, problem
from tests.factories import add_hours, hold, make_venue
from tests.guests.factories import AdministratorFactory, StaffFactory, UserFactory
from tests.trades.asking import block, made, open_for, person_named, starts
from venues.models import Provider, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

DAY = "2027-02-04"


@pytest.fixture
def other() -> Venue:
    return make_venue("practice")


@pytest.fixture
def other_desk(other: Venue) -> Api:
    """A clerk of the other practice."""
    return person(StaffFactory.create(clerk_at=[other]))


def opened(desk: Api, provider: int) -> dict[str, Any]:
    """A wish for the first slot of a provider that is open from now on."""
    made(open_for(desk, provider, block(DAY, "08:00", "11:00")))
    return {"provider_id": provider, "starts_at": starts(desk, provider)[0]}


@pytest.fixture
def wish(desk: Api, provider: Resource) -> dict[str, Any]:
    return opened(desk, provider.pk)


@pytest.fixture
def other_wish(other: Venue, other_desk: Api) -> dict[str, Any]:
    return opened(other_desk, other.resources.get().pk)


@pytest.mark.parametrize("again", [{"email": "ADA1@Example.COM"}, {"phone": "020-1234501"}])
@pytest.mark.parametrize("path", ["/clients", "/providers"])
def test_whom_the_practice_knows_is_named_by_id(desk: Api, path: str, again: Any) -> None:
    first = made(desk.post(path, person_named(1)))
    code = {"/clients": "already_registered", "/providers": "already_entered"}[path]
    assert problem(desk.post(path, person_named(2, **again)), 409, code)["id"] == first["id"]


def test_whom_another_practice_knows_is_entered_as_if_new(desk: Api, other_desk: Api) -> None:
    first = made(desk.post("/clients", person_named(1, first_name="Canary", phone="020 123 4509")))
    mine = person_named(1, email="ADA1@example.com", first_name="Ada")
    linked = made(other_desk.post("/clients", mine))
    assert linked == {"id": first["id"], **person_named(1)}
    for desk_of, name in ((desk, "Canary"), (other_desk, "Ada")):
        (seen,) = desk_of.get("/clients").json()["items"]
        assert (seen["id"], seen["first_name"]) == (first["id"], name)
    assert User.objects.get(pk=first["id"]).first_name == "Canary"


def test_a_number_alone_links_nobody_to_somebody_elses_account(desk: Api, other_desk: Api) -> None:
    first = made(desk.post("/clients", person_named(1)))
    phone = first["phone"]
    second = made(other_desk.post("/clients", person_named(2, phone=phone)))
    assert second["id"] != first["id"]


def test_somebody_who_signed_up_is_linked_and_their_profile_is_not_shown(
    desk: Api, driver: User, wish: dict[str, Any]
) -> None:
    User.objects.filter(pk=driver.pk).update(first_name="Canary", receive_text_notification=True)
    client = made(desk.post("/clients", person_named(1, email=driver.email.upper())))
    assert client == {"id": driver.pk, **person_named(1, email=driver.email)}
    made(desk.post("/appointments", wish | {"client_id": client["id"]}))
    row = Reservation.objects.get()
    assert (row.first_name, row.phone, row.receive_text_notification) == (
        "Ada",
        "+31201234501",
        False,
    )


def test_another_practices_client_cannot_be_booked_for(
    desk: Api, other_desk: Api, other_wish: dict[str, Any]
) -> None:
    theirs = made(desk.post("/clients", person_named(1)))["id"]
    answer = other_desk.post("/appointments", other_wish | {"client_id": theirs})
    problem(answer, 404, "not_found")
    made(other_desk.post("/clients", person_named(1, first_name="Ida")))
    made(other_desk.post("/appointments", other_wish | {"client_id": theirs}))
    assert Reservation.objects.get().first_name == "Ida"


def test_an_administrator_books_for_a_client_at_their_own_practice_alone(
    desk: Api, wish: dict[str, Any], other_wish: dict[str, Any]
) -> None:
    boss = person(AdministratorFactory.create())
    client = {"client_id": made(desk.post("/clients", person_named(1)))["id"]}
    problem(boss.post("/appointments", other_wish | client), 404, "not_found")
    made(boss.post("/appointments", wish | client))


def test_whom_a_practice_served_is_its_client(
    desk: Api, other_desk: Api, guest: Api, driver: User, wish: dict[str, Any]
) -> None:
    booked = made(guest.post("/appointments", wish))
    row = Reservation.objects.get()
    body = person_named(1, phone=row.phone)
    said = problem(desk.post("/clients", body), 409, "already_registered")
    assert said["id"] == driver.pk
    guest.post(f"/reservations/{booked['id']}/cancel")
    made(desk.post("/appointments", wish | {"client_id": driver.pk}))
    assert made(other_desk.post("/clients", body))["id"] != driver.pk


def test_a_provider_may_work_in_two_practices(desk: Api, other_desk: Api, other: Venue) -> None:
    first = made(desk.post("/providers", person_named(1)))
    second = made(other_desk.post("/providers", person_named(1, first_name="Ida")))
    assert second["id"] != first["id"] and second["venue"] == other.slug
    (seen,) = desk.get("/providers").json()["items"]
    assert seen == first
    assert set(Provider.objects.values_list("venue__slug", flat=True)) == {"practice", other.slug}


@pytest.mark.parametrize("path", ["/clients", "/providers"])
def test_the_practice_is_the_callers_only_one_or_is_named(
    practice: Venue, other: Venue, path: str
) -> None:
    one = person(StaffFactory.create(clerk_at=[other]))
    made(one.post(path, person_named(1)))
    both = person(StaffFactory.create(clerk_at=[practice, other]))
    assert list(faults(both.post(path, person_named(2)))) == ["venue"]
    made(both.post(path, person_named(2, venue=practice.slug)))
    problem(one.post(path, person_named(3, venue=practice.slug)), 403, "forbidden")
    problem(one.post(path, person_named(3, venue="nowhere")), 404, "not_found")
    listed = [len(who.get(path).json()["items"]) for who in (one, both)]
    assert listed == [1, 2]


def test_lists_are_for_staff_and_administrators(desk: Api, other_desk: Api, guest: Api) -> None:
    for number, path in enumerate(("/clients", "/providers"), 1):
        made(desk.post(path, person_named(number)))
        made(other_desk.post(path, person_named(number)))
        boss = person(AdministratorFactory.create())
        assert len(boss.get(path).json()["items"]) == 2
        hotel = person(StaffFactory.create(staff_venues=[make_venue("hotel")]))
        assert hotel.get(path).json()["items"] == []
        problem(guest.get(path), 403, "forbidden")


def test_clients_of_0_1_0_belong_to_who_entered_or_served_them(practice: Venue) -> None:
    link = import_module("guests.migrations.0008_practice_clients_of_before").link
    entered = UserFactory.create(first_name="Ada", phone="+31201234501")
    Client.objects.create(user=entered, phone=entered.phone)
    link(apps, None)
    assert PracticeClient.objects.get().venue == practice
    PracticeClient.objects.all().delete()
    other = make_venue("practice")
    link(apps, None)
    assert not PracticeClient.objects.exists()
    add_hours(other, time(0), time(0), resource=other.resources.get())
    row = hold(other, resource=other.resources.get().pk, hours=0.25)
    Reservation.objects.filter(pk=row.pk).update(guest=entered, first_name="Ida")
    link(apps, None)
    link(apps, None)
    client = PracticeClient.objects.get()
    assert (client.venue, client.first_name, client.email) == (other, "Ida", entered.email)
