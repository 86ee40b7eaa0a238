"""Cancelling gives back what is paid above the fees by itself, and the money moves once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from config import outbox
from payments import doctor, folio, posting, recording, tills
from payments.methods import Method
from payments.models import Entry, Kind, Payment, Refund, RefundState, State
from payments.outside import overdue
from payments.recording import Taken
from payments.refunds import card_refunds, payouts
from payments.refunds.payouts import Payout
from reservations import actions, clock
from reservations.errors import Invalid, NotFound, WrongStatus
from reservations.lifecycle import cancellations
from reservations.models import Event, Reservation
from reservations.transactions import in_transaction
from tests.factories import DESK, NOON, hold, make_venue
from tests.payments import memory_cards as cards
from tests.reservations.facts import DAY, HOUR, guest
from venues.hours import Window


@pytest.fixture(autouse=True)
def _memory(settings: Any) -> None:
    settings.PAYMENTS = cards.PAYMENTS
    cards.forget()


def stay(kind: str = "restaurant", **policy: Any) -> Reservation:
    """Ten euros, of which cancelling costs half."""
    rules: dict[str, Any] = {
        "cancel_fee_percent": 50,
        "cancel_deadline": 99 * DAY,
        "confirms_at_once": True,
    }
    return hold(make_venue(kind, units=20, **(rules | policy)))


def pay(row: Reservation, amount: int, method: Method = Method.CASH, till: str = "") -> Payment:
    return recording.record(row.pk, Taken(method=method, amount_minor=amount, till=till), by=DESK)


def cancel(row: Reservation) -> None:
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    row.refresh_from_db()


def promised(row: Reservation) -> list[tuple[str, int]]:
    return [(one.state, one.amount_minor) for one in row.refunds.all()]


def agree(row: Reservation, paid: int) -> None:
    row.refresh_from_db()
    assert row.paid_minor == paid
    assert list(doctor.differences()) == []


def replace(row: Reservation) -> None:
    in_transaction(
        lambda: cancellations.replace(
            Reservation.objects.select_for_update(of=("self",)).get(pk=row.pk),
            now=clock.now(),
            by=DESK,
        )
    )


def in_group(row: Reservation) -> None:
    Reservation.objects.filter(pk=row.pk).update(group_id=uuid4())
    row.refresh_from_db()
    assert row.group_id is not None
    actions.cancel_group(group_id=row.group_id, by=DESK)


DOORS: dict[str, tuple[Callable[[Reservation], Any], int]] = {
    "the guest, the API and the desk": (
        lambda row: actions.cancel(reservation_id=row.pk, by=DESK),
        500,
    ),
    "a group": (in_group, 500),
    "completed before the start": (
        lambda row: actions.complete(reservation_id=row.pk, by=DESK),
        500,
    ),
    "the venue closes": (
        lambda row: in_transaction(
            lambda: cancellations.cancel_for_venue(row.pk, reason="A leak", by=DESK)
        ),
        1_000,
    ),
    "another takes its place": (replace, 1_000),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", DOORS)
def test_each_door_that_cancels_gives_back_what_is_paid_above_the_fee(door: str) -> None:
    act, back = DOORS[door]
    row = stay()
    pay(row, 1_000)
    act(row)
    for _again in range(2):
        outbox.dispatch()
        for event in Event.objects.all():
            in_transaction(partial(posting.post, event))
    assert promised(row) == [("open", back)]
    told = folio.of(Reservation.objects.get(pk=row.pk), clock.now())
    assert (told.paid_minor, told.refundable_minor) == (1_000, 1_000 - back)
    agree(row, 1_000)


@pytest.mark.django_db
def test_nothing_is_promised_where_nothing_is_left() -> None:
    for paid in (0, 200, 500):
        row = stay()
        if paid:
            pay(row, paid)
        cancel(row)
        assert promised(row) == []


@pytest.mark.django_db
def test_a_mere_hold_gives_all_of_it_back() -> None:
    row = stay(confirms_at_once=False)
    pay(row, 700)
    cancel(row)
    assert promised(row) == [("open", 700)]


@pytest.mark.django_db
def test_what_was_given_back_before_and_the_fee_of_a_change_are_not_given_back_again() -> None:
    row = stay()
    Reservation.objects.filter(pk=row.pk).update(fee_due_minor=100)
    pay(row, 1_000)
    recording.give_back(row.pk, amount_minor=150, reason="x", by=DESK)
    cancel(row)
    assert promised(row) == [("refunded", 150), ("open", 250)]


@pytest.mark.django_db
def test_it_goes_back_to_the_newest_payments_first() -> None:
    row = stay(cancel_fee_percent=0)
    for amount in (300, 200, 100):
        pay(row, amount)
    recording.give_back(row.pk, amount_minor=100, reason="x", by=DESK)
    cancel(row)
    back = [(one.payment.amount_minor, one.amount_minor) for one in row.refunds.all()]
    assert back == [(100, 100), (200, 200), (300, 300)]


@pytest.mark.django_db
def test_the_desk_pays_out_once_by_another_method_too(frozen: FrozenDateTimeFactory) -> None:
    row = stay()
    pay(row, 1_000, Method.TERMINAL, "bar")
    cancel(row)
    (refund,) = payouts.waiting(row.venue_id)
    frozen.move_to(NOON)
    payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    with pytest.raises(WrongStatus, match="already"):
        payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    assert not payouts.waiting(row.venue_id)
    entry = Entry.objects.get(kind=Kind.REFUND)
    assert (entry.to_account, entry.amount_minor) == ("cash:main", 500)
    assert Event.objects.get(name="payment.refunded").data == {
        "refund": f"r{refund.pk}", "payment": f"p{refund.payment_id}", "method": "cash",
        "amount_minor": 500,
    }  # fmt: skip
    item = folio.of(row, clock.now()).items[-1]
    assert (item.kind, item.method, item.state) == ("refund", "cash", "refunded")
    takings = tills.takings(row.venue_id, Window(NOON, NOON + DAY))
    assert [(one.till, one.method, one.given_back_minor) for one in takings] == [
        ("main", "cash", 500)
    ]
    agree(row, 500)


@pytest.mark.django_db
def test_a_payment_is_refunded_once_all_of_it_went_back() -> None:
    row = stay(cancel_fee_percent=0)
    payment = pay(row, 1_000)
    recording.give_back(row.pk, amount_minor=400, reason="x", by=DESK)
    payment.refresh_from_db()
    assert payment.state == State.CAPTURED
    cancel(row)
    payouts.pay_out(payouts.waiting(row.venue_id)[0].pk, Payout(method=Method.CASH), by=DESK)
    payment.refresh_from_db()
    assert payment.state == State.REFUNDED


@pytest.mark.django_db
def test_refunds_are_paid_out_by_staff_of_the_venue_of_a_till_that_can_be() -> None:
    row = stay()
    pay(row, 1_000)
    cancel(row)
    (refund,) = payouts.waiting(row.venue_id)
    with pytest.raises(NotFound):
        payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=guest())
    with pytest.raises(Invalid):
        payouts.pay_out(refund.pk, Payout(method=Method.CASH, till="=1"), by=DESK)
    with pytest.raises(NotFound):
        payouts.pay_out(0, Payout(method=Method.CASH), by=DESK)
    agree(row, 1_000)


@pytest.mark.django_db
def test_no_more_is_given_back_than_is_paid_and_not_promised() -> None:
    row = stay()
    pay(row, 1_000)
    cancel(row)
    with pytest.raises(Invalid) as refused:
        recording.give_back(row.pk, amount_minor=501, reason="x", by=DESK)
    assert refused.value.field == "amount"
    recording.give_back(row.pk, amount_minor=500, reason="Storm", by=DESK)
    agree(row, 500)


@pytest.mark.django_db
def test_reinstating_withdraws_what_has_not_gone(frozen: FrozenDateTimeFactory) -> None:
    row = stay()
    pay(row, 300)
    pay(row, 700)
    cancel(row)
    actions.reinstate(reservation_id=row.pk, reason="A mistake", by=DESK)
    (refund,) = row.refunds.all()
    # The event of it may not be handled yet.
    with pytest.raises(WrongStatus, match="stands again"):
        payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    posting.post_waiting()
    assert not payouts.waiting(row.venue_id)
    row.refresh_from_db()
    assert "refund" not in [item.kind for item in folio.of(row, clock.now()).items]
    frozen.move_to(NOON - HOUR)
    cancel(row)
    assert promised(row) == [("withdrawn", 500), ("open", 500)]
    agree(row, 1_000)


@pytest.mark.django_db
def test_cancelled_and_reinstated_before_anybody_looked_gives_nothing_back() -> None:
    row = stay()
    pay(row, 1_000)
    actions.cancel(reservation_id=row.pk, by=DESK)
    actions.reinstate(reservation_id=row.pk, reason="A mistake", by=DESK)
    posting.post_waiting()
    assert promised(row) == []
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    assert promised(row) == [("open", 500)]


@pytest.mark.django_db
def test_money_that_comes_after_the_cancelling_stays() -> None:
    row = stay()
    actions.cancel(reservation_id=row.pk, by=DESK)
    pay(row, 900)
    posting.post_waiting()
    assert promised(row) == []
    agree(row, 900)


@pytest.mark.django_db(transaction=True)
def test_what_a_locked_reservation_owes_back_is_found_by_the_sweep() -> None:
    row = stay()
    pay(row, 1_000)
    actions.cancel(reservation_id=row.pk, by=DESK)
    # As if the handler had found it locked.
    Event.objects.update(dispatched_at=clock.now())
    card_refunds.settle_waiting()
    assert promised(row) == [("open", 500)]


@pytest.mark.django_db(transaction=True)
class TestCards:
    """The provider gives back once, whatever its answers come to."""

    def test_a_batch_sends_it_back_with_the_key_of_the_refund(self) -> None:
        row = stay()
        payment = cards.pay(row, 1_000)
        cancel(row)
        assert not payouts.waiting(row.venue_id)
        for _again in range(2):
            card_refunds.send_waiting()
        (refund,) = Refund.objects.all()
        assert payment.checkout is not None
        assert cards.refunds == {f"{refund.pk}:refund": (payment.checkout.ref, 500)}
        assert refund.state == RefundState.REFUNDED
        assert Entry.objects.get(kind=Kind.REFUND).to_account == "provider:memory"
        assert Event.objects.filter(name="payment.refunded").count() == 1
        agree(row, 500)

    @pytest.mark.parametrize("trouble", ["lost", "done"])
    def test_an_answer_that_is_lost_is_asked_for_again(
        self, frozen: FrozenDateTimeFactory, trouble: str
    ) -> None:
        row = stay()
        cards.pay(row, 1_000)
        cancel(row)
        cards.troubles.append(trouble)
        card_refunds.send_waiting()
        agree(row, 1_000)
        # Another batch leaves it to the first, until its time is over.
        assert card_refunds.send_waiting() == 0
        frozen.tick(card_refunds.LEASE)
        assert card_refunds.send_waiting() == 1
        assert [amount for _ref, amount in cards.refunds.values()] == [500]
        agree(row, 500)

    def test_what_the_provider_refuses_stays_owed_and_the_desk_sees_to_it(self) -> None:
        row = stay()
        cards.pay(row, 1_000)
        cancel(row)
        cards.troubles.append("declined")
        card_refunds.send_waiting()
        assert promised(row) == [("failed", 500)]
        assert card_refunds.send_waiting() == 0
        event = Event.objects.get(name="payment.refund_failed")
        assert event.data["reason"] == "expired_card"
        (refund,) = payouts.waiting(row.venue_id)
        assert folio.refundable_minor(row) == 500
        payouts.try_again(refund.pk, by=DESK)
        with pytest.raises(WrongStatus):
            payouts.try_again(refund.pk, by=DESK)
        with pytest.raises(WrongStatus, match="by itself"):
            payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
        cards.troubles.append("declined")
        card_refunds.send_waiting()
        payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
        assert Entry.objects.get(kind=Kind.REFUND).to_account == "cash:main"
        assert cards.refunds == {}
        agree(row, 500)

    def test_a_provider_that_settings_no_longer_name_leaves_it_to_the_desk(
        self, settings: Any
    ) -> None:
        row = stay()
        cards.pay(row, 1_000)
        cancel(row)
        settings.PAYMENTS = {}
        card_refunds.send_waiting()
        assert promised(row) == [("failed", 500)]

    def test_what_a_provider_may_have_done_is_not_paid_out_once_its_name_is_gone(
        self, settings: Any, frozen: FrozenDateTimeFactory
    ) -> None:
        row = stay()
        cards.pay(row, 1_000)
        cancel(row)
        cards.troubles.append("done")
        card_refunds.send_waiting()
        named, settings.PAYMENTS = settings.PAYMENTS, {}
        frozen.tick(card_refunds.LEASE)
        card_refunds.send_waiting()
        assert promised(row) == [("open", 500)]
        assert not list(payouts.waiting(row.venue_id))
        frozen.tick(overdue.LONG)
        assert any("outcome is not known" in one for one in overdue.told(clock.now()))
        settings.PAYMENTS = named
        card_refunds.send_waiting()
        assert promised(row) == [("refunded", 500)]
        assert not list(overdue.told(clock.now()))
        agree(row, 500)

    def test_what_may_be_on_its_way_is_not_withdrawn(self, frozen: FrozenDateTimeFactory) -> None:
        row = stay()
        cards.pay(row, 1_000)
        cancel(row)
        cards.troubles.append("done")
        card_refunds.send_waiting()
        actions.reinstate(reservation_id=row.pk, reason="A mistake", by=DESK)
        frozen.tick(card_refunds.LEASE)
        card_refunds.send_waiting()
        assert promised(row) == [("refunded", 500)]
        agree(row, 500)

    def test_what_was_reinstated_before_the_batch_is_not_sent(self) -> None:
        row = stay()
        cards.pay(row, 1_000)
        cancel(row)
        actions.reinstate(reservation_id=row.pk, reason="A mistake", by=DESK)
        card_refunds.send_waiting()
        assert (promised(row), cards.refunds) == ([("withdrawn", 500)], {})

    def test_a_managers_refund_goes_to_the_cards_in_parts(self) -> None:
        row = stay()
        cards.pay(row, 300)
        cards.pay(row, 400)
        recording.give_back(row.pk, amount_minor=600, reason="Noise", by=DESK)
        assert promised(row) == [("open", 400), ("open", 200)]
        with pytest.raises(Invalid):
            recording.give_back(row.pk, amount_minor=101, reason="x", by=DESK)
        agree(row, 700)
        card_refunds.send_waiting()
        assert sorted(cards.refunds.values()) == [("ref-1", 200), ("ref-2", 400)]
        agree(row, 100)

    def test_one_refund_that_fails_stops_no_other(self, monkeypatch: Any) -> None:
        rows = [stay(), stay()]
        for row in rows:
            cards.pay(row, 1_000)
            cancel(row)
        send = card_refunds.send
        first = Refund.objects.order_by("pk")[0].pk

        def broken(refund_id: int) -> None:
            if refund_id == first:
                raise RuntimeError("a fault of ours")
            send(refund_id)

        monkeypatch.setattr(card_refunds, "send", broken)
        card_refunds.send_waiting()
        assert [promised(row) for row in rows] == [[("open", 500)], [("refunded", 500)]]


@dataclass
class PlainRefunds:
    """The rules worked out slowly, sharing no code with the product."""

    price: int
    fee: int
    paid: int = 0
    due_fee: int = 0
    is_cancelled: bool = False
    open: list[int] = field(default_factory=list)

    def most(self) -> int:
        return self.paid - sum(self.open)

    def cancel(self) -> None:
        if self.is_cancelled:
            return
        self.is_cancelled, self.due_fee = True, self.fee
        back = self.most() - self.due_fee
        if back > 0:
            self.open.append(back)

    def reinstate(self) -> None:
        if self.is_cancelled:
            self.is_cancelled, self.due_fee, self.open = False, 0, []

    def pay_out(self) -> None:
        self.paid -= sum(self.open)
        self.open = []


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "back", "cancel", "reinstate", "out", "post"]),
        st.integers(1, 1_500),
    ),
    max_size=8,
)


@pytest.mark.usefixtures("frozen")
class AnySequence(TestCase):
    """Whatever is paid, cancelled, reinstated and paid out, in whatever order."""

    @given(fee=st.integers(0, 100), acts=ACTS)
    def test_what_is_promised_and_paid_agrees_with_plain_sums(
        self, fee: int, acts: list[tuple[str, int]]
    ) -> None:
        row = stay(cancel_fee_percent=fee)
        plain = PlainRefunds(row.price_minor, row.cancel_fee_minor)
        for act, amount in acts:
            self.act(row, plain, act, amount)
            posting.post_waiting()
            row.refresh_from_db()
            assert row.paid_minor == plain.paid >= 0
            assert folio.promised_minor(row) == sum(plain.open)
            assert folio.refundable_minor(row) == plain.most() >= 0
        for payment in row.payments.all():
            gone = [one for one in payment.refunds.all() if one.state != RefundState.WITHDRAWN]
            assert sum(one.amount_minor for one in gone) <= payment.amount_minor
        assert list(doctor.differences()) == []

    def act(self, row: Reservation, plain: PlainRefunds, act: str, amount: int) -> None:
        match act:
            case "pay":
                pay(row, amount)
                plain.paid += amount
            case "back" if amount <= plain.most():
                recording.give_back(row.pk, amount_minor=amount, reason="x", by=DESK)
                plain.paid -= amount
            case "back":
                with pytest.raises(Invalid):
                    recording.give_back(row.pk, amount_minor=amount, reason="x", by=DESK)
            case "cancel":
                actions.cancel(reservation_id=row.pk, by=DESK)
                plain.cancel()
            case "reinstate" if plain.is_cancelled:
                actions.reinstate(reservation_id=row.pk, reason="x", by=DESK)
                plain.reinstate()
            case "out":
                for one in payouts.waiting(row.venue_id):
                    payouts.pay_out(one.pk, Payout(method=Method.CASH), by=DESK)
                plain.pay_out()
