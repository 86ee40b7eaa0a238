"""Guests are told before retention erases them, and retention waits for that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.models import Partner
from notices import tasks
from notices.models import Delivery, ErasureNotice
from notices.scheduled import erasure_notices
from reservations.models import Reservation
from reservations.privacy import erasure, retention, subjects
from tests.factories import DESK, NOON, make_venue
from tests.guests.factories import UserFactory
from tests.notices import letters
from tests.notices.letters import told
from tests.notices.scheduled.stays import parked
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EMAIL = "ada@example.com"


@pytest.fixture(autouse=True)
def frozen(settings: Settings) -> Iterator[FrozenDateTimeFactory]:
    """Ten days of data in restaurants, four days of notice."""
    settings.RETENTION_DAYS, settings.RETENTION_NOTICE = {"restaurant": 10}, 4 * DAY
    with freeze_time(NOON, real_asyncio=True) as frozen:
        yield frozen  # type: ignore[misc]


@pytest.fixture
def venue() -> Venue:
    venue = make_venue("restaurant")
    Venue.objects.filter(pk=venue.pk).update(name="Bistro", email="desk@example.com")
    return Venue.objects.get(pk=venue.pk)


def ended(venue: Venue, days: int = 0, **fields: Any) -> Reservation:
    """A stay of Ada that ended at NOON, or so many days before."""
    start = NOON - timedelta(days=days, hours=2)
    return parked(
        None, venue, start, checked_in_at=start, checked_out_at=start + 2 * SECOND, **fields
    )


def names() -> list[str]:
    return list(Reservation.objects.order_by("pk").values_list("first_name", flat=True))


def at(frozen: FrozenDateTimeFactory, when: datetime) -> None:
    frozen.move_to(when)
    tasks.tell_of_erasure()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_it_is_told_days_before_and_erased_then(
    venue: Venue, frozen: FrozenDateTimeFactory, language: str
) -> None:
    row = ended(venue, language=language)
    at(frozen, NOON + 6 * DAY - SECOND)
    assert told() == []
    at(frozen, NOON + 6 * DAY)
    (letter,) = told()
    assert letter["To"] == EMAIL
    assert letter["Reply-To"] == "desk@example.com"
    subject = {"en": "Bistro erases your data soon", "nl": "Bistro wist binnenkort je gegevens"}
    assert letter["Subject"] == subject[language]
    text = letters.text_of(letter)
    day = {"en": "Thursday 11 March 2027", "nl": "donderdag 11 maart 2027"}
    assert day[language] in text and row.code in text and "/data/" in text
    assert row.code in letters.parts(letter)["text/html"].get_content()
    at(frozen, NOON + 10 * DAY - SECOND)
    assert told() == []
    assert retention.blank_old() == {}
    frozen.move_to(NOON + 10 * DAY)
    assert dict(retention.preview())
    assert retention.blank_old()["reservations"] == 1
    assert names() == ["Erased"]
    assert not ErasureNotice.objects.exists()


def test_retention_waits_for_the_notice(venue: Venue, frozen: FrozenDateTimeFactory) -> None:
    """Where it was switched on later, or nothing ran, the guest still has the whole time."""
    ended(venue)
    frozen.move_to(NOON + 300 * DAY)
    assert retention.blank_old() == {} and not dict(retention.preview())
    at(frozen, NOON + 300 * DAY)
    assert len(told()) == 1
    frozen.move_to(NOON + 304 * DAY - SECOND)
    assert retention.blank_old() == {}
    frozen.move_to(NOON + 304 * DAY)
    assert retention.blank_old()["reservations"] == 1


def test_who_cannot_be_told_is_not_waited_for(venue: Venue, frozen: FrozenDateTimeFactory) -> None:
    ended(venue, email="")
    ended(venue, receive_email_updates=False)
    Partner.objects.create(slug="agency", name="Agency", notifies_guests=True)
    ended(venue, partner="agency")
    at(frozen, NOON + 10 * DAY)
    assert told() == []
    assert retention.blank_old()["reservations"] == 3


def test_one_letter_tells_of_all_stays_of_an_address(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    rows = [ended(venue, days) for days in range(3)]
    other = ended(venue, email="bob@example.com")
    mine = ended(venue, email="")
    user = UserFactory.create(email=EMAIL)
    Reservation.objects.filter(pk=mine.pk).update(guest=user)
    at(frozen, NOON + 6 * DAY)
    found = {str(letter["To"]): letters.text_of(letter) for letter in told()}
    assert set(found) == {EMAIL, "bob@example.com"}
    assert all(row.code in found[EMAIL] for row in [*rows, mine])
    assert other.code not in found[EMAIL]
    at(frozen, NOON + 7 * DAY)
    assert told() == []


def test_batches_tell_each_stay_once(
    venue: Venue, frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.SWEEP_BATCH = 2
    for number in range(5):
        ended(venue, email=f"guest{number}@example.com")
    at(frozen, NOON + 6 * DAY)
    assert len(told()) == 5
    assert erasure_notices.sweep() == 0


def test_a_stay_that_is_not_over_is_left_alone(
    venue: Venue, frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.RETENTION_DAYS = {"restaurant": 1}
    parked(None, venue, NOON + DAY)
    at(frozen, NOON)
    assert told() == []
    assert not ErasureNotice.objects.exists()


def test_who_is_erased_or_refuses_meanwhile_gets_no_letter(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    ended(venue)
    ended(venue, email="bob@example.com")
    at(frozen, NOON + 6 * DAY)
    erasure.erase(subjects.of_email(EMAIL), by=DESK)
    Reservation.objects.filter(email="bob@example.com").update(receive_email_updates=False)
    assert told() == []
    assert set(Delivery.objects.values_list("outcome", flat=True)) == {"dropped"}
    assert ErasureNotice.objects.count() == 1


def test_no_notice_is_none(venue: Venue, settings: Settings) -> None:
    settings.RETENTION_NOTICE = timedelta(0)
    ended(venue, 20)
    assert erasure_notices.sweep() == 0
    assert retention.blank_old()["reservations"] == 1


def test_scratch_venues_tell_nobody(venue: Venue, frozen: FrozenDateTimeFactory) -> None:
    Venue.objects.filter(pk=venue.pk).update(slug="scratch--1", is_listed=False)
    ended(Venue.objects.get(pk=venue.pk))
    at(frozen, NOON + 6 * DAY)
    assert told() == []


def test_the_command_tells_first(venue: Venue, frozen: FrozenDateTimeFactory) -> None:
    ended(venue)
    frozen.move_to(NOON + 10 * DAY)
    said = StringIO()
    call_command("retention", stdout=said)
    assert "1 reservations: their guests are told first." in said.getvalue()
    assert names() == ["Ada"]
    frozen.move_to(NOON + 14 * DAY)
    call_command("retention", stdout=said)
    assert names() == ["Erased"]
