"""A message that waits while its receiver is corrected goes to the new address or number."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import outbox
from guests.models import User
from notices import batches, data_proofs, sent, suppressions
from notices.letters import receivers
from notices.letters.kinds import KINDS, READDRESSED
from notices.models import Delivery
from notices.scheduled import erasure_notices
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change, Contact, Times
from tests.api.calling import partner, person
from tests.factories import DESK, NOON, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, UserFactory
from tests.notices import letters
from tests.notices.letters import ADA, told
from tests.web.browsing import form_of
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
OLD, NEW = "ada@example.com", "ada@example.org"
WRONG, RIGHT = ADA.phone, "+31205550000"


@pytest.fixture(autouse=True)
def _time(clock: FrozenDateTimeFactory) -> None:
    """Time stands still in each of these."""


@pytest.fixture
def lot() -> Venue:
    return make_venue("parking", units=3)


@pytest.fixture
def texts(settings: Settings, tmp_path: Path) -> Callable[[], list[str]]:
    """What was sent by text: the number, and the message."""
    settings.SMS, settings.SMS_TO_FILES = None, True
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return lambda: [file.read_text() for file in sorted(tmp_path.glob("sms-*.txt"))]


def wants_texts(**fields: Any) -> Contact:
    known = {name: getattr(ADA, name) for name in ADA.__slots__}
    return Contact(**{**known, "receive_text_notification": True, **fields})


def change(row: Reservation, **fields: Any) -> None:
    actions.modify(reservation_id=row.pk, change=Change(**fields), by=DESK)


def by_the_guest(row: Reservation) -> None:
    browser = Client()
    browser.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    path = f"/reservations/{row.code}/change/"
    form = form_of(browser.get(path), "version") | {"phone": RIGHT}
    assert browser.post(path, form | {"look": "yes"}).status_code == 302


def by_the_desk(row: Reservation) -> None:
    browser = Client()
    browser.force_login(AdministratorFactory.create())
    path = f"/admin/reservations/reservation/{row.pk}/modify/"
    form = form_of(browser.get(path), "version") | {"phone": RIGHT}
    assert browser.post(path, form).status_code == 302


def by_the_guest_of_the_api(row: Reservation) -> None:
    user = UserFactory.create(email="somebody@example.com")
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    assert person(user).patch(f"/reservations/{row.pk}", {"phone": RIGHT}).status_code == 200


def by_the_partner(row: Reservation) -> None:
    agency = PartnerFactory.create(slug="agency", has_all_venues=True)
    Reservation.objects.filter(pk=row.pk).update(partner="agency")
    assert partner(agency).patch(f"/reservations/{row.pk}", {"phone": RIGHT}).status_code == 200


@pytest.mark.parametrize("is_handed_on", [True, False])
@pytest.mark.parametrize(
    "act", [by_the_guest, by_the_desk, by_the_guest_of_the_api, by_the_partner]
)
def test_a_text_that_waits_goes_to_the_corrected_number(
    lot: Venue,
    texts: Callable[[], list[str]],
    act: Callable[[Reservation], None],
    is_handed_on: bool,
) -> None:
    row = letters.hold(lot, contact=wants_texts())
    outbox.dispatch()
    assert set(Delivery.objects.filter(channel="sms").values_list("to", flat=True)) == {WRONG}
    act(row)
    if is_handed_on:
        outbox.dispatch()
    batches.send_batch()
    told()
    (text,) = texts()
    assert RIGHT in text and row.code in text and WRONG not in text


def test_one_text_speaks_for_all_that_waited(lot: Venue, texts: Callable[[], list[str]]) -> None:
    row = letters.hold(lot, contact=wants_texts())
    change(row, times=Times(starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR))
    outbox.dispatch()
    change(row, details={"phone": RIGHT})
    change(row, times=Times(starts_at=NOON + 2 * HOUR, ends_at=NOON + 4 * HOUR))
    told()
    (text,) = texts()
    assert RIGHT in text and "confirms" in text


def test_without_a_number_and_without_the_wish_none_is_sent(
    lot: Venue, texts: Callable[[], list[str]]
) -> None:
    row, other = (letters.hold(lot, contact=wants_texts()) for _ in range(2))
    outbox.dispatch()
    change(row, details={"phone": RIGHT, "receive_text_notification": False})
    Reservation.objects.filter(pk=other.pk).update(phone="")
    told()
    assert texts() == []


def test_a_letter_that_waits_or_is_sent_again_speaks_the_language_of_now(lot: Venue) -> None:
    row = letters.hold(lot)
    outbox.dispatch()
    change(row, language="nl")
    (letter,) = told()
    assert letter["Subject"].startswith("Bevestigd")
    change(row, language="en")
    sent_one = Delivery.objects.get(kind="reservation.confirmed")
    assert (sent_one.language, sent.send_again(sent_one)) == ("nl", True)
    (letter,) = told()
    assert letter["Subject"].startswith("Confirmed")


@pytest.mark.parametrize("channel", ["mail", "sms", "chat"])
def test_a_message_to_an_account_has_the_language_chosen_meanwhile(channel: str) -> None:
    user = UserFactory.create(email=OLD, phone=WRONG)
    waiting = make("evening", channel, {"mail": OLD, "sms": WRONG}.get(channel, "7"), user=user)
    receivers.follow(waiting)
    assert waiting.language == ""
    User.objects.filter(pk=user.pk).update(language="nl")
    waiting = Delivery.objects.get(pk=waiting.pk)
    receivers.follow(waiting)
    assert waiting.language == "nl"
    waiting.refresh_from_db()
    assert waiting.language == "nl"


@pytest.mark.parametrize("kind", [*KINDS, "reminder", "erasure.notice"])
@pytest.mark.parametrize(("channel", "old", "new"), [("mail", OLD, NEW), ("sms", WRONG, RIGHT)])
def test_every_kind_about_a_reservation_follows(
    lot: Venue, kind: str, channel: str, old: str, new: str
) -> None:
    row = letters.hold(lot)
    waiting = make(kind, channel, old, reservation=row)
    Reservation.objects.filter(pk=row.pk).update(email=NEW, phone=RIGHT)
    receivers.follow(waiting)
    assert waiting.to == new
    waiting.refresh_from_db()
    assert waiting.to == new


@pytest.mark.parametrize("kind", ["report", "evening", "export.done"])
@pytest.mark.parametrize(("channel", "old", "new"), [("mail", OLD, NEW), ("sms", WRONG, RIGHT)])
def test_every_kind_to_an_account_follows(kind: str, channel: str, old: str, new: str) -> None:
    user = UserFactory.create(email=OLD, phone=WRONG)
    waiting = make(kind, channel, old, user=user)
    User.objects.filter(pk=user.pk).update(email=NEW, phone=RIGHT)
    receivers.follow(Delivery.objects.get(pk=waiting.pk))
    waiting.refresh_from_db()
    assert waiting.to == new


def test_what_belongs_to_one_address_alone_stays_there(lot: Venue) -> None:
    row = letters.hold(lot)
    user = UserFactory.create()
    old = make(READDRESSED, "mail", "before@example.com", reservation=row)
    proof = make(data_proofs.KIND, "sms", WRONG)
    chat = make("evening", "chat", str(user.pk), user=user)
    done = make(KINDS[0], "mail", "before@example.com", reservation=row, done_at=NOON)
    waiting = make(KINDS[1], "mail", "before@example.com", reservation=row)
    for each in (old, proof, chat, waiting):
        receivers.follow(each)
    assert [old.to, proof.to, chat.to] == ["before@example.com", WRONG, str(user.pk)]
    assert waiting.to == OLD
    done.refresh_from_db()
    assert done.to == "before@example.com"


def test_capitals_make_no_other_receiver(lot: Venue) -> None:
    waiting = make(KINDS[0], "mail", "ADA@Example.com", reservation=letters.hold(lot))
    receivers.follow(waiting)
    assert waiting.to == "ADA@Example.com"


def test_a_letter_to_the_venue_follows_the_venue(lot: Venue) -> None:
    Venue.objects.filter(pk=lot.pk).update(email="old@example.com", receives_notices=True)
    letters.hold(lot)
    outbox.dispatch()
    Venue.objects.filter(pk=lot.pk).update(email="new@example.com")
    assert {str(letter["To"]) for letter in told()} == {OLD, "new@example.com"}


def test_a_letter_that_waits_follows_once_and_not_into_a_suppression(
    lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    """The old address refuses letters: that is why it was corrected."""
    row = letters.hold(lot)
    outbox.dispatch()
    suppressions.suppress("mail", OLD, reason="550")
    change(row, details={"email": NEW})
    clock.tick(HOUR / 60)
    batches.send_batch()
    assert [message.to for message in mail.outbox] == [[NEW]]
    told()
    assert [message.to for message in mail.outbox] == [[NEW]]


@pytest.mark.parametrize("is_sent", [True, False])
@pytest.mark.parametrize("is_handed_on", [True, False])
def test_the_letter_about_a_hold_goes_to_the_corrected_address(
    clock: FrozenDateTimeFactory, is_sent: bool, is_handed_on: bool
) -> None:
    venue = make_venue("restaurant", units=1, horizon=None)
    Venue.objects.filter(pk=venue.pk).update(tells_holds=True)
    row = letters.hold(venue)
    outbox.dispatch()
    if is_sent:
        assert [str(letter["To"]) for letter in told()] == [OLD]
    change(row, details={"email": NEW})
    clock.tick(HOUR / 60)
    if is_handed_on:
        outbox.dispatch()
    seen = len(mail.outbox) if is_sent else 0
    batches.send_batch()
    told()
    assert [message.to for message in mail.outbox[seen:]] == [[NEW]]


@pytest.mark.parametrize("details", [{"receive_email_updates": False}, {"email": ""}])
def test_a_hold_that_nobody_is_told_of_leads_to_no_letter(details: dict[str, Any]) -> None:
    venue = make_venue("restaurant", units=1, horizon=None)
    Venue.objects.filter(pk=venue.pk).update(tells_holds=True)
    row = letters.hold(venue)
    change(row, details={"email": NEW, **details})
    assert told() == []


def test_without_the_wish_of_the_venue_a_hold_is_told_to_nobody() -> None:
    row = letters.hold(make_venue("restaurant", units=1, horizon=None))
    change(row, details={"email": NEW})
    assert told() == []


def test_a_notice_of_erasure_that_waits_follows(
    lot: Venue, settings: Settings, clock: FrozenDateTimeFactory
) -> None:
    settings.RETENTION_DAYS = {"parking": 30}
    user = UserFactory.create(email=OLD)
    row = letters.hold(lot)
    Reservation.objects.filter(pk=row.pk).update(guest=user, email="")
    told()
    clock.move_to(row.ends_at + timedelta(days=31))
    erasure_notices.sweep()
    assert Delivery.objects.get(kind=erasure_notices.KIND).to == OLD
    User.objects.filter(pk=user.pk).update(email=NEW)
    assert [str(letter["To"]) for letter in told()] == [NEW]


def make(kind: str, channel: str, to: str, **fields: Any) -> Delivery:
    return Delivery.objects.create(
        kind=kind, channel=channel, lane=channel, to=to, created_at=NOON, next_try_at=NOON,
        dedupe=f"{kind}:{channel}:{Delivery.objects.count()}", **fields,
    )  # fmt: skip
