"""Tokens that a page got for its session end when the person logs out there."""

import pytest
from django.test import Client

from guests import tokens
from guests.errors import TokenInvalid
from guests.models import User
from tests.guests.factories import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


def taken(browser: Client) -> dict[str, str]:
    answer = browser.post("/api/v1/auth/session")
    assert answer.status_code == 200
    pair: dict[str, str] = answer.json()
    return pair


def me(pair: dict[str, str]) -> int:
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {pair['access']}"})
    return answer.status_code


def renewed(pair: dict[str, str]) -> dict[str, str]:
    body = {"refresh": pair["refresh"]}
    answer = Client().post("/api/v1/auth/refresh", body, "application/json")
    said: dict[str, str] = answer.json()
    return said


@pytest.mark.parametrize("door", ["/accounts/logout/", "/admin/logout/"])
def test_logging_out_on_a_page_ends_the_tokens_of_that_session_at_once(door: str) -> None:
    user = AdministratorFactory.create()
    browser, other = browser_of(user), browser_of(user)
    first, second = taken(browser), taken(browser)
    second = renewed(second)
    elsewhere, own = taken(other), tokens.issue(user)
    assert {me(first), me(second), me(elsewhere)} == {200}
    browser.post(door)
    assert {me(first), me(second)} == {401}
    for pair in (first, second):
        assert renewed(pair)["code"] == "invalid_token"
    assert me(elsewhere) == 200
    assert me({"access": own.access}) == 200


def test_tokens_end_with_a_session_whose_key_has_changed_meanwhile() -> None:
    browser = browser_of(UserFactory.create())
    pair = taken(browser)
    session = browser.session
    session.cycle_key()
    session.save()
    browser.cookies["sessionid"] = session.session_key or ""
    browser.post("/accounts/logout/")
    assert me(pair) == 401


def test_a_session_of_before_these_names_gets_one_when_it_asks() -> None:
    browser = browser_of(UserFactory.create())
    session = browser.session
    del session["token_family"]
    session.save()
    pair = taken(browser)
    browser.post("/accounts/logout/")
    assert me(pair) == 401


def test_after_logging_in_again_tokens_are_good() -> None:
    user = UserFactory.create()
    browser = browser_of(user)
    taken(browser)
    browser.post("/accounts/logout/")
    browser.force_login(user, backend="config.page_log_in.HeldBack")
    pair = taken(browser)
    assert me(pair) == 200
    assert tokens.holder(pair["access"]) == user


def test_a_refresh_token_is_nobodys_access_token() -> None:
    with pytest.raises(TokenInvalid):
        tokens.holder(tokens.issue(UserFactory.create()).refresh)
