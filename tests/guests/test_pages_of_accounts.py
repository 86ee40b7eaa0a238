"""The pages on which a password is forgotten and changed: who is told what, and what ends."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from guests import accounts, tokens
from guests.errors import TokenInvalid
from tests.guests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
NEW = "another-good-password-9"


def ask(email: str) -> Any:
    return Client().post(RESET, {"email": email})


def told(answer: Any) -> tuple[Any, ...]:
    return answer.status_code, answer["Location"], answer.content, sorted(answer.headers.items())


def test_asking_for_a_new_password_tells_nobody_who_is_registered() -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)
    answers = [ask(f"{name}@example.com") for name in ("ada", "gone", "nobody")]
    assert len({str(told(answer)) for answer in answers}) == 1
    # A letter goes out to each, so that not even the time it takes tells them apart.
    assert len(mail.outbox) == 3


def test_a_reset_password_ends_what_the_old_one_opened() -> None:
    user = UserFactory.create(email="ada@example.com")
    pair = tokens.issue(user)
    ask("ADA@example.com")
    link = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
    assert link
    browser = Client()
    page = browser.get(link[0], follow=True)
    form = {"password1": NEW, "password2": NEW}
    assert browser.post(page.request["PATH_INFO"], form).status_code == 302
    assert accounts.log_in(email="ada@example.com", password=NEW) == user
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)
    user.refresh_from_db()
    assert user.token_version == 1
    # The link works once.
    assert "password1" not in Client().get(link[0], follow=True).content.decode()


def test_a_link_changes_nothing_before_the_button_is_pressed() -> None:
    user = UserFactory.create(email="ada@example.com")
    ask("ada@example.com")
    link = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
    assert link
    Client().get(link[0], follow=True)
    assert accounts.log_in(email="ada@example.com", password=PASSWORD) == user


def test_logging_in_on_the_page_answers_alike_for_wrong_and_unknown() -> None:
    UserFactory.create(email="ada@example.com")
    pages = [
        Client()
        .post("/accounts/login/", {"login": f"{name}@example.com", "password": "wrong"})
        .content.decode()
        .replace(name, "")
        for name in ("ada", "nobody")
    ]
    pages = [re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page) for page in pages]
    assert pages[0] == pages[1]
