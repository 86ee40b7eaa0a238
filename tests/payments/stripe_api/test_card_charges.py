"""A stored card is charged for a no-show or a late cancelling: once, and within what was agreed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.callers import Caller
from payments import card_charges, checkouts, doctor, settling, sweeps
from payments.errors import NoGuarantee
from payments.models import Checkout, Payment
from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import Failure
from payments.providers.fake_stripe.server import FakeStripe
from payments.providers.protocol import Purpose
from payments.providers.stripe import Stripe
from reservations.errors import Forbidden, Invalid, WrongStatus
from reservations.models import Reservation
from tests.factories import DESK, NOON
from tests.guests.races import race
from tests.payments.cards import PRICE, begin, fresh, held, table
from tests.payments.stripe_api.paying import press, settled, taking_cards

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cards(fake: FakeStripe) -> Iterator[None]:
    with taking_cards(fake):
        yield


def absent(frozen: FrozenDateTimeFactory, outcome: str = "pay") -> Reservation:
    """A guest who stored a card and did not come."""
    row = held(table(cancel_fee_percent=100, cancel_deadline=timedelta(days=9)), asks=0)
    Reservation.objects.filter(pk=row.pk).update(asks_guarantee=True)
    checkout = begin(fresh(row), Purpose.GUARANTEE)
    press(checkout, outcome)
    assert settled(checkout) == "captured"
    Reservation.objects.filter(pk=row.pk).update(no_show_at=NOON)
    frozen.move_to(NOON + timedelta(hours=1))
    return fresh(row)


def charge(row: Reservation, amount: int = PRICE) -> Payment:
    return card_charges.charge(row.pk, amount_minor=amount, reason="no-show", by=DESK)


def taken(fake: FakeStripe) -> int:
    return sum(one["amount_captured"] for one in fake.account.all("charge"))


def agree(row: Reservation, paid: int, fake: FakeStripe) -> None:
    assert fresh(row).paid_minor == paid == taken(fake)
    assert list(doctor.differences()) == []


def test_a_no_show_is_charged(fake: FakeStripe, frozen: FrozenDateTimeFactory) -> None:
    row = absent(frozen)
    assert charge(row).state == "captured"
    agree(row, PRICE, fake)


def test_no_more_is_charged_than_was_agreed(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = absent(frozen)
    for amount in (PRICE + 1, 0, -1):
        with pytest.raises(Invalid):
            charge(row, amount)
    charge(row, 600)
    with pytest.raises(Invalid):
        charge(row, 401)
    charge(row, 400)
    agree(row, PRICE, fake)


def test_charges_at_once_stay_within_what_was_agreed(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = absent(frozen)
    outcomes = race(4, lambda: charge(row, 600))
    assert sum(isinstance(one, Payment) for one in outcomes) == 1, outcomes
    agree(row, 600, fake)


def test_a_link_and_a_stored_card_take_what_is_owed_once(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = absent(frozen)
    link = begin(row)
    charge(row)
    assert settled(link) == "voided"
    # Their page is closed, and what they paid in the same moment would be let go.
    agree(row, PRICE, fake)


def test_who_pays_by_the_link_first_is_not_charged_too(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = absent(frozen)
    link = begin(row)
    press(link)
    Checkout.objects.filter(pk=link.pk).update(state="authorised")
    with pytest.raises(Invalid):
        charge(row)
    assert settled(link) == "captured"
    agree(row, PRICE, fake)


def test_a_link_that_is_paid_while_the_card_is_charged_is_let_go(
    fake: FakeStripe, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link was not seen to be open when the charge was written down."""
    row = absent(frozen)
    link = begin(row)
    press(link)
    monkeypatch.setattr(checkouts, "supersede", lambda _row: [])
    fake.failure(Failure.LOST_CALL, path="/v1/payment_intents", times=9)
    assert charge(row).state == "authorised"
    fake.application.planned.clear()
    assert settled(link) == "voided"
    sweeps.settle_open()
    agree(row, PRICE, fake)


