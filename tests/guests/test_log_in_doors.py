"""Three doors with one lock: API, pages and admin count together and answer alike."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any, ClassVar

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from pytest_django import Settings

from tests.guests.factories import PASSWORD, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "203.0.113.1", "203.0.113.2"
WRONG = "The e-mail address or the password is wrong."
TOO_MANY = "Too many log-ins failed for this e-mail address. Wait before you try again."
TOO_MANY_HERE = "Too many log-ins failed from this network address. Wait before you try again."


def by_api(email: str, password: str, place: str = HERE) -> Any:
    body = {"email": email, "password": password}
    return Client(REMOTE_ADDR=place).post("/api/v1/auth/login", body, "application/json")


def by_page(email: str, password: str, place: str = HERE) -> Any:
    form = {"login": email, "password": password}
    return Client(REMOTE_ADDR=place).post("/accounts/login/", form)


def by_admin(email: str, password: str, place: str = HERE) -> Any:
    form = {"username": email, "password": password}
    return Client(REMOTE_ADDR=place).post("/admin/login/", form)


DOORS = {"api": by_api, "page": by_page, "admin": by_admin}
every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
Door = Callable[..., Any]


class CountingHasher(MD5PasswordHasher):
    hashes: ClassVar[int] = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashes += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _clerk() -> None:
    StaffFactory.create(email="ada@example.com")


def says(answer: Any) -> str:
    """What a person reads of a refusal; "" where they are in."""
    found = unescape(answer.content.decode())
    return next((words for words in (WRONG, TOO_MANY, TOO_MANY_HERE) if words in found), "")


def is_in(answer: Any) -> bool:
    return answer.status_code == 302 or "access" in str(answer.content)


@every_door
def test_a_wrong_password_and_too_many_are_said_in_the_same_words(
    door: Door, settings: Settings
) -> None:
    settings.LOGIN_FAILURE_RATE = "2/m"
    assert [says(door("ada@example.com", "wrong")) for _ in range(3)] == [WRONG, WRONG, TOO_MANY]
    held_back = door("ada@example.com", PASSWORD)
    assert (held_back.status_code, says(held_back)) == (429, TOO_MANY)
    assert 1 <= int(held_back["Retry-After"]) <= 60


@every_door
def test_what_fails_at_one_door_counts_at_the_others(door: Door, settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "3/m"
    for each in DOORS.values():
        each("ada@example.com", "wrong")
    assert says(door("ada@example.com", PASSWORD)) == TOO_MANY


@every_door
def test_one_password_tried_on_all_accounts_is_held_back_at_its_place_alone(
    door: Door, settings: Settings
) -> None:
    settings.LOGIN_FAILURES_PER_PLACE = "5/m"
    for number in range(5):
        assert says(door(f"guest{number}@example.com", "Winter2026")) == WRONG
    refused = door("ada@example.com", PASSWORD)
    assert (refused.status_code, says(refused)) == (429, TOO_MANY_HERE)
    assert is_in(door("ada@example.com", PASSWORD, ELSEWHERE))


@every_door
def test_wrong_passwords_from_elsewhere_lock_nobody_out(door: Door) -> None:
    for _ in range(25):
        door("ada@example.com", "wrong", ELSEWHERE)
    assert says(door("ada@example.com", PASSWORD, ELSEWHERE)) == TOO_MANY
    assert is_in(door("ada@example.com", PASSWORD))


def test_ten_failures_a_minute_do_not_stop_everybodys_log_ins_on_the_page() -> None:
    """The library's own limiter counted ten for all who come by one proxy."""
    for number in range(30):
        by_page(f"nobody{number}@example.com", "wrong")
    assert is_in(by_page("ada@example.com", PASSWORD))


def test_without_the_limit_a_place_may_fail_as_often_as_it_likes(settings: Settings) -> None:
    settings.LOGIN_FAILURES_PER_PLACE = "0"
    for number in range(70):
        by_api(f"nobody{number}@example.com", "wrong")
    assert is_in(by_api("ada@example.com", PASSWORD))


@every_door
def test_a_wrong_password_is_hashed_once(door: Door, settings: Settings) -> None:
    """Another back end of Django's would look at the password again, and count nothing."""
    settings.PASSWORD_HASHERS = ["tests.guests.test_log_in_doors.CountingHasher"]
    user = UserFactory.create(email="bob@example.com")
    user.set_password(PASSWORD)
    user.save()
    for email in ("bob@example.com", "nobody@example.com"):
        CountingHasher.hashes = 0
        door(email, "wrong")
        assert CountingHasher.hashes == 1, email


def test_the_api_names_the_limit_of_a_place(settings: Settings) -> None:
    settings.LOGIN_FAILURES_PER_PLACE = "1/m"
    by_api("nobody@example.com", "wrong")
    answer = by_api("ada@example.com", PASSWORD)
    assert answer.json()["code"] == "rate_limited"
    assert answer["RateLimit-Policy"] == '"log-in-place";q=1;w=60'


def test_in_dutch_the_page_says_it_in_dutch() -> None:
    form = {"login": "ada@example.com", "password": "wrong"}
    page = Client(headers={"Accept-Language": "nl"}).post("/accounts/login/", form)
    assert re.search("Het e-mailadres of het wachtwoord klopt niet.", page.content.decode())
