"""Who is told what by which channel, in which language: kind by preference, all of them.

A table says what goes out. Each play leads to every kind of notice once, with one set of
preferences, and everything is sent: letters in memory, texts and chat into files.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from itertools import product
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import outbox
from guests.models import User
from notices import preferences
from notices.exports import jobs
from notices.fan_out import MOMENT_TO_PAY_AGAIN
from notices.letters.kinds import KINDS, READDRESSED
from notices.models import Delivery
from notices.scheduled import erasure_notices, evening_words, monthly_reports, reminders
from reservations import actions, event_types, events, sweeps
from reservations.event_types import Entry
from reservations.models import Reservation
from reservations.requests import Change, Contact, Times
from tests.factories import DESK, NOON, make_venue
from tests.guests.factories import UserFactory
from tests.notices import letters
from tests.notices.letters import told
from tests.notices.scheduled.stays import parked
from venues.models import Reminder, Resource, Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ALWAYS, IF_MAIL, IF_TEXT, NEVER = "always", "if mail is wanted", "if texts are wanted", "never"

OF_RESERVATIONS = {
    # kind: (by mail, by text)
    "reservation.held": (IF_MAIL, IF_TEXT),
    "reservation.expired": (IF_MAIL, IF_TEXT),
    "reservation.confirmed": (ALWAYS, IF_TEXT),
    "reservation.changed": (ALWAYS, IF_TEXT),
    "reservation.unit_fixed": (IF_MAIL, IF_TEXT),
    "reservation.reinstated": (ALWAYS, IF_TEXT),
    "reservation.cancelled": (ALWAYS, IF_TEXT),
    "reservation.readdressed": (ALWAYS, NEVER),
    "payment.link": (ALWAYS, IF_TEXT),
    "payment.failed": (ALWAYS, IF_TEXT),
    "payment.voided": (ALWAYS, IF_TEXT),
    "payment.captured": (ALWAYS, IF_TEXT),
    "payment.refunded": (ALWAYS, IF_TEXT),
    "reminder": (IF_MAIL, IF_TEXT),
    "erasure.notice": (IF_MAIL, NEVER),
}
WORDS = {"en": "Hello Ada", "nl": "Hallo Ada"}


@pytest.fixture(autouse=True)
def _files(clock: FrozenDateTimeFactory, settings: Settings, tmp_path: Path) -> None:
    settings.SMS_TO_FILES, settings.SMS, settings.EMAIL_FILE_PATH = True, None, str(tmp_path)
    settings.CHAT_TO_FILES = True


@pytest.fixture
def hotel() -> Venue:
    venue = make_venue("hotel", units=5, unit_choice="venue", horizon=None)
    Venue.objects.filter(pk=venue.pk).update(tells_holds=True, tells_expiries=True)
    for channel in ("mail", "sms"):
        Reminder.objects.create(venue=venue, before=3 * HOUR, channel=channel)
    return Venue.objects.get(pk=venue.pk)


def sent(channel: str) -> set[str]:
    return set(
        Delivery.objects.filter(channel=channel, outcome="sent").values_list("kind", flat=True)
    )


def is_told(rule: str, *, mail: bool, text: bool) -> bool:
    return {ALWAYS: True, IF_MAIL: mail, IF_TEXT: text, NEVER: False}[rule]


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("mail", [True, False], ids=["mail", "no mail"])
@pytest.mark.parametrize("text", [True, False], ids=["texts", "no texts"])
def test_what_goes_out_about_a_reservation(
    hotel: Venue, clock: FrozenDateTimeFactory, settings: Settings, tmp_path: Path,
    mail: bool, text: bool, language: str,
) -> None:  # fmt: skip
    contact = Contact(
        first_name="Ada", last_name="Lovelace", phone="+31201234567", email="ada@example.com",
        receive_email_updates=mail, receive_text_notification=text,
    )  # fmt: skip
    found = [*_live_through(hotel, contact, language, clock, settings)]
    expected = {
        channel: {
            kind
            for kind, rules in OF_RESERVATIONS.items()
            if is_told(rules[number], mail=mail, text=text)
        }
        for number, channel in enumerate(("mail", "sms"))
    }
    assert {channel: sent(channel) for channel in expected} == expected
    assert not Delivery.objects.exclude(language=language).exists()
    greeted = [one for one in found if WORDS[language] in letters.text_of(one)]
    assert greeted
    other = WORDS["nl" if language == "en" else "en"]
    assert not [one for one in found if other in letters.text_of(one)]
    assert len(list(tmp_path.glob("sms-*.txt"))) == Delivery.objects.filter(
        channel="sms", outcome="sent"
    ).count()  # fmt: skip


def test_the_table_has_every_kind() -> None:
    assert {*KINDS, READDRESSED} == set(OF_RESERVATIONS) - {"reminder", "erasure.notice"}


def _live_through(
    venue: Venue, contact: Contact, language: str, clock: FrozenDateTimeFactory, settings: Settings
) -> Iterator[EmailMessage]:
    nights = Times(check_in=NOON.date(), check_out=NOON.date() + 2 * DAY)
    letters.hold(venue, contact=contact, times=nights, language=language)
    row = letters.hold(venue, contact=contact, times=nights, language=language)
    yield from told()
    actions.confirm(reservation_id=row.pk, by=DESK)
    yield from told()
    clock.tick(HOUR)
    sweeps.expire_holds()
    yield from told()
    longer = Times(check_in=NOON.date(), check_out=NOON.date() + 3 * DAY)
    actions.modify(reservation_id=row.pk, change=Change(times=longer), by=DESK)
    yield from told()
    other = Resource.objects.filter(venue=venue).exclude(allocations__reservation=row).first()
    assert other is not None
    fixed = Change(resource=other.pk, override_reason="a quiet one")
    actions.modify(reservation_id=row.pk, change=fixed, by=DESK)
    yield from told()
    actions.cancel(reservation_id=row.pk, by=DESK)
    yield from told()
    actions.reinstate(reservation_id=row.pk, reason="by mistake", by=DESK)
    yield from told()
    change = Change(details={"email": "ada@example.org"})
    actions.modify(reservation_id=row.pk, change=change, by=DESK)
    yield from told()
    row.refresh_from_db()
    for told_of in _of_money():
        with transaction.atomic():
            events.record(row, told_of, at=timezone.now(), by=DESK)
        outbox.dispatch()
        # A payment that failed may be made again first.
        clock.tick(MOMENT_TO_PAY_AGAIN)
        yield from told()
    clock.move_to(row.starts_at - 3 * HOUR)
    reminders.sweep()
    yield from told()
    settings.RETENTION_DAYS = {"hotel": 30}
    clock.move_to(row.ends_at + 20 * DAY)
    erasure_notices.sweep()
    yield from told()


def _of_money() -> Iterator[Entry]:
    yield event_types.PAYMENT_LINK(
        {"payment": "1", "amount_minor": 500, "purpose": "pay", "is_authentication": False}
    )
    yield event_types.PAYMENT_FAILED({"payment": "1", "amount_minor": 500, "reason": ""})
    yield event_types.PAYMENT_VOIDED({"payment": "1", "amount_minor": 500})
    yield event_types.PAYMENT_CAPTURED({"payment": "1", "amount_minor": 500, "method": "card"})
    yield event_types.PAYMENT_REFUNDED(
        {"refund": "1", "payment": "1", "amount_minor": 500, "method": "card", "reason": ""}
    )


@pytest.mark.parametrize("language", ["en", "nl"])
def test_what_goes_out_to_an_account(
    clock: FrozenDateTimeFactory, settings: Settings, language: str
) -> None:
    """Each person has one set of preferences. All sweeps run once."""
    lot, at = make_venue("parking", units=50), datetime(2027, 3, 1, 18, 30, tzinfo=NOON.tzinfo)
    expected: set[tuple[int, str, str]] = set()
    wishes = product((True, False), repeat=4)
    for channel, (mail, text, report, remind) in product(("mail", "sms", "chat"), wishes):
        user = _person(lot, channel, language)
        User.objects.filter(pk=user.pk).update(
            receive_email_updates=mail, receive_text_notification=text, monthly_report=report,
            reminders=remind,
        )  # fmt: skip
        parked(user, lot, at - 20 * DAY)
        coming = parked(
            user, lot, at + 3 * HOUR, receive_email_updates=mail, receive_text_notification=text,
            language=language,
        )  # fmt: skip
        assert coming.guest_id == user.pk
        if {"mail": mail, "sms": text, "chat": True}[channel]:
            expected.add((user.pk, "evening", channel))
        if mail and report:
            expected.add((user.pk, "report", "mail"))
        expected |= {
            (user.pk, "reminder", by)
            for by, is_wanted in (("mail", mail and remind), ("sms", text and remind))
            if is_wanted
        }
    for channel in ("mail", "sms"):
        Reminder.objects.create(venue=lot, before=3 * HOUR, channel=channel)
    clock.move_to(at)
    assert reminders.sweep() + evening_words.sweep() + monthly_reports.sweep() == len(expected)
    told()
    rows = Delivery.objects.filter(outcome="sent")
    assert set(rows.values_list("user", "kind", "channel")) == expected
    assert set(rows.values_list("language", flat=True)) == {language}


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("evening", {"evening_at": None}),
        ("evening", {"receive_email_updates": False}),
        ("evening", {"evening_channel": "sms"}),
        ("report", {"monthly_report": False}),
        ("report", {"receive_email_updates": False}),
        ("reminder", {"reminders": False}),
    ],
)
def test_what_is_refused_while_it_waits_is_not_sent(
    clock: FrozenDateTimeFactory, kind: str, refusal: dict[str, object]
) -> None:
    lot, at = make_venue("parking", units=9), datetime(2027, 3, 1, 18, 30, tzinfo=NOON.tzinfo)
    user = _person(lot, "mail", "en")
    parked(user, lot, at - 20 * DAY)
    parked(user, lot, at + 3 * HOUR)
    Reminder.objects.create(venue=lot, before=3 * HOUR)
    clock.move_to(at)
    for sweep in (reminders.sweep, evening_words.sweep, monthly_reports.sweep):
        assert sweep() == 1
    User.objects.filter(pk=user.pk).update(**refusal)
    told()
    row = Delivery.objects.get(kind=kind)
    assert row.outcome in ("suppressed", "dropped")


REFUSES: dict[str, object] = {"receive_email_updates": False, "receive_text_notification": False}
ELSEWHERE: dict[str, object] = {"email": "other@example.com", "phone": "+31205550000"}


@pytest.mark.parametrize(
    ("change", "where"),
    [(REFUSES, set()), (ELSEWHERE, {"other@example.com", "+31205550000"})],
    ids=["wants none", "is reached elsewhere"],
)
def test_a_guest_who_changes_this_while_it_waits_is_told_there_or_not_at_all(
    hotel: Venue, clock: FrozenDateTimeFactory, change: dict[str, object], where: set[str]
) -> None:
    contact = Contact(
        first_name="Ada", last_name="L", phone="+31201234567", email="ada@example.com",
        receive_text_notification=True,
    )  # fmt: skip
    nights = Times(check_in=NOON.date(), check_out=NOON.date() + 2 * DAY)
    row = letters.hold(hotel, contact=contact, times=nights)
    outbox.dispatch()
    Reservation.objects.filter(pk=row.pk).update(**change)
    told()
    sent_ones = Delivery.objects.filter(outcome="sent")
    assert set(sent_ones.values_list("to", flat=True)) == where
    Delivery.objects.all().delete()
    Reservation.objects.filter(pk=row.pk).update(
        email=contact.email, phone=contact.phone, receive_email_updates=True,
        receive_text_notification=True, confirmed_at=row.created_at, hold_expires_at=None,
    )  # fmt: skip
    row.refresh_from_db()
    clock.move_to(row.starts_at - 3 * HOUR)
    assert reminders.sweep() == 2
    Reservation.objects.filter(pk=row.pk).update(**change)
    told()
    assert set(sent_ones.values_list("to", flat=True)) == where


@pytest.mark.parametrize("mail", [True, False], ids=["mail", "no mail"])
def test_whoever_asked_for_a_file_is_told_by_mail_if_they_want_it(mail: bool) -> None:
    user = UserFactory.create(receive_email_updates=mail)
    jobs.start(user, "parking", language="nl")
    while jobs.write_part() is not None:
        pass
    assert letters.subjects(told()) == (["Je bestand staat klaar"] if mail else [])


def _person(lot: Venue, channel: str, language: str) -> User:
    user = UserFactory.create(time_zone="UTC", language=language, phone="+31201234567")
    wish = {
        "evening_at": time(18, 30),
        "evening_channel": channel,
        "chat_url": "https://chat.googleapis.com/v1/spaces/A/messages?key=k",
    }
    return preferences.change(user, wish)