def test_without_counting_what_is_certain_it_would_be_taken_twice(
    fake: FakeStripe, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    row = absent(frozen)
    link = begin(row)
    press(link)
    monkeypatch.setattr(checkouts, "supersede", lambda _row: [])
    monkeypatch.setattr(settling, "_taken_beside", lambda _checkout, _row: 0)
    fake.failure(Failure.LOST_CALL, path="/v1/payment_intents", times=9)
    charge(row)
    fake.application.planned.clear()
    assert settled(link) == "captured"
    sweeps.settle_open()
    assert taken(fake) == 2 * PRICE


@pytest.mark.parametrize(
    ("then", "state"), [("succeeded", "captured"), ("requires_payment_method", "failed")]
)
def test_a_charge_that_the_bank_works_on_is_taken_once_it_is_done(
    fake: FakeStripe,
    frozen: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    state: str,
) -> None:
    row, done = absent(frozen), {}
    charged = Stripe._charge

    def works_on(self: Stripe, *args: Any) -> Any:
        made = charged(self, *args)
        intent = fake.account.get("payment_intent", made.id)
        done.update(intent)
        intent.update(status="processing", amount_received=0)
        return self._client.v1.payment_intents.retrieve(made.id)

    monkeypatch.setattr(Stripe, "_charge", works_on)
    made = charge(row)
    sweeps.settle_open()
    made.refresh_from_db()
    assert (made.state, fresh(row).paid_minor) == ("authorised", 0)
    intent = fake.account.get("payment_intent", done["id"])
    intent.update(done if then == "succeeded" else {"status": then})
    frozen.tick(timedelta(minutes=2))
    sweeps.settle_open()
    made.refresh_from_db()
    assert made.state == state
    assert fresh(row).paid_minor == (PRICE if state == "captured" else 0)


def test_who_may_not_be_charged(fake: FakeStripe, frozen: FrozenDateTimeFactory) -> None:
    row = absent(frozen)
    Reservation.objects.filter(pk=row.pk).update(no_show_at=None)
    with pytest.raises(WrongStatus):
        charge(row, 1)
    with pytest.raises(NoGuarantee):
        charge(held(start=NOON + timedelta(days=2)), 1)
    with pytest.raises(Forbidden):
        card_charges.charge(row.pk, amount_minor=1, reason="x", by=_clerk(row))
    assert taken(fake) == 0


def _clerk(row: Reservation) -> Caller:
    return Caller(kind="staff", name="user:1", venue_ids=frozenset([row.venue_id]))


@pytest.mark.parametrize("failure", list(Failure), ids=lambda one: one.name)
def test_a_charge_whose_answer_is_lost_is_made_once(
    fake: FakeStripe, frozen: FrozenDateTimeFactory, failure: Failure
) -> None:
    row = absent(frozen)
    fake.failure(failure, path="/v1/payment_intents", times=2)
    assert charge(row).state == "authorised"
    fake.application.planned.clear()
    frozen.tick(timedelta(minutes=11))
    sweeps.settle_open()
    assert Payment.objects.get(reservation=row, amount_minor=PRICE).state == "captured"
    sweeps.settle_open()
    agree(row, PRICE, fake)


def test_a_bank_that_asks_sends_the_guest_a_link(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = absent(frozen, "authenticate")
    made = charge(row)
    checkout = Checkout.objects.get(payments=made)
    assert (made.state, checkout.state) == ("open", "open")
    told = row.events.get(name="payment.link").data
    assert told["is_authentication"] is True and told["amount_minor"] == PRICE
    press(checkout, "authenticate")
    assert settled(checkout) == "captured"
    agree(row, PRICE, fake)


def test_a_declined_card_takes_nothing(fake: FakeStripe, frozen: FrozenDateTimeFactory) -> None:
    row = absent(frozen)
    stored = Checkout.objects.exclude(mandate="").get()
    fake.use_card(stored.mandate.partition("/")[2], Card.DECLINED_LATER)
    assert charge(row).state == "failed"
    assert row.events.filter(name="payment.link").count() == 1
    agree(row, 0, fake)
