"""A call says in which language its guest is written to."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.test import Client

from guests.models import PracticeClient
from reservations.models import Reservation
from reservations.requests import Times
from tests.api.calling import Api, faults, partner, person, stay
from tests.factories import NOON, add_hours, hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from tests.web.browsing import ADA as BROWSED
from tests.web.browsing import book, form_of
from venues.models import Venue

pytestmark = pytest.mark.django_db


def test_a_call_gives_it_by_field_or_by_header(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel, language="nl-BE")).json()
    assert made["language"] == "nl"
    shown = guest.get(f"/reservations/{made['id']}").json()
    assert shown["language"] == "nl"
    assert guest.get("/reservations").json()["items"][0]["language"] == "nl"
    assert Reservation.objects.get(pk=made["id"]).language == "nl"
    made = guest.post("/reservations", stay(hotel), accept_language="xx, nl;q=0.5").json()
    assert made["language"] == "nl"


def test_a_header_that_asks_for_nothing_means_the_venue(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel), accept_language="*").json()
    assert made["language"] == "en"


def test_the_header_of_staff_says_nothing_of_the_guest(desk: Api, hotel: Venue) -> None:
    made = desk.post("/reservations", stay(hotel), accept_language="nl").json()
    assert made["language"] == "en"


def test_a_language_that_no_letter_is_written_in_is_refused(guest: Api, hotel: Venue) -> None:
    answer = guest.post("/reservations", stay(hotel, language="tlh"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/language"


def test_the_account_has_one_where_none_is_given(hotel: Venue) -> None:
    user = UserFactory.create(language="nl")
    guest = person(user)
    made = guest.post("/reservations", stay(hotel), accept_language="en").json()
    assert made["language"] == "nl"
    later = {"check_in": "2027-03-10", "check_out": "2027-03-11"}
    made = guest.post("/reservations", stay(hotel, language="en", **later)).json()
    assert made["language"] == "en"


def test_staff_who_book_for_a_client_write_in_the_clients() -> None:
    venue = make_venue("practice", horizon=None)
    unit = venue.resources.get()
    add_hours(venue, time(8), time(20), resource=unit)
    user = UserFactory.create(language="nl")
    client = PracticeClient.objects.create(
        venue=venue, user=user, first_name="Ada", last_name="L", phone="+31201234567", email=""
    )
    clerk = StaffFactory.create(staff_venues=[venue])
    body = {
        "provider_id": str(unit.pk),
        "client_id": str(client.user_id),
        "starts_at": "2027-03-01T12:00:00Z",
    }
    answer = person(clerk).post("/appointments", body, accept_language="en")
    assert answer.status_code == 201, answer.content
    assert Reservation.objects.get().language == "nl"


def test_a_page_gives_its_own_and_the_account_goes_before_it() -> None:
    venue = make_venue("restaurant", units=3, horizon=None)
    browser = Client(headers={"accept-language": "nl"})
    assert book(browser, venue).language == "nl"
    user = UserFactory.create(language="en")
    browser.force_login(user)
    row = book(browser, venue)
    assert (row.guest_id, row.language) == (user.pk, "en")


def by_guest(row: Reservation) -> Api:
    user = UserFactory.create()
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    return person(user)


def by_partner(row: Reservation) -> Api:
    Reservation.objects.filter(pk=row.pk).update(partner="agency")
    return partner(PartnerFactory.create(slug="agency", has_all_venues=True))


def by_desk(row: Reservation) -> Api:
    return person(StaffFactory.create(staff_venues=[row.venue]))


@pytest.mark.parametrize("who", [by_guest, by_partner, by_desk])
def test_a_patch_changes_it_and_says_so_in_the_history(
    who: Callable[[Reservation], Api], hotel: Venue
) -> None:
    times = Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=1))
    row = hold(hotel, times=times)
    caller, path = who(row), f"/reservations/{row.pk}"
    assert caller.patch(path, {"language": "nl-BE"}).json()["language"] == "nl"
    count = row.events.count()
    assert caller.patch(path, {"language": "nl"}).status_code == 200
    assert row.events.count() == count
    said = row.events.latest("pk").data["changed"]
    assert said == {"language": {"from": "en", "to": "nl"}}
    assert "language" in faults(caller.patch(path, {"language": "tlh"}))
    assert "language" in faults(caller.patch(path, {"language": None}))
    assert caller.get(path).json()["language"] == "nl"


def test_the_guests_page_changes_it_too() -> None:
    venue = make_venue("restaurant", horizon=None)
    browser = Client()
    row = book(browser, venue)
    path = f"/reservations/{row.code}/change/"
    form = form_of(browser.get(path), "version")
    answer = browser.post(path, form | {"language": "nl", "look": "yes"})
    assert answer.status_code == 302
    assert Reservation.objects.get(pk=row.pk).language == "nl"


def test_the_desk_gives_and_changes_it() -> None:
    venue = make_venue("restaurant", horizon=None)
    browser = Client()
    browser.force_login(StaffFactory.create(staff_venues=[venue]))
    page = "/admin/reservations/reservation/"
    form = form_of(browser.get(f"{page}add/"), "once") | BROWSED
    form |= {"starts_at": "2027-03-01T12:00", "language": "nl"}
    answer = browser.post(f"{page}add/", form)
    assert answer.status_code == 302, answer.context["form"].errors
    row = Reservation.objects.get()
    assert row.language == "nl"
    form = form_of(browser.get(f"{page}{row.pk}/modify/"), "version") | {"language": "en"}
    assert browser.post(f"{page}{row.pk}/modify/", form).status_code == 302
    assert Reservation.objects.get().language == "en"
