"""Letters can be unsubscribed from: by a button, and by the one-click POST of a mail program."""

from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from notices import opt_outs
from notices.models import OptOut

ADDRESS = "guest@example.com"

pytestmark = pytest.mark.django_db


def path(kind: str = opt_outs.REMINDER, address: str = ADDRESS) -> str:
    return urlsplit(opt_outs.link(kind, address)).path


def is_ended(kind: str = opt_outs.REMINDER, address: str = ADDRESS) -> bool:
    return opt_outs.is_ended(opt_outs.letters_to(kind, address))


@pytest.mark.parametrize("kind", opt_outs.KINDS)
def test_letters_that_nobody_needs_offer_both_headers(kind: str) -> None:
    headers = opt_outs.headers(kind, ADDRESS)
    assert headers["List-Unsubscribe"] == f"<{opt_outs.link(kind, ADDRESS)}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_confirmation_offers_none() -> None:
    assert opt_outs.headers("reservation.confirmed", ADDRESS) == {}


def test_a_robot_that_looks_at_the_link_ends_nothing(client: Client) -> None:
    answer = client.get(path())
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    client.head(path())
    assert not is_ended()


def test_one_click_without_cookies_or_token_ends_them_once() -> None:
    robot = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = robot.post(path(), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert is_ended(address="Guest@EXAMPLE.com")
    assert not is_ended(opt_outs.REPORT)
    assert not is_ended(address="other@example.com")
    assert OptOut.objects.count() == 1


def test_who_has_ended_them_by_mistake_gets_them_again(client: Client) -> None:
    client.post(path())
    assert b"Send them again" in client.get(path()).content
    client.post(path(), {"again": "1"})
    assert not is_ended()


FORGED: dict[str, object] = {
    "another salt": signing.dumps(["reminder", "d"], salt="another"),
    "too short": ["reminder"],
    "of a kind that has no link": ["reservation.confirmed", "d"],
    "a number": 7,
    "no token": "x",
    "three parts": "a:b:c",
    "nothing printable": "\x00",
}
"""Tokens, and what is signed as a token."""


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_a_page_that_leads_to_the_log_in(
    client: Client, name: str, method: str
) -> None:
    forged = FORGED[name]
    token = forged if isinstance(forged, str) else signing.dumps(forged, salt="notices.opt_outs")
    answer = getattr(client, method)(f"/letters/{token}/stop/")
    assert answer.status_code in {400, 404}
    assert OptOut.objects.count() == 0


def test_the_link_names_nobody() -> None:
    token = path().split("/")[2]
    assert ADDRESS not in signing.loads(token, salt="notices.opt_outs")


def test_the_page_speaks_dutch() -> None:
    answer = Client(headers={"accept-language": "nl"}).get(path())
    assert "herinneringen" in answer.content.decode()
