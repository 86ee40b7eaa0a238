"""What an operator can read afterwards: who, from where, what; and no secret."""

import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from guests import keys, tokens
from guests.models import PartnerKey, User
from tests import log_watch
from tests.guests.factories import PASSWORD, AdministratorFactory, PartnerFactory, UserFactory

pytestmark = pytest.mark.django_db

HERE = "203.0.113.7"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Each audit line so far: the act and its facts."""
    caplog.set_level(logging.INFO, logger="audit")

    def read() -> list[tuple[str, dict[str, str]]]:
        names = ("by", "place", "door", "why", "about", "role")
        return [
            (each.message, {name: vars(each)[name] for name in names if name in vars(each)})
            for each in caplog.records
            if each.name == "audit"
        ]

    return read


@pytest.fixture
def ada() -> User:
    return UserFactory.create(email="ada@example.com")


@pytest.fixture
def boss() -> User:
    return AdministratorFactory.create(email="boss@example.com")


def browser(user: User | None = None) -> Client:
    client = Client(REMOTE_ADDR=HERE)
    if user:
        client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


def log_in(email: str, password: str) -> Any:
    body = {"email": email, "password": password}
    return browser().post("/api/v1/auth/login", body, "application/json")


def test_a_failed_log_in_names_the_account_and_never_what_was_typed(lines: Any, ada: User) -> None:
    log_in("ada@example.com", "wrong")
    log_in("my-password-by-mistake", "wrong")
    browser().post("/admin/login/", {"username": "ada@example.com", "password": "wrong"})
    known = {"by": f"user:{ada.pk}", "place": HERE}
    assert lines() == [
        ("log_in.failed", known | {"door": "api"}),
        ("log_in.failed", {"by": "nobody", "place": HERE, "door": "api"}),
        ("log_in.failed", known | {"door": "admin"}),
    ]


def test_a_place_that_is_held_back_is_told(lines: Any, ada: User, settings: Settings) -> None:
    settings.LOGIN_FAILURES_PER_PLACE = "1/m"
    log_in("nobody@example.com", "wrong")
    log_in("ada@example.com", PASSWORD)
    facts = {"by": f"user:{ada.pk}", "place": HERE, "door": "api", "why": "place"}
    assert lines()[1:] == [("log_in.held_back", facts)]


def test_a_sign_up_and_a_reset_too_many_are_told(lines: Any, settings: Settings) -> None:
    settings.SIGN_UP_RATE = settings.RESETS_PER_PLACE = "1/m"
    form = {"email": "x@example.com", "password": PASSWORD, "phone": "+12025550123"}
    form |= {"first_name": "X", "last_name": "Y"}
    for _ in range(2):
        browser().post("/api/v1/auth/signup", form, "application/json")
        browser().post("/accounts/password/reset/", {"email": "who@example.com"})
    told = [(act, facts.get("why")) for act, facts in lines()]
    assert told == [
        ("reset.asked", None),
        ("limit.reached", "sign-ups"),
        ("limit.reached", "resets"),
    ]


def test_a_refused_token_and_a_refused_key_are_told(lines: Any, ada: User) -> None:
    pair = tokens.issue(ada)
    for headers in (
        {"Authorization": f"Bearer {pair.access}x"},
        {"X-API-Key": keys.new_secret()},
    ):
        assert browser().get("/api/v1/me", headers=headers).status_code == 401
    body = {"refresh": pair.access}
    assert browser().post("/api/v1/auth/refresh", body, "application/json").status_code == 401
    told = [(act, facts["by"], facts["place"]) for act, facts in lines()]
    assert told == [
        ("token.refused", "nobody", HERE),
        ("key.refused", "nobody", HERE),
        ("token.refused", "nobody", HERE),
    ]


def test_keys_are_told_with_who_did_it(lines: Any, boss: User) -> None:
    partner, client = PartnerFactory.create(slug="acme"), browser(boss)
    client.post(
        reverse("admin:guests_partner_issue_key", args=[partner.pk]), {"password": PASSWORD}
    )
    key = PartnerKey.objects.get()
    for act in ("rotate", "revoke"):
        client.post(
            reverse(f"admin:guests_partnerkey_{act}", args=[key.pk]), {"password": PASSWORD}
        )
    facts = {"by": f"user:{boss.pk}", "place": HERE, "about": "partner:acme"}
    assert lines() == [(f"key.{act}", facts) for act in ("issued", "rotated", "revoked")]


def test_a_changed_role_is_told(lines: Any, boss: User, ada: User) -> None:
    form = {"email": "ada@example.com", "role": "staff", "is_active": "on"}
    form |= {"venue_roles-TOTAL_FORMS": "0", "venue_roles-INITIAL_FORMS": "0"}
    browser(boss).post(reverse("admin:guests_user_change", args=[ada.pk]), form)
    [(act, facts)] = lines()
    assert act == "role.changed"
    assert (facts["by"], facts["about"]) == (f"user:{boss.pk}", f"user:{ada.pk}")
    assert facts["role"] == "staff"


def test_an_export_is_told_from_api_and_page(lines: Any, ada: User) -> None:
    client = browser(ada)
    client.get("/me/data/export/")
    access = tokens.issue(ada).access
    browser().get("/api/v1/me/export", headers={"Authorization": f"Bearer {access}"})
    name = f"user:{ada.pk}"
    facts = {"by": name, "place": HERE, "about": name}
    assert lines() == [("person.exported", facts)] * 2


def test_changes_of_a_log_in_are_told(lines: Any, ada: User) -> None:
    new = "another-good-password-9"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    client = browser(ada)
    client.post("/accounts/password/change/", form)
    client.post("/me/data/address/", {"email": "new@example.com", "password": new})
    facts = {"by": f"user:{ada.pk}", "place": HERE}
    assert lines() == [("password.changed", facts), ("address.changed", facts)]


def test_an_audit_line_is_written_whatever_the_log_level_is() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    try:
        assert logging.getLogger("audit").isEnabledFor(logging.INFO)
    finally:
        logging.getLogger().setLevel(logging.INFO)


def test_a_canary_in_the_log_of_the_suite_would_be_found() -> None:
    """The negative control of tests/log_watch.py."""
    logging.getLogger("any").warning("said %s", "Canarina")
    assert len(log_watch.found()) == 1
    logging.getLogger("any").warning("said ada@example.com and %s", keys.new_secret())
    assert not log_watch.found(), "struck out by config/log_lines.py"
