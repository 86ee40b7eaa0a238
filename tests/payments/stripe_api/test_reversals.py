"""What is refunded or disputed at the provider appears on the reservation, once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments import doctor, folio, ledger, recording, sweeps
from payments.methods import Method
from payments.models import Checkout, Document, Entry, Payment, ProviderEvent, Refund
from payments.outside import reversals
from payments.providers.fake_stripe.server import FakeStripe
from payments.providers.protocol import Found, Reading
from payments.refunds import card_refunds, payouts, promises
from payments.refunds.payouts import Payout
from reservations import clock
from reservations.errors import Invalid
from reservations.models import Reservation
from tests.factories import DESK
from tests.guests.races import race
from tests.payments.cards import PRICE, begin, fresh, held
from tests.payments.stripe_api.paying import press, report, settled, taking_cards

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cards(fake: FakeStripe) -> Iterator[None]:
    with taking_cards(fake):
        yield


@pytest.fixture
def checkout(fake: FakeStripe) -> Checkout:
    made = begin(held())
    press(made)
    assert settled(made) == "captured"
    report(fake)
    return made


def row_of(checkout: Checkout) -> Reservation:
    return fresh(Reservation.objects.get(payments__checkout=checkout))


def events(checkout: Checkout) -> list[tuple[str, Any]]:
    told = row_of(checkout).events.filter(name__startswith="payment.").order_by("pk")
    return [(one.name, one.data["amount_minor"]) for one in told][1:]


def agree(checkout: Checkout, paid: int) -> None:
    assert row_of(checkout).paid_minor == paid
    assert list(doctor.differences()) == []


def test_a_refund_in_the_dashboard_appears_once(fake: FakeStripe, checkout: Checkout) -> None:
    fake.refund(checkout.ref, 300)
    report(fake)
    report(fake)
    reversals.ask(checkout.pk)
    agree(checkout, PRICE - 300)
    assert events(checkout) == [("payment.refunded_outside", 300)]
    told = folio.of(row_of(checkout), clock.now())
    assert [(one.kind, one.state, one.amount_minor) for one in told.items] == [
        ("payment", "captured", PRICE),
        ("refund", "refunded", 300),
    ]
    assert told.refundable_minor == PRICE - 300
    fake.refund(checkout.ref)
    report(fake)
    agree(checkout, 0)
    assert Payment.objects.get().state == "refunded"


def test_a_lost_webhook_loses_no_refund(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory
) -> None:
    fake.webhooks.is_lost = True
    fake.refund(checkout.ref, 300)
    sweeps.settle_open()
    agree(checkout, PRICE)
    frozen.tick(timedelta(days=1))
    sweeps.settle_open()
    agree(checkout, PRICE - 300)
    frozen.tick(timedelta(days=180))
    assert reversals.ask_again() == 0


def test_a_dispute_takes_the_money_and_winning_it_returns_it(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory
) -> None:
    dispute = fake.dispute(checkout.ref)
    report(fake)
    report(fake)
    agree(checkout, 0)
    frozen.tick(timedelta(days=1))
    fake.close_dispute(dispute, "won")
    report(fake)
    agree(checkout, PRICE)
    assert events(checkout) == [("payment.disputed", PRICE), ("payment.disputed", 0)]
    kinds = [one.kind for one in folio.of(row_of(checkout), clock.now()).items]
    assert kinds == ["payment", "refund", "payment"]


def test_a_dispute_that_is_lost_stays(fake: FakeStripe, checkout: Checkout) -> None:
    dispute = fake.dispute(checkout.ref, 400)
    report(fake)
    fake.close_dispute(dispute, "lost")
    report(fake)
    agree(checkout, PRICE - 400)
    assert events(checkout) == [("payment.disputed", 400)]


def test_answers_at_once_and_old_ones_count_once(fake: FakeStripe, checkout: Checkout) -> None:
    fake.refund(checkout.ref, 300)
    fake.dispute(checkout.ref, 200)
    assert not [one for one in race(6, lambda: reversals.ask(checkout.pk)) if one is not None]
    agree(checkout, PRICE - 500)
    before = clock.now() - timedelta(seconds=1)
    old = Reading(state=Found.CAPTURED, captured_minor=PRICE)
    reversals.note(checkout.pk, old, asked_at=before)
    agree(checkout, PRICE - 500)


def test_without_the_comparison_under_the_lock_it_would_count_twice(
    fake: FakeStripe, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what is known is left out of the sum."""
    fake.refund(checkout.ref, 300)
    monkeypatch.setattr(reversals, "_sum", lambda _refunds: 0)
    reversals.ask(checkout.pk)
    reversals.ask(checkout.pk)
    assert row_of(checkout).paid_minor == PRICE - 600


