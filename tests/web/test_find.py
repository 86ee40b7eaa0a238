"""A reservation found by code and phone number, and by nothing less."""

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from reservations.models import Reservation
from tests.factories import hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.guests.races import race
from tests.web.browsing import book, text
from venues.models import Venue

pytestmark = pytest.mark.django_db

NOT_THEIRS = "No reservation has this code and this phone number. Check both."


@pytest.fixture
def row(freezer: FrozenDateTimeFactory) -> Reservation:
    venue = make_venue("restaurant")
    Venue.objects.filter(pk=venue.pk).update(phone_region="NL")
    return hold(venue)


def find(client: Client, code: str, phone: str = "+31201234567") -> tuple[int, str]:
    answer = client.post("/reservations/find/", {"code": code, "phone": phone})
    return answer.status_code, answer.headers.get("Location", text(answer))


@pytest.mark.parametrize("phone", ["+31201234567", "020 123 4567", "+31 (20) 123-45-67"])
def test_code_and_phone_open_it_for_this_browser(
    client: Client, row: Reservation, phone: str
) -> None:
    typed = f" {row.code[:5].lower()}-{row.code[5:]} "
    assert find(client, typed, phone) == (302, f"/reservations/{row.code}/")
    assert row.code in text(client.get(f"/reservations/{row.code}/"))
    assert Client().get(f"/reservations/{row.code}/").status_code == 302


def test_which_of_the_two_is_wrong_is_not_told(client: Client, row: Reservation) -> None:
    answers = []
    for code, phone in (
        (row.code, "+31201234568"),
        ("ABCDEFGHJK", "+31201234567"),
        (row.code, "nonsense"),
        ("ABCDEFGHJK", "nonsense"),
    ):
        status, page = find(client, code, phone)
        assert status == 422 and NOT_THEIRS in page
        answers.append(page.replace(code, "").replace(phone, ""))
    tokenless = {answer.split("csrfmiddlewaretoken")[0] for answer in answers}
    assert len(tokenless) == 1


@pytest.mark.parametrize("address", ["", "confirm/", "change/", "cancel/", "calendar.ics"])
@pytest.mark.parametrize("is_there", [True, False])
def test_without_proof_every_page_of_it_asks_for_it_whether_it_is_there_or_not(
    client: Client, row: Reservation, address: str, is_there: bool
) -> None:
    code = row.code if is_there else "ABCDEFGHJK"
    for answer in (
        client.get(f"/reservations/{code}/{address}"),
        client.post(f"/reservations/{code}/{address}"),
    ):
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/reservations/find/")
    row.refresh_from_db()
    assert (row.confirmed_at, row.cancelled_at) == (None, None)


def test_guessing_is_held_back(
    client: Client, row: Reservation, settings: Settings, freezer: FrozenDateTimeFactory
) -> None:
    settings.FIND_FAILURE_RATE = "3/m"
    for _ in range(3):
        assert find(client, row.code, "+31201234568")[0] == 422
    status, page = find(client, row.code)
    assert status == 429 and "Try again in" in page
    # From elsewhere the same code is held back too, another one is not.
    elsewhere = Client(REMOTE_ADDR="192.0.2.1")
    assert find(elsewhere, row.code)[0] == 429
    assert find(elsewhere, "ABCDEFGHJK")[0] == 422
    freezer.tick(61)
    assert find(client, row.code)[0] == 302


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_guesses_at_once_no_more_are_told_than_the_rate_says(settings: Settings) -> None:
    settings.FIND_FAILURE_RATE = "3/d"
    row = hold(make_venue())
    outcomes = race(16, lambda: find(Client(), row.code, "+31201234568")[0])
    assert set(outcomes) <= {422, 429}
    # Fewer where one was the last by its place, and another by its code.
    assert outcomes.count(422) <= 3


def test_a_session_that_was_there_before_the_proof_proves_nothing(
    client: Client, row: Reservation
) -> None:
    session = client.session
    session["planted"] = "1"
    session.save()
    client.cookies["sessionid"] = planted = str(session.session_key)
    assert find(client, row.code)[0] == 302
    other = Client()
    other.cookies["sessionid"] = planted
    assert other.get(f"/reservations/{row.code}/").status_code == 302
    assert client.get(f"/reservations/{row.code}/").status_code == 200


def test_a_guest_sees_their_own_without_proof_and_staff_see_nobody_elses(
    client: Client, row: Reservation
) -> None:
    mine, clerk = UserFactory.create(), StaffFactory.create(staff_venues=[row.venue])
    Reservation.objects.filter(pk=row.pk).update(guest=mine)
    client.force_login(mine)
    assert client.get(f"/reservations/{row.code}/").status_code == 200
    client.force_login(clerk)
    assert client.get(f"/reservations/{row.code}/").status_code == 302


def test_who_booked_goes_on_without_proof_for_a_day(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    venue = make_venue("parking")
    made = book(client, venue)
    assert client.get(f"/reservations/{made.code}/").status_code == 200
    freezer.tick(24 * 3600 + 1)
    assert client.get(f"/reservations/{made.code}/").status_code == 302


@pytest.mark.parametrize("code", ["", "x" * 41, "\x00", "💥", "%"])
def test_absurd_codes_are_refused_like_any_other(client: Client, code: str) -> None:
    assert find(client, code)[0] == 422
