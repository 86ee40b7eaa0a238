"""Whom a delivery went to is forgotten with the person, and told to the person who asks."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from notices import claims
from notices.channels import Result
from notices.mail.composers import Letter
from notices.mail.files import EmailBackend
from notices.mail.messages import message_of
from notices.models import Attempt, Delivery
from notices.models.delivery import Outcome
from notices.senders import message_files
from reservations.models import Reservation
from reservations.privacy import data_export, erasure, retention, subjects
from reservations.requests import Contact
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import UserFactory
from tests.notices.test_claims import Recording, draft
from tests.notices.test_claims import sender as sender  # noqa: PLC0414
from tests.reservations.facts import DAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON - DAY, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


EMAIL = "ada@example.com"
ADA = Contact(first_name="Ada", last_name="Byron", phone="+31201234567", email=EMAIL)


def booked() -> Reservation:
    return hold(make_venue("restaurant", units=3, confirms_at_once=True), contact=ADA)


def letter(row: Reservation | None, name: str = "a", **fields: object) -> Delivery:
    made = draft(
        name, to=EMAIL, reservation=row, data={"name": "Ada"}, dedupe=f"event:1:mail:{EMAIL}"
    )
    made.message_id = f"<{EMAIL}>"
    for field, value in fields.items():
        setattr(made, field, value)
    made.save()
    return made


def test_a_letter_that_was_sent_names_nobody() -> None:
    told = letter(booked(), done_at=NOON, outcome=Outcome.SENT)
    Attempt.objects.create(delivery=told, at=NOON, took_ms=1, outcome="sent", detail=f"to {EMAIL}")
    erasure.erase(subjects.of_email(EMAIL), by=DESK)
    told.refresh_from_db()
    assert (told.to, told.lane, told.data, told.message_id) == ("erased", "erased", {}, "")
    assert EMAIL not in told.dedupe
    assert told.outcome == Outcome.SENT
    assert told.tries.get().detail == ""


def test_a_letter_that_waits_is_dropped(sender: Recording) -> None:
    told = letter(booked())
    erasure.erase(subjects.of_email(EMAIL), by=DESK)
    told.refresh_from_db()
    assert (told.outcome, told.done_at is not None) == (Outcome.DROPPED, True)
    assert claims.claim(by="me", only=["mail"]) == []


def test_a_letter_on_its_way_records_nothing_afterwards(sender: Recording) -> None:
    letter(booked(), next_try_at=NOON - DAY, created_at=NOON - DAY)
    (claimed,) = claims.claim(by="me", only=["mail"])
    erasure.erase(subjects.of_email(EMAIL), by=DESK)
    result = Result(outcome=Outcome.SENT, message_id=EMAIL, detail=EMAIL)
    assert not claims.record(claimed, result)
    assert not Attempt.objects.exists()


def test_a_word_to_an_account_stays_as_a_number() -> None:
    user = UserFactory.create()
    told = letter(None, user=user)
    erasure.erase(subjects.of_user(user), by=DESK)
    told.refresh_from_db()
    assert (told.user_id, told.to) == (None, "erased")


def test_files_to_an_account_whose_address_nobody_proved_are_deleted(
    settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    user = UserFactory.create(email=EMAIL)
    told = letter(None, user=user, kind="report", done_at=NOON, outcome=Outcome.SENT)
    text = letter(None, "b", dedupe="b", channel="sms", user=user, done_at=NOON)
    other = letter(None, "c", dedupe="c", kind="report", done_at=NOON)
    EmailBackend().send_messages(
        [message_of(each, Letter(subject="a", text="b")) for each in (told, other)]
    )
    message_files.write(text, to="+31201234567", text="Hello Ada")
    assert len(list(tmp_path.iterdir())) == 3
    erasure.erase(subjects.of_user(user), by=DESK)
    (left,) = tmp_path.iterdir()
    assert f"<{other.pk}.report." in left.read_text()


def test_a_webhook_loses_the_guest_and_is_sent_all_the_same() -> None:
    fat = {"type": "reservation.created", "data": {"id": "1", "reservation": {"email": EMAIL}}}
    told = letter(
        booked(), channel="webhook", to="7", dedupe="w", body=orjson.dumps(fat).decode(), data={}
    )
    erasure.erase(subjects.of_email(EMAIL), by=DESK)
    told.refresh_from_db()
    assert orjson.loads(told.body) == {"type": "reservation.created", "data": {"id": "1"}}
    assert (told.to, told.done_at) == ("7", None)


def test_others_letters_stay() -> None:
    venue = make_venue("restaurant", units=3, confirms_at_once=True)
    hold(venue, contact=ADA)
    bob = hold(
        venue,
        contact=Contact(
            first_name="Bob", last_name="Ross", phone="+31201234568", email="bob@example.com"
        ),
    )
    told = letter(bob, to="bob@example.com")
    erasure.erase(subjects.of_email(EMAIL), by=DESK)
    told.refresh_from_db()
    assert (told.to, told.done_at) == ("bob@example.com", None)


def test_the_export_lists_what_was_sent() -> None:
    row = booked()
    letter(row, done_at=NOON, outcome=Outcome.SENT)
    letter(row, to="desk@example.com", dedupe="v", data={"to_venue": True})
    (told,) = data_export.of_subject(subjects.of_email(EMAIL))["further"]["deliveries"]
    assert (told["to"], told["venue_slug"], told["outcome"]) == (EMAIL, None, "sent")


def test_retention_waits_for_a_letter_that_is_on_its_way(
    frozen: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.RETENTION_DAYS, settings.RETENTION_NOTICE = {"restaurant": 10}, timedelta(0)
    row = booked()
    frozen.move_to(row.ends_at + 11 * DAY)
    now = row.ends_at + 11 * DAY
    told = letter(row, useful_until=now + timedelta(hours=1))
    assert retention.blank_old() == {}
    frozen.move_to(now + timedelta(hours=1))
    assert retention.blank_old()["reservations"] == 1
    told.refresh_from_db()
    assert told.outcome == Outcome.DROPPED