def test_a_refund_of_ours_is_not_taken_for_theirs(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory
) -> None:
    payment = Payment.objects.get(checkout=checkout)
    ours = Refund.objects.create(
        reservation=payment.reservation, payment=payment, state="open", amount_minor=300,
        at=clock.now(), begun_at=clock.now(), by="user:1", by_kind="staff",
    )  # fmt: skip
    # Under way: the provider has done it, and we have not recorded it.
    fake.refund(checkout.ref, 300)
    frozen.tick(timedelta(minutes=1))
    reversals.ask(checkout.pk)
    agree(checkout, PRICE)
    Refund.objects.filter(pk=ours.pk).update(state="failed")
    frozen.tick(timedelta(minutes=1))
    reversals.ask(checkout.pk)
    agree(checkout, PRICE - 300)


@pytest.mark.parametrize("others", [200, 500, 900])
def test_what_others_gave_back_is_not_promised_any_more(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory, others: int
) -> None:
    row = row_of(checkout)
    recording.give_back(row.pk, amount_minor=500, reason="x", by=DESK)
    fake.refund(checkout.ref, others)
    frozen.tick(timedelta(minutes=1))
    reversals.ask(checkout.pk)
    agree(checkout, PRICE - others)
    left = max(0, 500 - others)
    assert promises.promised(row_of(checkout)).amount_minor == left
    card_refunds.send_waiting()
    agree(checkout, PRICE - others - left)
    back = sum(one["amount"] for one in fake.account.all("refund"))
    assert back == others + left


def test_what_stood_for_our_promise_and_came_back_is_owed_again(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory
) -> None:
    recording.give_back(row_of(checkout).pk, amount_minor=300, reason="x", by=DESK)
    refund = fake.refund(checkout.ref, 300)
    report(fake)
    assert promises.promised(row_of(checkout)).amount_minor == 0
    frozen.tick(timedelta(days=2))
    refund["status"] = "failed"
    fake.account.get("charge", refund["charge"])["amount_refunded"] = 0
    fake.account.tell("refund.failed", refund)
    report(fake)
    agree(checkout, PRICE)
    owed = payouts.waiting(row_of(checkout).venue_id).get()
    assert (owed.state, owed.amount_minor) == ("failed", 300)


def test_a_refund_of_others_that_the_bank_sends_back_is_paid_again(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory
) -> None:
    refund = fake.refund(checkout.ref, 300)
    report(fake)
    agree(checkout, PRICE - 300)
    frozen.tick(timedelta(days=2))
    refund["status"] = "failed"
    fake.account.get("charge", refund["charge"])["amount_refunded"] = 0
    fake.account.tell("refund.failed", refund)
    report(fake)
    agree(checkout, PRICE)
    assert events(checkout)[-1] == ("payment.refund_failed", 300)
    assert Refund.objects.get().state == "withdrawn"


def test_a_refund_of_ours_that_the_bank_sends_back_is_owed_again(
    fake: FakeStripe, checkout: Checkout, frozen: FrozenDateTimeFactory
) -> None:
    recording.give_back(row_of(checkout).pk, amount_minor=300, reason="x", by=DESK)
    card_refunds.send_waiting()
    reversals.ask(checkout.pk)
    agree(checkout, PRICE - 300)
    (made,) = fake.account.all("refund")
    frozen.tick(timedelta(days=2))
    made["status"] = "failed"
    fake.account.get("charge", made["charge"])["amount_refunded"] = 0
    fake.account.tell("refund.failed", made)
    report(fake)
    agree(checkout, PRICE)
    assert events(checkout)[-1] == ("payment.refund_failed", 300)
    refund = Refund.objects.get()
    assert (refund.state, refund.detail) == ("failed", "sent_back")
    assert payouts.waiting(row_of(checkout).venue_id).get() == refund
    # It goes again, out of the till, and each way of the money has its receipt.
    payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    row = row_of(checkout)
    assert row.paid_minor == PRICE - 300 == ledger.paid(ledger.nets([row.pk])[row.pk])
    totals = Document.objects.order_by("pk").values_list("total_minor", flat=True)
    assert list(totals) == [PRICE, -300, 300, -300]


def test_who_is_not_confirmed_yet_is_left_to_settling(fake: FakeStripe) -> None:
    made = begin(held())
    reversals.ask(made.pk)
    assert Entry.objects.exclude(kind="price").count() == 0


def test_events_of_unknown_payments_are_handled_without_harm(
    fake: FakeStripe, checkout: Checkout
) -> None:
    checkout_ref = checkout.ref
    Checkout.objects.filter(pk=checkout.pk).update(ref="cs_of_nobody")
    fake.refund(checkout_ref, 300)
    report(fake)
    agree(checkout, PRICE)
    assert ProviderEvent.objects.filter(handled_at=None).count() == 0


def test_what_the_desk_gives_back_stops_at_what_is_left(
    fake: FakeStripe, checkout: Checkout
) -> None:
    fake.refund(checkout.ref, 900)
    report(fake)
    with pytest.raises(Invalid):
        recording.give_back(row_of(checkout).pk, amount_minor=101, reason="x", by=DESK)
