"""Who booked by phone proves the number by a text message, then sees or erases their data."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from notices import batches
from notices.models import Delivery
from reservations.models import DataLink, Reservation
from reservations.privacy import data_links
from reservations.requests import Contact
from tests.factories import NOON, hold, make_venue
from tests.web.browsing import text
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+31201234567"
ADA = Contact(first_name="Ada", last_name="Lovelace", phone=PHONE)


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.SMS_TO_FILES, settings.SMS, settings.EMAIL_FILE_PATH = True, None, str(tmp_path)
    settings.PUBLIC_URL = "http://testserver"
    return tmp_path


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", units=5, horizon=None)


def ask(client: Client, number: str = PHONE) -> str:
    answer = client.post("/data/", {"number": number})
    assert answer.status_code == 200, text(answer)
    while batches.send_batch():
        pass
    return re.sub(r'value="[^"]*"', "", text(answer))


def texts(folder: Path) -> list[str]:
    return [file.read_text() for file in sorted(folder.glob("sms-*.txt"))]


def link_in(said: str) -> str:
    found = re.search(r"http://testserver(/data/link/[^/]+/)", said)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_link_by_text_proves_the_number(venue: Venue, folder: Path, language: str) -> None:
    row = hold(venue, contact=ADA)
    client = Client(headers={"accept-language": language})
    ask(client, "020 123 4567" if language == "nl" else PHONE)
    (said,) = texts(folder)
    assert f"To: {PHONE}" in said
    words = {"en": "Your data at Holdfast, for 60 minutes", "nl": "Je gegevens bij Holdfast"}
    assert words[language] in said
    link = link_in(said)
    assert client.get(link).status_code == 200
    assert client.get("/data/held/").status_code == 302
    answer = client.post(link)
    assert (answer.status_code, answer["Location"]) == (302, "/data/held/")
    assert row.code in text(client.get("/data/held/"))
    assert Client().post(link).status_code == 410


def test_it_erases_what_was_booked_by_phone_and_nothing_with_an_address(
    client: Client, venue: Venue, folder: Path
) -> None:
    mine = hold(venue, contact=ADA)
    other = hold(
        venue, NOON + timedelta(days=1),
        contact=Contact(first_name="Bob", last_name="B", phone=PHONE, email="bob@example.com"),
    )  # fmt: skip
    ask(client)
    ask(client)
    client.post(link_in(texts(folder)[0]))
    answer = client.post("/data/held/erase/", {"sure": "on"}, follow=True)
    assert "You are erased" in text(answer)
    mine.refresh_from_db()
    assert (mine.first_name, mine.phone) == ("Erased", "")
    assert mine.cancelled_at is not None
    assert Reservation.objects.get(pk=other.pk).phone == PHONE
    assert not DataLink.objects.exists()
    assert not Delivery.objects.filter(to=PHONE, reservation=None).exists()
    assert texts(folder) == []


def test_whether_anything_is_held_is_not_told_and_no_text_goes(
    client: Client, venue: Venue, folder: Path
) -> None:
    hold(venue, contact=ADA)
    known = ask(client)
    assert len(texts(folder)) == 1
    assert ask(client, "+31209999999") == known
    assert len(texts(folder)) == 1
    with_address = Contact(
        first_name="B", last_name="B", phone="+31208888888", email="b@example.com"
    )
    hold(venue, NOON + timedelta(days=1), contact=with_address)
    assert ask(client, "+31208888888") == known
    assert len(texts(folder)) == 1


def test_no_table_holds_what_opens_it(client: Client, venue: Venue, folder: Path) -> None:
    hold(venue, contact=ADA)
    client.post("/data/", {"number": PHONE})
    assert not DataLink.objects.exists()
    while batches.send_batch():
        pass
    secret = link_in(texts(folder)[0]).split("/")[3]
    rows = str([*Delivery.objects.values(), *DataLink.objects.values()])
    assert secret not in rows


def test_links_are_limited_by_number(client: Client, venue: Venue, settings: Settings) -> None:
    settings.DATA_LINK_RATE = "1/h"
    hold(venue, contact=ADA)
    for number in (PHONE, "+31209999999"):
        ask(client, number)
        answer = client.post("/data/", {"number": number})
        assert answer.status_code == 429 and int(answer["Retry-After"]) > 0


def test_it_is_not_offered_where_no_text_can_be_sent(
    client: Client, venue: Venue, settings: Settings, folder: Path
) -> None:
    assert "Text me a link" in text(client.get("/data/"))
    settings.SMS_TO_FILES = False
    assert "Text me a link" not in text(client.get("/data/"))
    hold(venue, contact=ADA)
    assert client.post("/data/", {"number": PHONE}).status_code == 422
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("number", ["", "12", "hello", "+31 20 123 4567 ext 5"])
def test_what_is_no_number_is_told_beside_it(client: Client, number: str) -> None:
    answer = client.post("/data/", {"number": number})
    assert answer.status_code == 422
    assert "number" in answer.context["form"].errors


def test_a_link_by_text_is_over_after_an_hour(
    client: Client, venue: Venue, freezer: FrozenDateTimeFactory
) -> None:
    hold(venue, contact=ADA)
    secret = data_links.make_for_phone(PHONE)
    freezer.tick(timedelta(hours=1))
    assert client.get(f"/data/link/{secret}/").status_code == 410
    assert client.post(f"/data/link/{secret}/").status_code == 410
