"""Guests are told of payments and refunds, once, in their language, and of no more than is so."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from config import outbox
from notices.models import Delivery
from payments import links, posting, recording
from payments.methods import Method
from payments.models import Checkout
from payments.recording import Taken
from payments.refunds import card_refunds, payouts
from payments.refunds.payouts import Payout
from reservations import actions
from reservations.models import Reservation
from tests.admin.browsing import address, browser_of, text_of
from tests.factories import DESK, make_venue
from tests.guests.factories import StaffFactory
from tests.notices import letters
from tests.notices.letters import told
from tests.payments import memory_cards
from tests.payments.cards import begin, press, settle

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _time(clock: FrozenDateTimeFactory, settings: Any) -> None:
    settings.PAYMENTS = {
        "fake": {"class": "payments.providers.fake.Fake"},
        **{name: one | {"venues": []} for name, one in memory_cards.PAYMENTS.items()},
    }
    memory_cards.forget()


@pytest.fixture
def row() -> Reservation:
    """A confirmed table for ten euros, of which its guest was told."""
    made = letters.hold(make_venue("restaurant", confirms_at_once=True, units=3))
    subjects()
    return made


def subjects() -> list[str]:
    """Hands on what happened, and sends it."""
    outbox.dispatch()
    return [letter["Subject"].strip() for letter in told()]


def test_a_payment_at_the_desk_is_told_with_its_receipt(row: Reservation) -> None:
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=400), by=DESK)
    outbox.dispatch()
    (letter,) = told()
    assert letter["Subject"].strip().startswith("Paid: €4.00, Test venue")
    body = letters.text_of(letter)
    assert "received your payment of €4.00" in body and "Paid: €4.00" in body
    assert f"/reservations/{row.code}/" in body
    assert letters.entry_of(letter) is None
    assert subjects() == []


def test_a_refund_is_told_when_the_money_has_gone(row: Reservation) -> None:
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=400), by=DESK)
    subjects()
    actions.cancel(reservation_id=row.pk, by=DESK)
    outbox.dispatch()
    (cancelled,) = told()
    assert "You get €4.00 back." in letters.text_of(cancelled)
    posting.post_waiting()
    (refund,) = payouts.waiting(row.venue_id)
    payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    outbox.dispatch()
    (letter,) = told()
    assert letter["Subject"].strip().startswith("€4.00 goes back to you")
    assert "card" not in letters.text_of(letter)


def test_a_refund_to_a_card_says_that_banks_take_days(row: Reservation) -> None:
    memory_cards.pay(row, 1_000)
    actions.cancel(reservation_id=row.pk, by=DESK)
    subjects()
    card_refunds.settle_waiting()
    card_refunds.send_waiting()
    outbox.dispatch()
    (letter,) = told()
    assert "the card you paid with" in letters.text_of(letter)


def test_letters_of_money_and_of_the_reservation_replace_each_other_never(row: Reservation) -> None:
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=400), by=DESK)
    recording.give_back(row.pk, amount_minor=100, reason="x", by=DESK)
    actions.cancel(reservation_id=row.pk, by=DESK)
    found = subjects()
    assert [one.split(":")[0].split(" ")[0] for one in found] == ["Paid", "€1.00", "Cancelled"]


def held() -> Reservation:
    made = letters.hold(make_venue("restaurant", confirms_at_once=False, units=1))
    Reservation.objects.filter(pk=made.pk).update(due_now_minor=1_000)
    subjects()
    return Reservation.objects.get(pk=made.pk)


def test_a_payment_that_failed_is_told_to_who_has_left_the_page(
    clock: FrozenDateTimeFactory,
) -> None:
    row = held()
    checkout = begin(row)
    press(checkout, "decline")
    settle(checkout)
    assert subjects() == []
    clock.tick(6 * MINUTE)
    (subject,) = subjects()
    assert subject.startswith("Your payment did not go through")


def test_who_pays_again_gets_no_letter_of_what_failed(clock: FrozenDateTimeFactory) -> None:
    row = held()
    for outcome in ("decline", "pay"):
        checkout = begin(row)
        press(checkout, outcome)
        settle(checkout)
    found = subjects()
    assert [one.split(":")[0] for one in found] == ["Confirmed", "Paid"]
    clock.tick(6 * MINUTE)
    assert subjects() == []


def test_who_was_not_charged_is_told_what_is_free(clock: FrozenDateTimeFactory) -> None:
    row = held()
    checkout = begin(row)
    press(checkout, "late")
    clock.tick(timedelta(hours=2))
    actions.confirm(reservation_id=letters.hold(row.venue).pk, by=DESK)
    subjects()
    settle(checkout)
    outbox.dispatch()
    (letter,) = told()
    assert letter["Subject"].strip().startswith("You were not charged")
    body = letters.text_of(letter)
    assert f"/venues/{row.venue.slug}/book/?starts_at=" in body and "Find another time" in body


def test_the_desk_sends_a_link_once(row: Reservation) -> None:
    clerk = browser_of(StaffFactory.create(clerk_at=[row.venue]))
    assert "Send a payment link" in text_of(clerk.get(address("change", row)))
    once = str(uuid4())
    for _press in range(2):
        answer = clerk.post(f"/admin/payment-links/{row.pk}/", {"once": once}, follow=True)
    assert answer.status_code == 200
    outbox.dispatch()
    (letter,) = told()
    assert letter["Subject"].strip().startswith("Please pay €10.00")
    assert f"/reservations/{row.code}/pay/" in letters.text_of(letter)
    assert Checkout.objects.count() == 1
    other = browser_of(StaffFactory.create(staff_venues=[make_venue("hotel")]))
    assert other.post(f"/admin/payment-links/{row.pk}/").status_code == 404
    assert Client().post(f"/admin/payment-links/{row.pk}/").status_code == 302


def test_a_link_is_of_no_use_once_it_is_paid(row: Reservation) -> None:
    links.send(row.pk, by=DESK)
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=1_000), by=DESK)
    found = subjects()
    assert [one.split(":")[0] for one in found] == ["Paid"]
    assert Delivery.objects.filter(kind="payment.link", outcome="superseded").count() == 1


def test_money_is_told_without_updates_and_in_dutch(row: Reservation) -> None:
    Reservation.objects.update(receive_email_updates=False, language="nl")
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=400), by=DESK)
    (subject,) = subjects()
    assert subject.startswith("Betaald: ")
