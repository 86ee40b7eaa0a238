"""What is said around logging in and out, and the pages of the library in the design of ours."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from settings import sign_in
from tests.guests.factories import PASSWORD, UserFactory
from tests.guests.test_sign_in import entry

pytestmark = pytest.mark.django_db

LOG_IN = "/accounts/login/"


def text(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


def log_in(client: Client, **changes: Any) -> Any:
    form = {"login": "ada@example.com", "password": PASSWORD}
    return client.post(LOG_IN, form | changes, follow=True)


def test_after_logging_in_a_notice_says_so_once_and_the_name_stays(client: Client) -> None:
    UserFactory.create(email="ada@example.com", first_name="Ada", last_name="Lovelace")
    assert "Ada Lovelace" not in text(client.get("/"))
    first = text(log_in(client))
    assert "You&#x27;re logged in!" in first
    second = text(client.get("/"))
    assert "logged in!" not in second
    assert "Ada Lovelace" in second


def test_signing_up_says_it_too(client: Client) -> None:
    form = {
        "email": "ada@example.com",
        "password": PASSWORD,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "2025550123",
    }
    page = text(client.post("/accounts/signup/", form, follow=True))
    assert "You&#x27;re logged in!" in page
    assert "Ada Lovelace" in page


def test_logging_in_leads_back_and_never_to_another_site(client: Client) -> None:
    UserFactory.create(email="ada@example.com")
    assert log_in(client, next="/me/data/").redirect_chain[0][0] == "/me/data/"
    assert log_in(Client(), next="https://evil.example/").redirect_chain[0][0] == "/"


def test_logging_out_is_a_button_and_ends_on_a_page_that_says_so(client: Client) -> None:
    user = UserFactory.create()
    client.force_login(user)
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    answer = client.post("/accounts/logout/", follow=True)
    assert "You are signed out" in text(answer)
    assert "_auth_user_id" not in client.session
    assert user.display_name not in text(answer)


def test_a_wrong_password_is_told_at_the_top_and_counts(client: Client, settings: Settings) -> None:
    settings.LOGIN_FAILURE_RATE = "1/m"
    UserFactory.create(email="ada@example.com")
    assert 'class="error-summary"' in text(log_in(client, password="wrong"))
    log_in(client, password="wrong")
    # Held back now, whatever is typed.
    assert "_auth_user_id" not in client.session
    log_in(client)
    assert "_auth_user_id" not in client.session


def test_a_provider_that_is_configured_is_a_button_that_posts(
    client: Client, settings: Settings
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([entry()])
    for page in (LOG_IN, "/accounts/signup/"):
        shown = text(client.get(page, {"next": "/me/"}))
        assert 'method="post" action="/accounts/oidc/okta/login/' in shown
        assert ">Okta</button>" in shown
    settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([])
    assert "Or go on with" not in text(client.get(LOG_IN))


@pytest.mark.parametrize(
    "path",
    [
        LOG_IN,
        "/accounts/signup/",
        "/accounts/signed-out/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-abc/",
        "/accounts/password/reset/key/done/",
        "/accounts/3rdparty/login/cancelled/",
        "/accounts/3rdparty/login/error/",
    ],
)
def test_every_page_of_coming_in_has_our_frame_and_nothing_inline(
    client: Client, path: str
) -> None:
    page = text(client.get(path))
    assert 'href="/static/web/holdfast.css"' in page
    assert page.count("<h1>") == 1
    assert "style=" not in page and "<script>" not in page and "onclick" not in page


@pytest.mark.parametrize("path", ["password/change/"])
def test_so_have_those_of_who_is_logged_in(client: Client, path: str) -> None:
    client.force_login(UserFactory.create(), backend="config.page_log_in.HeldBack")
    answer = client.get(f"/accounts/{path}")
    assert 'href="/static/web/holdfast.css"' in text(answer)
