"""The page on which people say what they want to be told, and the offers that lead to it."""

from datetime import time

import pytest
from django.test import Client

from guests.models import User
from tests.guests.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/me/notices/"
CHAT = "https://chat.googleapis.com/v1/spaces/A/messages?key=k"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def inside(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_all_is_changed_at_once(inside: Client, user: User) -> None:
    page = inside.get(PAGE).content.decode()
    assert 'type="time"' in page and "Europe/Amsterdam" in page
    form = {
        "evening_at": "18:30",
        "evening_channel": "chat",
        "chat_url": CHAT,
        "reminders": "on",
        "language": "nl",
        "time_zone": "Europe/Amsterdam",
    }
    assert inside.post(PAGE, form).status_code == 302
    user.refresh_from_db()
    assert (user.evening_at, user.evening_channel, user.chat_url) == (time(18, 30), "chat", CHAT)
    assert (user.reminders, user.monthly_report) == (True, False)
    assert (user.language, user.time_zone) == ("nl", "Europe/Amsterdam")
    assert 'value="18:30"' in inside.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chat_url", "https://evil.example/v1/spaces/A"),
        ("chat_url", ""),
        ("evening_at", "25:00"),
        ("evening_channel", "fax"),
        ("time_zone", "Mars/Base"),
        ("language", "tlh"),
    ],
)
def test_what_is_refused_is_said_beside_its_field(
    inside: Client, user: User, field: str, value: str
) -> None:
    form = {"evening_at": "18:30", "evening_channel": "chat", "chat_url": CHAT, field: value}
    answer = inside.post(PAGE, form)
    assert answer.status_code == 200
    assert f'id="id_{field}_error"' in answer.content.decode()
    user.refresh_from_db()
    assert user.evening_at is None


def test_my_parking_and_sign_up_offer_an_evening_word(inside: Client, user: User) -> None:
    assert PAGE in inside.get("/me/parking/").content.decode()
    assert PAGE in inside.get("/me/data/").content.decode()
    assert 'name="evening_at"' in Client().get("/accounts/signup/").content.decode()


@pytest.mark.parametrize(("given", "expected"), [("", None), ("19:15", time(19, 15))])
def test_who_signs_up_chooses_or_leaves_it(
    client: Client, given: str, expected: time | None
) -> None:
    form = {
        "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
        "phone": "+12025550123", "password": "three words together", "evening_at": given,
    }  # fmt: skip
    assert client.post("/accounts/signup/", form).status_code == 302
    made = User.objects.get(email="ada@example.com")
    assert made.evening_at == expected
    assert (made.evening_next_at is None) == (expected is None)


def test_nobody_sees_it_without_logging_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302
