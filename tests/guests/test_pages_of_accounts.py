"""The pages on which a password is forgotten and changed: who is told what, and what ends."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from guests import accounts, tokens
from guests.credentials import letters
from guests.errors import TokenInvalid
from tests.guests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
NEW = "another-good-password-9"


def ask(email: str) -> Any:
    return Client().post(RESET, {"email": email})


def sent() -> list[EmailMessage]:
    """Letters, once all that were posted are sent."""
    letters.POST.submit(len, ()).result(timeout=60)
    return mail.outbox


def told(answer: Any) -> tuple[Any, ...]:
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("Expires", "Request-Id")
    }
    return answer.status_code, answer["Location"], answer.content, sorted(headers.items())


def test_asking_for_a_new_password_tells_nobody_who_is_registered() -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)
    answers = [ask(f"{name}@example.com") for name in ("nobody", "gone", "ada")]
    assert len({str(told(answer)) for answer in answers}) == 1
    # Letters are sent after the answer and in order, so those of others would have come before.
    assert [letter.to for letter in sent()] == [["ada@example.com"]]


def test_a_letter_is_made_for_every_address_so_that_the_time_tells_nobody() -> None:
    UserFactory.create(email="ada@example.com")
    ask("somebody@example.com")
    counts = set()
    for name in ("nobody", "ada"):
        with CaptureQueriesContext(connection) as asked:
            ask(f"{name}@example.com")
        counts.add(len(asked))
    assert len(counts) == 1


def test_one_place_asks_for_so_many_and_one_address_gets_so_many(settings: Settings) -> None:
    settings.RESETS_PER_PLACE, settings.RESETS_PER_ACCOUNT = "4/m", "2/h"
    UserFactory.create(email="ada@example.com")
    assert [ask("ada@example.com").status_code for _ in range(5)] == [302] * 4 + [429]
    assert len(sent()) == 2
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert elsewhere.post(RESET, {"email": "ada@example.com"}).status_code == 302
    assert len(sent()) == 2
    page = ask("ada@example.com")
    assert "Too many new passwords were asked for from this network address" in str(page.content)


def test_a_reset_password_ends_what_the_old_one_opened() -> None:
    user = UserFactory.create(email="ada@example.com")
    pair = tokens.issue(user)
    ask("ADA@example.com")
    link = re.search(r"/accounts/password/reset/key/\S+", str(sent()[0].body))
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
    link = re.search(r"/accounts/password/reset/key/\S+", str(sent()[0].body))
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
