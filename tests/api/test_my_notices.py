"""What a person wants to be told: read and changed over the API."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from freezegun import freeze_time

from guests.models import User
from notices import opt_outs
from tests.api.calling import Api, person
from tests.factories import make_venue
from tests.guests.factories import UserFactory
from tests.notices.scheduled.stays import parked
from venues.models import Venue

pytestmark = pytest.mark.django_db

CHAT = "https://chat.googleapis.com/v1/spaces/AAQA/messages?key=k&token=t"
FRESH = {
    "evening_at": None,
    "evening_channel": "mail",
    "chat_url": None,
    "reminders": True,
    "monthly_report": True,
    "language": None,
}


@pytest.fixture
def user() -> User:
    return UserFactory.create(time_zone="Europe/Amsterdam")


@pytest.fixture
def api(user: User) -> Api:
    return person(user)


def patch(api: Api, **changes: Any) -> Any:
    return api.send("PATCH", "/me/notices", changes)


def test_nothing_is_told_in_the_evening_until_a_time_is_chosen(api: Api) -> None:
    assert api.get("/me/notices").json() == FRESH


@freeze_time("2027-03-01 12:00:00")
def test_a_time_is_chosen_and_taken_back(api: Api, user: User) -> None:
    assert patch(api, evening_at="18:30").json() == FRESH | {"evening_at": "18:30"}
    user.refresh_from_db()
    assert user.evening_at == time(18, 30)
    assert user.evening_next_at == datetime(2027, 3, 1, 17, 30, tzinfo=UTC)
    assert user.evening_since == datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert api.send("PATCH", "/me", {"time_zone": "Asia/Tokyo"}).status_code == 200
    user.refresh_from_db()
    # It is 21:00 in Tokyo: the word of this day is over.
    assert user.evening_next_at == datetime(2027, 3, 2, 9, 30, tzinfo=UTC)
    assert patch(api, evening_at=None).json() == FRESH
    user.refresh_from_db()
    assert {user.evening_next_at, user.evening_since} == {None}


def test_what_is_left_out_stays(api: Api) -> None:
    patch(api, reminders=False, language="nl-BE")
    told = patch(api, monthly_report=False).json()
    assert told == FRESH | {"reminders": False, "monthly_report": False, "language": "nl"}
    assert patch(api, language=None).json()["language"] is None


def test_a_channel_that_is_chosen_is_allowed_with_it(api: Api, user: User) -> None:
    told = patch(api, evening_at="18:30", evening_channel="sms")
    assert told.status_code == 200 and told.json()["evening_channel"] == "sms"
    user.refresh_from_db()
    assert user.receive_text_notification


def test_chat_needs_the_webhook_of_a_space(api: Api) -> None:
    answer = patch(api, evening_at="18:30", evening_channel="chat")
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "#/chat_url"
    answer = patch(api, evening_at="18:30", evening_channel="chat", chat_url=CHAT)
    assert answer.json()["chat_url"] == CHAT
    # The word would have nowhere to go.
    assert patch(api, chat_url=None).status_code == 422
    assert patch(api, chat_url=None, evening_channel="mail").json()["chat_url"] is None


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.googleapis.com/v1/spaces/A/messages",
        "https://chat.googleapis.com/v1/spaces/",
        "https://chat.googleapis.com/v2/spaces/A",
        "https://chat.googleapis.com/v1/spaces/../../evil",
        "https://chat.googleapis.com:8443/v1/spaces/A",
        "https://chat.googleapis.com@evil.example/v1/spaces/A",
        "https://user@chat.googleapis.com/v1/spaces/A",
        "https://chat.googleapis.com.evil.example/v1/spaces/A",
        "https://evil.example/https://chat.googleapis.com/v1/spaces/A",
        "https://chat.googleapis.com\\@evil.example/v1/spaces/A",
        "https://chat.googleapis.com/v1/spaces/A b",
        "https://chat.googleapis.com/v1/spaces/A\n",
        "https://[::1]/v1/spaces/A",
        "https://[/v1/spaces/A",
        "//chat.googleapis.com/v1/spaces/A",
        "chat",
        "https://chat.googleapis.com/v1/spaces/" + "A" * 400,
    ],
)
def test_another_address_is_refused_and_changes_nothing(api: Api, url: str) -> None:
    # A line break at the end is what pasting leaves, and goes.
    expected = 200 if url.endswith("\n") else 422
    assert patch(api, chat_url=url).status_code == expected


@pytest.mark.parametrize(
    "body",
    [
        {"evening_at": "25:00"},
        {"evening_at": "18:30:30"},
        {"evening_at": 1830},
        {"evening_at": ""},
        {"evening_channel": "fax"},
        {"evening_channel": None},
        {"reminders": "yes"},
        {"monthly_report": None},
        {"language": "tlh"},
        {"evening": "18:30"},
        {"time_zone": "Europe/Amsterdam"},
    ],
)
def test_what_cannot_be_read_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.send("PATCH", "/me/notices", body).status_code == 422
    assert api.get("/me/notices").json() == FRESH


def test_who_has_unsubscribed_sees_it_and_can_switch_it_on_again(api: Api, user: User) -> None:
    patch(api, evening_at="18:30")
    for kind in opt_outs.KINDS:
        opt_outs.end(opt_outs.letters_to(kind, user.email))
    told = api.get("/me/notices").json()
    assert (told["reminders"], told["monthly_report"], told["evening_at"]) == (False, False, None)
    told = patch(api, reminders=True, monthly_report=True, evening_at="19:00").json()
    assert (told["reminders"], told["monthly_report"]) == (True, True)
    assert told["evening_at"] == "19:00"


def test_the_zone_is_that_of_the_lot_parked_at_last_until_one_is_chosen() -> None:
    user = UserFactory.create()
    api = person(user)
    assert api.get("/me").json()["time_zone"] == "UTC"
    for number, zone in enumerate(["Asia/Tokyo", "Europe/Berlin", "America/Lima"]):
        venue = make_venue("parking" if number < 2 else "hotel", confirms_at_once=True)
        Venue.objects.filter(pk=venue.pk).update(time_zone=zone)
        parked(user, venue, timezone.now() - timedelta(days=9 - number))
    assert api.get("/me").json()["time_zone"] == "Europe/Berlin"
    told = api.send("PATCH", "/me", {"time_zone": "Africa/Lagos"})
    assert told.json()["time_zone"] == "Africa/Lagos"
    answer = api.send("PATCH", "/me", {"time_zone": "Mars/Base", "first_name": "Eve"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/time_zone"
    user.refresh_from_db()
    assert user.time_zone == "Africa/Lagos" and user.first_name != "Eve"
    told = api.send("PATCH", "/me", {"time_zone": None})
    assert told.json()["time_zone"] == "Europe/Berlin"
