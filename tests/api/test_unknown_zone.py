"""A venue whose zone this process does not know breaks no list, and sells nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin.browsing import browser_of
from tests.api.calling import CONTACT, Api, anonymous, faults, person, problem
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def lost(db: None) -> Venue:
    """A lot with a reservation, in a zone that is known elsewhere."""
    venue = make_venue("parking", units=2)
    hold(venue, NOON)
    Venue.objects.filter(pk=venue.pk).update(time_zone="Nowhere/At_All")
    return venue


@pytest.fixture
def sound(lost: Venue) -> Venue:
    return make_venue("restaurant")


def test_lists_tell_of_all_others(lost: Venue, sound: Venue) -> None:
    listed = anonymous().get("/venues")
    assert listed.status_code == 200
    assert sound.slug in {one["slug"] for one in listed.json()["items"]}
    for page in ("/", f"/venues/{lost.slug}/", f"/venues/{sound.slug}/"):
        assert Client().get(page).status_code == 200, page


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/resources",
        "/availability?starts_at=2027-03-01T12:00:00Z&ends_at=2027-03-01T13:00:00Z",
        "/calendar?month=2027-03",
        "/slots?date=2027-03-01",
        "/occupancy?starts_at=2027-03-01T12:00:00Z&ends_at=2027-03-01T13:00:00Z",
        "/plan",
        "/explain?starts_at=2027-03-01T12:00:00Z&ends_at=2027-03-01T13:00:00Z",
        "/stats",
    ],
)
def test_nothing_about_it_fails(lost: Venue, path: str) -> None:
    answer = anonymous().get(f"/venues/{lost.slug}{path}")
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    "name",
    [
        "today",
        "timeline",
        "charts",
        "reservations_reservation_changelist",
        "reservations_allocation_changelist",
        "reservations_event_changelist",
        "venues_venue_changelist",
    ],
)
def test_the_desk_shows_its_pages(lost: Venue, sound: Venue, name: str) -> None:
    boss = browser_of(AdministratorFactory.create())
    for query in ("", f"?venue={lost.pk}"):
        answer = boss.get(reverse(f"admin:{name}") + query, follow=True)
        assert answer.status_code == 200, (name, query)


def test_it_sells_nothing_until_the_zone_is_known(lost: Venue) -> None:
    body = {
        "venue": lost.slug,
        "starts_at": "2027-03-02T12:00:00Z",
        "ends_at": "2027-03-02T13:00:00Z",
        "guest_count": 1,
        **CONTACT,
    }
    guest = person(UserFactory.create())
    refused = problem(guest.post("/reservations", body), 409, "closed")
    assert "Nowhere/At_All" in refused["detail"]
    Venue.objects.filter(pk=lost.pk).update(time_zone="UTC")
    assert guest.post("/reservations", body).status_code == 201


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posixrules", "posix/UTC", "Moon/Base"])
def test_what_is_no_place_is_no_zone(zone: str) -> None:
    boss: Api = person(AdministratorFactory.create())
    body: dict[str, Any] = {"name": "One", "kind": "hotel", "time_zone": zone}
    assert list(faults(boss.post("/venues", body))) == ["time_zone"]
