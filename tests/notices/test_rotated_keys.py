"""What people asked for is remembered after a rotation of SECRET_KEY, with the old key kept."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from notices import opt_outs, suppressions
from notices.models import OptOut, Suppression
from tests.guests.factories import UserFactory

ADDRESS, OTHER = "guest@example.com", "other@example.com"
NUMBER = "+31201234567"

pytestmark = pytest.mark.django_db


@pytest.fixture
def rotate(settings: Settings) -> Callable[[], None]:
    """Makes another key the newest, and keeps those of before."""

    def rotate() -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        settings.SECRET_KEY = f"another key, number {len(settings.SECRET_KEY_FALLBACKS)}"

    return rotate


def is_ended(address: str = ADDRESS) -> bool:
    return opt_outs.is_ended(opt_outs.letters_to(opt_outs.REMINDER, address))


@pytest.mark.parametrize(("channel", "address"), [("mail", ADDRESS), ("sms", NUMBER)])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_suppression_is_known_and_can_be_lifted(
    rotate: Callable[[], None], channel: str, address: str, times: int
) -> None:
    suppressions.suppress(channel, address, reason="gone")
    for _ in range(times):
        rotate()
    assert suppressions.reasons(channel, [OTHER, address]) == {address: "gone"}
    suppressions.suppress(channel, address, reason="later")
    assert suppressions.reason_of(channel, address) == "gone"
    assert Suppression.objects.count() == 1
    suppressions.lift(channel, address)
    assert suppressions.reason_of(channel, address) == ""


def test_new_rows_are_written_by_the_newest_key(
    rotate: Callable[[], None], settings: Settings
) -> None:
    rotate()
    suppressions.suppress("mail", ADDRESS, reason="gone")
    opt_outs.end(opt_outs.letters_to(opt_outs.REMINDER, ADDRESS))
    settings.SECRET_KEY_FALLBACKS = []
    assert suppressions.reason_of("mail", ADDRESS)
    assert is_ended()


def test_an_opt_out_is_known_and_can_be_taken_back(rotate: Callable[[], None]) -> None:
    user = UserFactory.create(email=ADDRESS)
    letters = opt_outs.letters_to(opt_outs.REMINDER, ADDRESS, user)
    opt_outs.end(letters)
    rotate()
    assert is_ended() and not is_ended(OTHER)
    assert opt_outs.is_ended(opt_outs.letters_to(opt_outs.REMINDER, OTHER, user))
    opt_outs.resume(opt_outs.letters_to(opt_outs.REMINDER, ADDRESS, user))
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("has_account", [False, True])
def test_the_link_in_a_letter_of_before_still_ends_them(
    client: Client, rotate: Callable[[], None], has_account: bool
) -> None:
    user = UserFactory.create(email=ADDRESS) if has_account else None
    path = urlsplit(opt_outs.link(opt_outs.REMINDER, ADDRESS, user)).path
    rotate()
    assert client.post(path).status_code == 200
    assert is_ended() and not is_ended(OTHER)
    client.post(path, {"again": "1"})
    assert not is_ended()


def test_without_the_key_of_before_nothing_is_known(
    client: Client, rotate: Callable[[], None], settings: Settings
) -> None:
    path = urlsplit(opt_outs.link(opt_outs.REMINDER, ADDRESS)).path
    suppressions.suppress("mail", ADDRESS, reason="gone")
    rotate()
    settings.SECRET_KEY_FALLBACKS = []
    assert suppressions.reason_of("mail", ADDRESS) == ""
    assert client.post(path).status_code == 404
