"""Of the sign-in library only pages of ours are there, and a session alone changes no log-in."""

import re
from collections.abc import Iterator
from typing import Any

import allauth.urls
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import check_password
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver
from pytest_django import Settings

from guests.credentials import letters
from guests.models import User
from settings import sign_in
from tests.guests import provider as fake
from tests.guests.factories import PASSWORD, UserFactory
from tests.guests.test_sign_in import ADA, entry

pytestmark = pytest.mark.django_db

NEW = "another-good-password-9"
OURS = {
    "login/",
    "logout/",
    "signup/",
    "password/change/",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/done/",
    "password/reset/key/1-x/",
    "3rdparty/login/cancelled/",
    "3rdparty/login/error/",
    "google/login/",
    "google/login/callback/",
    "github/login/",
    "github/login/callback/",
    "oidc/okta/login/",
    "oidc/okta/login/callback/",
}
CHANGE, ADDRESS, PROVIDERS = "/accounts/password/change/", "/me/data/address/", "/me/data/sign-in/"


def addresses(patterns: list[Any], before: str = "") -> Iterator[str]:
    """Every address that the library would answer at, with something in place of each argument."""
    for each in patterns:
        shape = before + str(each.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, shape)
        elif isinstance(each, URLPattern):
            shape = re.sub(r"\(\?P<uidb36>[^)]*\)-\(\?P<key>[^)]*\)", "1-x", shape)
            shape = re.sub(r"\(\?P<provider_id>[^)]*\)|<\w+:provider_id>", "okta", shape)
            yield re.sub(r"\(\?P<\w+>[^)]*\)|<\w+:\w+>", "x", shape).replace("^", "")


@pytest.fixture
def user() -> User:
    return UserFactory.create(email="ada@example.com")


