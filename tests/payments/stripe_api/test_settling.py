"""The protocol of payments with Stripe: confirmed and taken, or nothing taken."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments import doctor, provider_events, sweeps
from payments.models import Checkout, ProviderEvent
from payments.providers.fake_stripe.faults import Failure
from payments.providers.fake_stripe.server import FakeStripe
from payments.providers.protocol import Purpose
from reservations import clock
from reservations.models import Reservation
from reservations.status import Status
from tests.factories import hold
from tests.payments.cards import PRICE, begin, fresh, held
from tests.payments.stripe_api.paying import press, report, settled, taking_cards

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cards(fake: FakeStripe) -> Iterator[None]:
    with taking_cards(fake):
        yield


def status(row: Reservation) -> Status:
    return fresh(row).status_at(clock.now())


def lapse(row: Reservation, frozen: FrozenDateTimeFactory) -> None:
    frozen.move_to(fresh(row).hold_expires_at or clock.now())


def is_taken(row: Reservation, checkout: Checkout, fake: FakeStripe) -> bool:
    """Whether it is confirmed and paid here and there, and once."""
    intent = fake.intent_of(checkout.ref)
    agrees = list(doctor.differences()) == [] and fresh(row).paid_minor == PRICE
    return agrees and status(row) is Status.UPCOMING and intent["amount_received"] == PRICE


@pytest.mark.parametrize("outcome", ["pay", "authenticate"])
def test_who_pays_is_confirmed_and_charged(fake: FakeStripe, outcome: str) -> None:
    row = held()
    checkout = begin(row)
    press(checkout, outcome)
    assert settled(checkout) == "captured"
    assert settled(checkout) == "captured"
    assert is_taken(row, checkout, fake)


def test_a_declined_card_may_be_followed_by_another_on_the_same_page(fake: FakeStripe) -> None:
    row = held()
    checkout = begin(row)
    press(checkout, "decline")
    assert settled(checkout) == "open" and status(row) is Status.HELD
    press(checkout)
    assert settled(checkout) == "captured"


def test_late_money_for_time_that_is_taken_is_let_go(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = held()
    checkout = begin(row)
    lapse(row, frozen)
    hold(row.venue)
    press(checkout)
    assert settled(checkout) == "voided"
    assert status(row) is Status.EXPIRED
    assert fake.intent_of(checkout.ref)["status"] == "canceled"


def test_a_page_whose_hold_has_lapsed_is_closed(
    fake: FakeStripe, frozen: FrozenDateTimeFactory
) -> None:
    row = held()
    checkout = begin(row)
    lapse(row, frozen)
    sweeps.settle_open()
    checkout.refresh_from_db()
    assert checkout.state == "expired"
    assert fake.account.objects[checkout.ref]["status"] == "expired"


# The webhook


def test_a_webhook_alone_confirms(fake: FakeStripe) -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    report(fake)
    assert is_taken(row, checkout, fake)


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_a_webhook_beside_the_return_page_confirms_once(fake: FakeStripe, is_first: bool) -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    if is_first:
        report(fake)
    settled(checkout)
    report(fake)
    assert is_taken(row, checkout, fake)


@pytest.mark.parametrize("trouble", ["copies", "is_reversed", "is_lost"])
def test_webhooks_that_come_badly_change_nothing(
    fake: FakeStripe, frozen: FrozenDateTimeFactory, trouble: str
) -> None:
    setattr(fake.webhooks, trouble, 2 if trouble == "copies" else True)
    row = held()
    checkout = begin(row)
    press(checkout)
    report(fake)
    report(fake)
    frozen.tick(timedelta(minutes=3))
    sweeps.settle_open()
    assert is_taken(row, checkout, fake)
    assert ProviderEvent.objects.filter(handled_at=None).count() == 0


def test_a_webhook_with_a_wrong_signature_is_refused(fake: FakeStripe) -> None:
    fake.webhooks.secret = "whsec_of_another"
    row = held()
    press(begin(row))
    assert fake.webhooks.deliver() == 0
    assert ProviderEvent.objects.count() == 0 and status(row) is Status.HELD


def test_a_webhook_of_another_version_is_handled(fake: FakeStripe) -> None:
    fake.account.api_version = "2024-06-20"
    row = held()
    checkout = begin(row)
    press(checkout)
    report(fake)
    assert is_taken(row, checkout, fake)
    assert set(ProviderEvent.objects.values_list("version", flat=True)) == {"2024-06-20"}


# Answers that are lost


@pytest.mark.parametrize("failure", list(Failure), ids=lambda one: one.name)
@pytest.mark.parametrize("step", ["/capture", "/checkout/sessions/{ref}"])
def test_a_step_whose_answer_is_lost_is_made_again(
    fake: FakeStripe, failure: Failure, step: str
) -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    fake.failure(failure, path=step.format(ref=checkout.ref))
    settled(checkout)
    fake.application.planned.clear()
    assert settled(checkout) == "captured"
    assert is_taken(row, checkout, fake)
    assert len(list(fake.account.all("charge"))) == 1


@pytest.mark.parametrize("failure", list(Failure), ids=lambda one: one.name)
def test_a_void_whose_answer_is_lost_is_made_again(
    fake: FakeStripe, frozen: FrozenDateTimeFactory, failure: Failure
) -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    lapse(row, frozen)
    hold(row.venue)
    fake.failure(failure, path="/cancel")
    settled(checkout)
    assert settled(checkout) == "voided"
    assert fake.intent_of(checkout.ref)["status"] == "canceled"


# A card as a guarantee


def test_a_card_is_stored_and_nothing_taken(fake: FakeStripe) -> None:
    row = held(asks=0)
    Reservation.objects.filter(pk=row.pk).update(asks_guarantee=True)
    checkout = begin(fresh(row), Purpose.GUARANTEE)
    press(checkout)
    report(fake)
    checkout.refresh_from_db()
    assert checkout.state == "captured" and checkout.mandate.startswith("cus_")
    row = fresh(row)
    assert row.guaranteed_at is not None and row.paid_minor == 0
    assert list(fake.account.all("charge")) == []
    provider_events.handle_waiting()
