"""What waited while nothing was sent becomes one letter, with the newest facts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import outbox
from notices.letters import composition
from notices.letters.kinds import CANCELLED, CHANGED, CONFIRMED, HELD, REINSTATED, UNIT_FIXED
from notices.models import Delivery
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, make_venue
from tests.notices import letters
from tests.notices.letters import ADA, entry_of, told
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _time(clock: FrozenDateTimeFactory) -> None:
    """Time stands still in each of these."""


@pytest.fixture
def lot() -> Venue:
    return make_venue("parking", units=3)


def move(row: Reservation, hours: int, *, at_once: bool = False) -> None:
    times = Times(starts_at=NOON + hours * HOUR, ends_at=NOON + (hours + 2) * HOUR)
    actions.modify(reservation_id=row.pk, change=Change(times=times), by=DESK)
    if at_once:
        outbox.dispatch()


@pytest.mark.parametrize("at_once", [True, False], ids=["handed on at once", "handed on late"])
def test_five_changes_are_one_letter(lot: Venue, at_once: bool) -> None:
    row = letters.hold(lot)
    told()
    for hours in range(1, 6):
        move(row, hours, at_once=at_once)
    (letter,) = told()
    text = letters.text_of(letter)
    assert letter["Subject"].startswith("Changed")
    assert "Start: Monday 1 March 2027, 12:00 → Monday 1 March 2027, 17:00" in text
    assert text.count("Start:") == 1
    entry = entry_of(letter)
    assert entry is not None
    assert entry[0] == "REQUEST"
    assert entry[1]["DTSTART"].dt == NOON + 5 * HOUR
    assert entry[1]["SEQUENCE"] == Reservation.objects.get(pk=row.pk).version
    outcomes = Delivery.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["sent", *["superseded"] * 4, "sent"]
    assert told() == []


def test_who_was_not_told_of_the_confirmation_is_told_that(lot: Venue) -> None:
    Venue.objects.filter(pk=lot.pk).update(email="desk@example.com", receives_notices=True)
    row = letters.hold(lot)
    for hours in range(1, 6):
        move(row, hours)
    found = {str(letter["To"]): letter for letter in told()}
    assert set(found) == {"ada@example.com", "desk@example.com"}
    assert found["desk@example.com"]["Subject"].startswith("New: Ada Lovelace")
    letter = found["ada@example.com"]
    assert letter["Subject"].startswith("Confirmed: Test venue, Monday 1 March 2027, 17:00")
    assert "What has changed" not in letters.text_of(letter)
    entry = entry_of(letter)
    assert entry is not None
    assert entry[1]["SEQUENCE"] == Reservation.objects.get(pk=row.pk).version


def test_a_cancellation_at_the_end_is_the_only_letter(lot: Venue) -> None:
    row = letters.hold(lot)
    told()
    move(row, 1)
    move(row, 2)
    actions.cancel(reservation_id=row.pk, by=DESK)
    (letter,) = told()
    entry = entry_of(letter)
    assert entry is not None
    assert entry[0] == "CANCEL"
    assert entry[1]["SEQUENCE"] == Reservation.objects.get(pk=row.pk).version


def test_a_change_that_was_told_is_not_told_again(lot: Venue) -> None:
    row = letters.hold(lot)
    told()
    move(row, 1)
    told()
    move(row, 2)
    (letter,) = told()
    assert "13:00 → Monday 1 March 2027, 14:00" in letters.text_of(letter)


def test_texts_wait_together_too(lot: Venue, settings: Settings, tmp_path: Path) -> None:
    settings.SMS_TO_FILES, settings.SMS, settings.EMAIL_FILE_PATH = True, None, str(tmp_path)
    row = letters.hold(lot, contact=replace(ADA, receive_text_notification=True))
    for hours in range(1, 6):
        move(row, hours)
    told()
    (file,) = tmp_path.glob("sms-*.txt")
    assert "confirms Monday 1 March 2027, 17:00" in file.read_text()


def test_a_venue_with_the_address_of_the_guest_has_its_own_letter(lot: Venue) -> None:
    Venue.objects.filter(pk=lot.pk).update(email="ada@example.com", receives_notices=True)
    letters.hold(lot)
    found = letters.subjects(told())
    assert sorted(subject.split(":")[0] for subject in found) == ["Confirmed", "New"]


@pytest.mark.parametrize(
    ("waited", "expected"),
    [
        ([CHANGED], CHANGED),
        ([CONFIRMED, CHANGED, CHANGED], CONFIRMED),
        ([CONFIRMED, UNIT_FIXED], CONFIRMED),
        ([CHANGED, UNIT_FIXED], CHANGED),
        ([UNIT_FIXED, CHANGED], CHANGED),
        ([HELD, CONFIRMED, CHANGED], CONFIRMED),
        ([CHANGED, CANCELLED], CANCELLED),
        ([CANCELLED, CHANGED], CANCELLED),
        ([CANCELLED, REINSTATED, CHANGED], REINSTATED),
        ([CONFIRMED, CANCELLED, REINSTATED], CONFIRMED),
    ],
)
def test_what_the_one_letter_is(waited: Sequence[str], expected: str) -> None:
    assert composition.kind_together(waited) == expected