@pytest.fixture
def inside(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


@pytest.fixture
def okta(settings: Settings) -> Iterator[fake.Provider]:
    with fake.running() as provider:
        provider.person = dict(ADA) | {"email": "thief@example.com", "sub": "thief"}
        settings.SOCIALACCOUNT_PROVIDERS = sign_in.read([entry(server_url=provider.url)])
        yield provider


def told() -> list[tuple[list[str], str]]:
    """Who got a letter, and its text."""
    letters.POST.submit(len, ()).result(timeout=60)
    return [(one.to, str(one.body)) for one in mail.outbox]


LIBRARY = sorted(set(addresses(allauth.urls.urlpatterns)))


def test_the_walk_finds_the_pages_that_did_harm() -> None:
    assert {"email/", "3rdparty/", "inactive/", "reauthenticate/", "password/set/"} <= set(LIBRARY)
    assert set(LIBRARY) > OURS
    assert not [each for each in LIBRARY if re.search(r"[(<\\^$]", each)]


@pytest.mark.parametrize("address", [each for each in LIBRARY if each not in OURS])
def test_a_page_of_the_library_without_one_of_ours_is_not_there(
    inside: Client, address: str
) -> None:
    for client in (inside, Client()):
        assert client.get(f"/accounts/{address}").status_code == 404
        assert client.post(f"/accounts/{address}").status_code == 404


def test_a_session_alone_changes_no_password(inside: Client, user: User) -> None:
    for given in ("", "wrong"):
        form = {"oldpassword": given, "password1": NEW, "password2": NEW}
        assert inside.post(CHANGE, form).status_code == 200
    user.refresh_from_db()
    assert check_password(PASSWORD, user.password)


def test_with_the_current_one_the_password_is_changed_and_told(inside: Client, user: User) -> None:
    other = Client()
    other.force_login(user, backend="config.page_log_in.HeldBack")
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert inside.post(CHANGE, form)["Location"] == "/me/data/"
    user.refresh_from_db()
    assert check_password(NEW, user.password)
    assert inside.get("/me/data/").status_code == 200
    assert other.get("/me/data/").status_code == 302
    [(to, text)] = told()
    assert to == ["ada@example.com"] and "the password" in text


def test_guesses_of_the_current_password_are_held_back_as_log_ins_are(
    inside: Client, settings: Settings
) -> None:
    settings.LOGIN_FAILURE_RATE = "2/m"
    form = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    assert [inside.post(CHANGE, form).status_code for _ in range(3)] == [200, 200, 429]
    assert inside.post(ADDRESS, {"email": "x@example.com", "password": PASSWORD}).status_code == 429


def test_a_session_alone_changes_no_address(inside: Client, user: User) -> None:
    for given in ("", "wrong"):
        form = {"email": "thief@example.com", "password": given}
        assert inside.post(ADDRESS, form).status_code == 200
    user.refresh_from_db()
    assert user.email == "ada@example.com"


def test_with_the_password_the_address_is_changed_and_the_old_one_told(
    inside: Client, user: User
) -> None:
    UserFactory.create(email="bob@example.com")
    for refused in ("bob@example.com", "no address"):
        form = {"email": refused, "password": PASSWORD}
        assert inside.post(ADDRESS, form).context["form"].errors["email"]
    answer = inside.post(ADDRESS, {"email": "New@example.com", "password": PASSWORD})
    assert answer["Location"] == "/me/data/"
    user.refresh_from_db()
    assert user.email == "new@example.com"
    [(to, text)] = told()
    assert to == ["ada@example.com"] and "the e-mail address" in text


def come_back(client: Client, there: Any) -> Any:
    back = requests.get(there["Location"], allow_redirects=False, timeout=5).headers["Location"]
    return client.get(back.removeprefix("http://testserver"))


def test_a_session_alone_connects_no_provider(inside: Client, okta: fake.Provider) -> None:
    for path in ("/accounts/oidc/okta/login/?process=connect", PROVIDERS):
        form = {"act": "connect okta", "password": "wrong", "process": "connect"}
        there = inside.post(path, form)
        if there.status_code == 302:
            assert come_back(inside, there).status_code == 403
    assert not SocialAccount.objects.exists()


def test_with_the_password_a_provider_is_connected_and_disconnected_and_both_are_told(
    inside: Client, user: User, okta: fake.Provider
) -> None:
    assert "Connect Okta" in inside.get(PROVIDERS).content.decode()
    there = inside.post(PROVIDERS, {"act": "connect okta", "password": PASSWORD})
    assert come_back(inside, there)["Location"] == PROVIDERS
    account = SocialAccount.objects.get(user=user)
    act = f"disconnect {account.pk}"
    inside.post(PROVIDERS, {"act": act, "password": "wrong"})
    assert SocialAccount.objects.exists()
    inside.post(PROVIDERS, {"act": act, "password": PASSWORD})
    assert not SocialAccount.objects.exists()
    assert [to for to, _ in told()] == [["ada@example.com"]] * 2


def test_nobody_disconnects_what_is_another_persons(inside: Client, okta: fake.Provider) -> None:
    theirs = SocialAccount.objects.create(user=UserFactory.create(), provider="okta", uid="x")
    form = {"act": f"disconnect {theirs.pk}", "password": PASSWORD}
    assert inside.post(PROVIDERS, form).status_code == 200
    assert SocialAccount.objects.exists()


def test_who_has_no_password_sets_one_by_letter_first(inside: Client, user: User) -> None:
    user.set_unusable_password()
    user.save()
    inside.force_login(user, backend="config.page_log_in.HeldBack")
    assert inside.get(CHANGE)["Location"] == "/accounts/password/reset/"
    for page in (ADDRESS, PROVIDERS):
        shown = inside.get(page).content.decode()
        assert "You have no password yet" in shown
        assert 'name="password"' not in shown
    assert inside.post(ADDRESS, {"email": "x@example.com", "password": "!"}).status_code == 200
    user.refresh_from_db()
    assert user.email == "ada@example.com"
    Client().post("/accounts/password/reset/", {"email": "ada@example.com"})
    assert "/accounts/password/reset/key/" in told()[0][1]
