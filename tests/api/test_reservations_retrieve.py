"""GET /reservations/{id}: one reservation, to whom it is for, as it is now."""

import logging
from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoAssertNumQueries

from guests.models import User
from tests.api.calling import Api, partner, person, problem, sitting, stay
from tests.factories import hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from venues.models import Combination, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

IMPOSSIBLE = ["0", "-1", "x", "true", "1.5", "1e3", "٣", "%00", "%ff", "9" * 40, str(2**63), "None"]


@pytest.mark.parametrize("verb", ["", "/events"])
@pytest.mark.parametrize("given", IMPOSSIBLE)
def test_what_no_id_can_be_is_404(guest: Api, given: str, verb: str) -> None:
    problem(guest.get(f"/reservations/{given}{verb}"), 404, "not_found")


def test_unknown_and_not_yours_answer_alike(guest: Api, stranger: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    theirs = problem(stranger.get(f"/reservations/{made['id']}"), 404, "not_found")
    nobody = problem(stranger.get(f"/reservations/{2**62}"), 404, "not_found")
    assert theirs.pop("instance") != nobody.pop("instance")
    assert theirs == nobody


def test_no_cache_between_keeps_an_answer_for_somebody_else(guest: Api, hotel: Venue) -> None:
    path = f"/reservations/{guest.post('/reservations', stay(hotel)).json()['id']}"
    for address in (path, "/reservations", f"/venues/{hotel.slug}", "/reservations/0", "/x"):
        assert guest.get(address)["Cache-Control"] == "private, no-cache"
    assert guest.get("/me/export")["Cache-Control"] == "no-store"


def test_who_may_see_a_reservation(guest: Api, desk: Api, administrator: Api, hotel: Venue) -> None:
    path = f"/reservations/{guest.post('/reservations', stay(hotel)).json()['id']}"
    for caller in (guest, desk, administrator):
        assert caller.get(path).status_code == 200
    elsewhere = person(StaffFactory.create(staff_venues=[make_venue("hotel")]))
    acme = partner(PartnerFactory.create(venues=[hotel]))
    for caller in (elsewhere, acme):
        problem(caller.get(path), 404, "not_found")


def test_a_partner_sees_what_it_made_and_nothing_else(desk: Api, hotel: Venue) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    other = partner(PartnerFactory.create(slug="other", venues=[hotel]))
    path = f"/reservations/{acme.post('/reservations', stay(hotel)).json()['id']}"
    assert acme.get(path).status_code == 200
    assert desk.get(path).status_code == 200
    problem(other.get(path), 404, "not_found")


def test_the_status_is_that_of_the_moment(
    clock: FrozenDateTimeFactory, guest: Api, hotel: Venue
) -> None:
    path = f"/reservations/{guest.post('/reservations', stay(hotel)).json()['id']}"
    seen = []
    for seconds in (1799, 1800):
        clock.move_to("2027-02-01T09:00:00Z")
        clock.tick(timedelta(seconds=seconds))
        seen.append(guest.get(path).json()["status"])
    assert seen == ["held", "expired"]


def test_a_retrieval_is_logged_with_status_and_caller(
    guest: Api, user: User, hotel: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    with caplog.at_level(logging.INFO, "api.routes.reservations"):
        guest.get(f"/reservations/{made['id']}")
    assert f"Reservation {made['id']} is held, told to user:{user.pk}" in caplog.messages
    assert made["phone"] not in caplog.text


def test_several_tables_of_one_party_are_all_told(administrator: Api) -> None:
    venue = make_venue("restaurant", units=2)
    category = venue.categories.get()
    both = Combination.objects.create(venue=venue, category=category, name="1+2", capacity=8)
    both.resources.set(venue.resources.all())
    made = administrator.post("/reservations", sitting(venue, guest_count=7)).json()
    told = administrator.get(f"/reservations/{made['id']}").json()["resources"]
    assert [unit["name"] for unit in told] == ["1", "2"]


def test_the_number_of_queries_does_not_depend_on_the_units(
    administrator: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row = hold(make_venue("parking"))
    headers = administrator.credentials()
    administrator.credentials = lambda: headers
    # Four of them record who was shown it.
    with django_assert_max_num_queries(8):
        assert administrator.get(f"/reservations/{row.pk}").status_code == 200


def test_guests_who_book_at_several_venues_see_all_of_theirs() -> None:
    user = UserFactory.create()
    guest = person(user)
    for kind in ("restaurant", "parking"):
        made = guest.post("/reservations", sitting(make_venue(kind))).json()
        assert guest.get(f"/reservations/{made['id']}").json()["venue"] == made["venue"]
