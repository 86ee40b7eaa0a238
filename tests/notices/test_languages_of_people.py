"""Every letter to somebody with an account is in their language, whoever and whatever causes it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from guests.credentials import letters as account_letters
from guests.models import User
from notices.exports import jobs
from notices.models import Delivery
from reservations.rules import languages
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.notices.scheduled.stays import parked
from tests.web.browsing import form_of
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


@pytest.fixture
def dutch(settings: Settings) -> User:
    """Somebody who has chosen no language, and reserved last at a venue that writes Dutch."""
    settings.LANGUAGE_CODE = "en"
    lot = make_venue("parking")
    Venue.objects.filter(pk=lot.pk).update(language="nl")
    user = UserFactory.create(email="jan@example.com")
    start = timezone.now() - timedelta(days=9)
    parked(user, lot, start, language="en")
    parked(user, lot, start, language=None)
    return user


def test_what_they_chose_comes_first_then_the_page_then_the_newest_reservation(
    dutch: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert languages.of_user(dutch) == "nl"
    assert languages.of_user(dutch, asked="en") == "en"
    assert languages.of_user(UserFactory.create()) == "en"
    (known,) = languages.named(User.objects.filter(pk=dutch.pk))
    dutch.language = "en"
    with django_assert_num_queries(0):
        assert languages.of_user(known) == "nl"
        assert languages.of_user(dutch, asked="nl") == "en"


@pytest.mark.parametrize(
    ("own", "page", "language"), [("", "", "nl"), ("", "en", "en"), ("nl", "en", "nl")]
)
def test_the_letter_about_a_file(
    dutch: User, settings: Settings, tmp_path: Path, own: str, page: str, language: str
) -> None:
    User.objects.filter(pk=dutch.pk).update(language=own)
    settings.STORAGES = {
        **settings.STORAGES,
        "exports": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    jobs.start(User.objects.get(pk=dutch.pk), "parking", language=page)
    while jobs.write_part() is not None:
        pass
    assert Delivery.objects.get().language == language


@pytest.mark.parametrize("act", ["change", "password"])
def test_what_an_administrator_changes_is_told_in_the_language_of_the_person(
    dutch: User, act: str
) -> None:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(AdministratorFactory.create())
    path = f"/admin/guests/user/{dutch.pk}/{act}/"
    form = form_of(browser.get(path), "your_password") | {"your_password": PASSWORD}
    if act == "change":
        form |= {"email": "piet@example.com", "is_active": "on", "role": dutch.role}
    else:
        form |= {"password1": "another horse 7", "password2": "another horse 7"}
    assert browser.post(path, form).status_code == 302
    account_letters.POST.submit(lambda: None).result()
    (letter,) = mail.outbox
    assert letter.to == ["jan@example.com"]
    assert letter.subject == "Je account bij Holdfast is gewijzigd"


def test_what_a_thief_changes_is_told_in_the_language_of_the_person(dutch: User) -> None:
    User.objects.filter(pk=dutch.pk).update(language="nl")
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(dutch)
    form = form_of(browser.get("/me/data/address/"), "email") | {"email": "thief@example.com"}
    form |= {name: PASSWORD for name in form if "password" in name}
    assert browser.post("/me/data/address/", form).status_code == 302
    account_letters.POST.submit(lambda: None).result()
    assert mail.outbox[0].to == ["jan@example.com"]
    assert mail.outbox[0].subject == "Je account bij Holdfast is gewijzigd"
