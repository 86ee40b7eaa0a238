"""Whoever unsubscribes means themselves: the wish stays theirs when their address changes."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client

from guests.credentials import letters as account_letters
from guests.models import User
from notices import opt_outs, preferences, suppressions
from notices.models import OptOut
from notices.scheduled import monthly_reports
from reservations.privacy import erasure, subjects
from tests.factories import DESK
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.web.browsing import form_of

OLD, NEW = "ada@example.com", "ada@example.org"
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return UserFactory.create(email=OLD)


def by_herself(user: User) -> None:
    browser = Client()
    browser.force_login(user)
    form = form_of(browser.get("/me/data/address/"), "email") | {"email": NEW}
    form |= {name: PASSWORD for name in form if "password" in name}
    assert browser.post("/me/data/address/", form).status_code == 302
    account_letters.POST.submit(lambda: None).result()


def by_an_administrator(user: User) -> None:
    browser = Client()
    browser.force_login(AdministratorFactory.create())
    path = f"/admin/guests/user/{user.pk}/change/"
    form = form_of(browser.get(path), "your_password")
    form |= {"email": NEW, "your_password": PASSWORD, "is_active": "on", "role": user.role}
    assert browser.post(path, form).status_code == 302
    account_letters.POST.submit(lambda: None).result()


Act = Callable[[User], None]
both_ways = pytest.mark.parametrize("move", [by_herself, by_an_administrator])


def path_to(kind: str, address: str, user: User | None) -> str:
    return urlsplit(opt_outs.link(kind, address, user)).path


def is_ended(kind: str, user: User) -> bool:
    user.refresh_from_db()
    return opt_outs.is_ended(opt_outs.letters_to(kind, user.email, user))


@both_ways
@pytest.mark.parametrize("kind", opt_outs.KINDS)
def test_who_unsubscribes_and_then_moves_gets_none(
    client: Client, ada: User, move: Act, kind: str
) -> None:
    client.post(path_to(kind, OLD, ada))
    move(ada)
    assert ada.email == OLD
    assert is_ended(kind, ada)
    assert ada.email == NEW


@both_ways
def test_what_was_noted_of_the_address_alone_moves_too(ada: User, move: Act) -> None:
    """As before accounts were noted, and by letters about stays without an account."""
    opt_outs.end(opt_outs.letters_to(opt_outs.REPORT, OLD))
    move(ada)
    ada.refresh_from_db()
    assert monthly_reports.why_unwanted(ada) == "unsubscribed"
    assert preferences.stated(ada)["monthly_report"] is False
    assert preferences.stated(ada)["reminders"] is True


@pytest.mark.parametrize("kind", opt_outs.KINDS)
def test_a_letter_to_the_old_address_ends_those_to_the_new_one(
    client: Client, ada: User, kind: str
) -> None:
    path = path_to(kind, OLD, ada)
    by_herself(ada)
    client.post(path)
    assert is_ended(kind, ada)
    assert b"Send them again" in client.get(path).content
    client.post(path, {"again": "1"})
    assert not is_ended(kind, ada)


def test_who_moves_and_switches_them_on_gets_them(client: Client, ada: User) -> None:
    client.post(path_to(opt_outs.REPORT, OLD, ada))
    by_herself(ada)
    ada.refresh_from_db()
    preferences.change(ada, {"monthly_report": True})
    assert not is_ended(opt_outs.REPORT, ada)
    assert preferences.stated(ada)["monthly_report"] is True


def test_who_has_the_address_afterwards_has_wishes_of_their_own(client: Client, ada: User) -> None:
    path = path_to(opt_outs.REPORT, OLD, ada)
    by_herself(ada)
    bob = UserFactory.create(email=OLD)
    preferences.change(bob, {"monthly_report": True})
    assert not is_ended(opt_outs.REPORT, bob)
    client.post(path)
    assert is_ended(opt_outs.REPORT, ada)


def test_a_letter_to_somebody_elses_address_ends_only_what_goes_there(
    client: Client, ada: User
) -> None:
    """Ada booked for Bob, at his address: what he wants no more is not hers to lose."""
    client.post(path_to(opt_outs.REMINDER, "bob@example.com", ada))
    assert not is_ended(opt_outs.REMINDER, ada)
    assert opt_outs.is_ended(opt_outs.letters_to(opt_outs.REMINDER, "bob@example.com", ada))


def test_a_suppression_is_of_the_address_and_stays_there(ada: User) -> None:
    suppressions.suppress("mail", OLD, reason="gone")
    by_herself(ada)
    assert suppressions.reason_of("mail", OLD) == "gone"
    assert suppressions.reason_of("mail", NEW) == ""


def test_nothing_is_kept_of_an_account_that_is_erased(client: Client, ada: User) -> None:
    path = path_to(opt_outs.REPORT, OLD, ada)
    client.post(path)
    assert OptOut.objects.count() == 2
    erasure.erase(subjects.of_user(ada), by=DESK)
    assert OptOut.objects.count() == 1
    assert client.post(path).status_code == 200
    assert opt_outs.is_ended(opt_outs.letters_to(opt_outs.REPORT, OLD))
