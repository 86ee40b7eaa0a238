"""People without an account prove an address or a number, then see or erase their data."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.credentials import letters
from guests.models import User
from reservations.models import DataLink, Reservation
from reservations.requests import Contact
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import UserFactory
from tests.web.browsing import text
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freezer")]

EMAIL = "ada@example.com"
ADA = Contact(first_name="Ada", last_name="Lovelace", phone="+31201234567", email=EMAIL)


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", units=5)


def ask(client: Client, email: str = EMAIL) -> str:
    """Asks for a link; returns the page."""
    answer = client.post("/data/", {"email": email})
    assert answer.status_code == 200
    # The thread that posts letters does one at a time.
    letters.POST.submit(lambda: None).result()
    return re.sub(r'value="[^"]*"', "", text(answer))


def link_of() -> str:
    """The address in the last letter."""
    found = re.search(r"http://testserver(/data/link/[^/]+/)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def prove(client: Client) -> None:
    ask(client)
    answer = client.post(link_of())
    assert (answer.status_code, answer["Location"]) == (302, "/data/held/")


def test_a_link_opens_a_page_with_a_button_and_works_once(client: Client, venue: Venue) -> None:
    row = hold(venue, contact=ADA)
    ask(client, "ADA@example.com")
    assert mail.outbox[-1].to == [EMAIL]
    for _ in range(3):
        page = client.get(link_of())
        assert page.status_code == 200 and "Show my data" in text(page)
        assert client.get("/data/held/").status_code == 302
    assert client.post(link_of()).status_code == 302
    assert row.code in text(client.get("/data/held/"))
    other = Client()
    assert other.get(link_of()).status_code == 410
    assert other.post(link_of()).status_code == 410
    assert other.get("/data/held/").status_code == 302


def test_a_link_is_over_after_an_hour(
    client: Client, venue: Venue, freezer: FrozenDateTimeFactory
) -> None:
    hold(venue, contact=ADA)
    ask(client)
    freezer.tick(timedelta(hours=1))
    assert client.get(link_of()).status_code == 410
    assert client.post(link_of()).status_code == 410


def test_a_made_up_link_opens_nothing(client: Client, venue: Venue) -> None:
    hold(venue, contact=ADA)
    ask(client)
    digest = DataLink.objects.get().digest
    for secret in ("x", digest, "0" * 43):
        assert client.post(f"/data/link/{secret}/").status_code == 410


def test_whether_anything_is_held_is_not_told_and_no_letter_goes(
    client: Client, venue: Venue
) -> None:
    hold(venue, contact=ADA)
    known = ask(client)
    assert len(mail.outbox) == 1
    assert ask(client, "nobody@example.com") == known
    assert len(mail.outbox) == 1


def test_links_are_limited_by_address_alike_for_known_and_unknown(
    client: Client, venue: Venue, settings: Settings
) -> None:
    settings.DATA_LINK_RATE = "1/h"
    hold(venue, contact=ADA)
    for email in (EMAIL, "nobody@example.com"):
        ask(client, email)
        answer = client.post("/data/", {"email": email})
        assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert len(mail.outbox) == 1


def test_erasing_asks_first_and_then_nothing_is_left(client: Client, venue: Venue) -> None:
    UserFactory.create(email=EMAIL)
    row = hold(venue, contact=ADA)
    prove(client)
    assert client.get("/data/held/erase/").status_code == 200
    assert "sure" in client.post("/data/held/erase/", {}).context["form"].errors
    answer = client.post("/data/held/erase/", {"sure": "on"}, follow=True)
    assert "You are erased" in text(answer)
    row.refresh_from_db()
    assert (row.first_name, row.phone, row.email) == ("Erased", "", "")
    assert row.cancelled_at is not None
    assert not User.objects.exists() and not DataLink.objects.exists()
    assert client.get("/data/held/").status_code == 302


def test_code_and_phone_prove_what_has_no_address(client: Client, venue: Venue) -> None:
    bare = Contact(first_name="Ada", last_name="L", phone=ADA.phone)
    mine, also = hold(venue, contact=bare), hold(venue, NOON + timedelta(days=1), contact=bare)
    with_address = hold(venue, contact=ADA)
    answer = client.post("/data/", {"code": mine.code, "phone": ADA.phone})
    assert answer["Location"] == "/data/held/"
    page = text(client.get("/data/held/"))
    assert mine.code in page and also.code in page and with_address.code not in page
    client.post("/data/held/erase/", {"sure": "on"})
    named = Reservation.objects.exclude(first_name="Erased")
    assert [row.pk for row in named] == [with_address.pk]


def test_a_wrong_number_proves_nothing_and_is_held_back(
    client: Client, venue: Venue, settings: Settings
) -> None:
    settings.FIND_FAILURE_RATE = "2/m"
    row = hold(venue, contact=ADA)
    for expected in (422, 422, 429):
        answer = client.post("/data/", {"code": row.code, "phone": "+31201234568"})
        assert answer.status_code == expected
    assert client.get("/data/held/").status_code == 302


def test_a_proof_is_over_after_half_an_hour(
    client: Client, venue: Venue, freezer: FrozenDateTimeFactory
) -> None:
    hold(venue, contact=ADA)
    prove(client)
    freezer.tick(timedelta(minutes=30))
    for page in ("/data/held/", "/data/held/export/", "/data/held/erase/"):
        assert client.get(page)["Location"] == "/data/"


def test_a_stay_that_is_open_is_told(client: Client, venue: Venue) -> None:
    row = hold(venue, contact=ADA)
    Reservation.objects.filter(pk=row.pk).update(
        confirmed_at=row.created_at, checked_in_at=row.created_at
    )
    prove(client)
    answer = client.post("/data/held/erase/", {"sure": "on"})
    assert "stay has not ended" in text(answer)


def test_the_pages_are_in_dutch(client: Client, venue: Venue) -> None:
    hold(venue, contact=ADA)
    client.cookies["django_language"] = "nl"
    assert "Je gegevens" in text(client.get("/data/"))
    ask(client)
    assert mail.outbox[-1].subject == "Je gegevens bij Holdfast"


def test_an_address_that_is_none_is_refused(client: Client) -> None:
    answer = client.post("/data/", {"email": "nonsense"})
    assert answer.status_code == 422
    assert not DataLink.objects.exists()
