"""Signing in through a provider that a setting alone has added."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from guests import accounts, tokens
from guests.errors import CredentialsInvalid, TokenInvalid
from guests.models import User
from settings import sign_in
from tests.guests import provider as fake
from tests.guests.factories import PASSWORD, UserFactory

ADA = {
    "sub": "ada-at-okta",
    "email": "Ada@Example.com",
    "email_verified": True,
    "given_name": "Ada Augusta Elisabeth",
    "family_name": "King, Countess of Lovelace",
}


def entry(**changes: Any) -> dict[str, Any]:
    whole = {
        "provider": "openid_connect",
        "id": "okta",
        "name": "Okta",
        "client_id": fake.CLIENT_ID,
        "secret": fake.CLIENT_SECRET,
        "server_url": "https://okta.example.com",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


@pytest.fixture
def okta(settings: Settings, db: None) -> Iterator[fake.Provider]:
    with fake.running() as provider:
        provider.person = dict(ADA)
        settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([entry(server_url=provider.url)])
        yield provider


def come_in(client: Client) -> Any:
    """Press the button, be sent to the provider, and come back with its answer."""
    there = client.post("/accounts/oidc/okta/login/")
    assert there.status_code == 302
    back = requests.get(there["Location"], allow_redirects=False, timeout=60).headers["Location"]
    return client.get(back.removeprefix("http://testserver"))


def test_a_stranger_becomes_a_guest_whose_names_fit(okta: fake.Provider) -> None:
    client = Client()
    assert come_in(client).status_code == 302
    user = User.objects.get()
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.email, user.role) == ("ada@example.com", "guest")
    assert (user.first_name, user.last_name) == ("Ada Augusta Eli", "King, Countess")
    assert not user.has_usable_password()


def test_who_comes_back_is_the_same_person(okta: fake.Provider) -> None:
    come_in(Client())
    okta.person["email"] = "ada@elsewhere.example.com"
    client = Client()
    come_in(client)
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


def test_a_verified_address_finds_the_account_and_ends_other_ways_into_it(
    okta: fake.Provider,
) -> None:
    user = UserFactory.create(email="ada@example.com")
    squatter = tokens.issue(user)
    SocialAccount.objects.create(user=user, provider="github", uid="squatter")
    client = Client()
    come_in(client)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert SocialAccount.objects.get().uid == "ada-at-okta"
    with pytest.raises(TokenInvalid):
        tokens.rotate(squatter.refresh)
    with pytest.raises(CredentialsInvalid):
        accounts.log_in(email="ada@example.com", password=PASSWORD)


@pytest.mark.parametrize("said", [False, None, "false", "true", 0, 1])
def test_an_address_that_is_not_verified_finds_no_account(okta: fake.Provider, said: Any) -> None:
    UserFactory.create(email="ada@example.com")
    okta.person["email_verified"] = said
    client = Client()
    page = come_in(client)
    assert page.status_code == 409
    assert b"did not confirm an e-mail address" in page.content
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()


def test_an_address_that_is_not_verified_may_make_an_account_that_its_owner_can_claim(
    okta: fake.Provider,
) -> None:
    okta.person |= {"sub": "mallory", "email_verified": "false"}
    come_in(Client())
    okta.person |= {"sub": "ada", "email_verified": True}
    client = Client()
    come_in(client)
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    assert SocialAccount.objects.get().uid == "ada"


def test_a_closed_account_stays_closed(okta: fake.Provider) -> None:
    come_in(Client())
    User.objects.update(is_active=False)
    client = Client()
    come_in(client)
    assert "_auth_user_id" not in client.session


def test_a_code_that_another_browser_asked_for_is_refused(okta: fake.Provider) -> None:
    there = Client().post("/accounts/oidc/okta/login/")
    back = requests.get(there["Location"], allow_redirects=False, timeout=60).headers["Location"]
    victim = Client()
    victim.get(back.removeprefix("http://testserver"))
    assert "_auth_user_id" not in victim.session


def test_nothing_is_begun_by_a_link(okta: fake.Provider) -> None:
    assert Client().get("/accounts/oidc/okta/login/").status_code == 200
    assert Client(enforce_csrf_checks=True).post("/accounts/oidc/okta/login/").status_code == 403


@pytest.mark.parametrize("name", ["oidc/okta", "google", "github"])
@pytest.mark.parametrize("page", ["login", "login/callback"])
def test_without_the_setting_no_page_of_it_is_there(
    settings: Settings, db: None, name: str, page: str
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([])
    assert Client().get(f"/accounts/{name}/{page}/").status_code == 404


@pytest.mark.parametrize("path", ["", "/a-page-that-is-not-there", "/nonsense/.well-known/x"])
def test_a_provider_that_is_down_or_talks_nonsense_is_no_fault_of_ours(
    settings: Settings, okta: fake.Provider, path: str
) -> None:
    server = f"{okta.url}{path}" if path else "http://127.0.0.1:1"
    settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([entry(server_url=server)])
    answer = Client().post("/accounts/oidc/okta/login/")
    assert answer.status_code == 502
    assert b"Logging in did not work" in answer.content


def test_a_provider_that_goes_down_on_the_way_logs_nobody_in(
    settings: Settings, okta: fake.Provider
) -> None:
    client = Client()
    there = client.post("/accounts/oidc/okta/login/")
    back = requests.get(there["Location"], allow_redirects=False, timeout=60).headers["Location"]
    settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([entry(server_url="http://127.0.0.1:1")])
    assert client.get(back.removeprefix("http://testserver")).status_code == 502
    assert "_auth_user_id" not in client.session


def test_a_code_that_the_provider_refuses_logs_nobody_in(okta: fake.Provider) -> None:
    client = Client()
    there = client.post("/accounts/oidc/okta/login/")
    back = requests.get(there["Location"], allow_redirects=False, timeout=60).headers["Location"]
    okta.asked.clear()
    assert client.get(back.removeprefix("http://testserver")).status_code == 401
    assert "_auth_user_id" not in client.session


def test_google_and_github_are_added_the_same_way(settings: Settings, db: None) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = sign_in.read(
        [
            {"provider": "google", "client_id": "g-id", "secret": "g"},
            {"provider": "github", "client_id": "h-id", "secret": "h"},
            entry(),
        ]
    )
    for name, host in [("google", "accounts.google.com"), ("github", "github.com")]:
        there = Client().post(f"/accounts/{name}/login/")["Location"]
        assert there.startswith(f"https://{host}/")
        assert f"client_id={name[0] if name == 'google' else 'h'}-id" in there
        assert "code_challenge=" in there


def test_the_librarys_own_sign_up_form_is_shut(db: None) -> None:
    form = {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, "JSON list"),
        (["okta"], 'entry 1 needs a "provider"'),
        ([entry(provider="myspace")], 'entry 1 needs a "provider"'),
        ([entry(client_id=None)], '"client_id"'),
        ([entry(client_id=" ")], '"client_id"'),
        ([entry(secret=7)], '"secret"'),
        ([entry(id=None)], '"id"'),
        ([entry(id="a b")], '"id" is made of'),
        ([entry(name=None)], '"name"'),
        ([entry(server_url=None)], '"server_url"'),
        ([entry(server_url="http://okta.example.com")], "https://"),
        ([entry(server_url="file:///etc/passwd")], "https://"),
        ([entry(server_url="https://")], "https://"),
        ([entry(serverurl="x")], "not known: serverurl"),
        ([entry(), entry()], "used twice"),
        ([{"provider": "google", "client_id": "x", "secret": "y", "id": 7}], '"id"'),
    ],
)
def test_a_bad_entry_stops_the_start_with_one_clear_line(entries: object, reason: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        sign_in.read(entries)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value) and fake.CLIENT_SECRET not in str(refusal.value)
