"""Money that moves at once: nothing is given back twice, lost, or posted twice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from config import outbox
from payments import doctor, folio, posting, recording
from payments.methods import Method
from payments.models import Entry, Kind, Payment, Refund
from payments.recording import Taken
from payments.refunds import card_refunds, payouts
from payments.refunds.payouts import Payout
from reservations import actions
from reservations.errors import Invalid, WrongStatus
from reservations.idempotency import Answer, Once, Repeated
from reservations.models import Reservation
from tests.factories import DESK, hold, make_venue
from tests.guests.races import race
from tests.payments import memory_cards as cards
from tests.reservations.facts import DAY

pytestmark = pytest.mark.django_db(transaction=True)

CASH = partial(Taken, method=Method.CASH)
OUT = Payout(method=Method.CASH)


def stay() -> Reservation:
    venue = make_venue(
        "restaurant", confirms_at_once=True, cancel_fee_percent=50, cancel_deadline=99 * DAY
    )
    return hold(venue)


def pay(row: Reservation, amount: int, once: Once | None = None) -> Payment:
    return recording.record(row.pk, CASH(amount_minor=amount), by=DESK, once=once)


def give_back(row: Reservation, amount: int, once: Once | None = None) -> Refund:
    return recording.give_back(row.pk, amount_minor=amount, reason="x", by=DESK, once=once)


def agree(row: Reservation, paid: int) -> None:
    row.refresh_from_db()
    assert row.paid_minor == paid
    assert list(doctor.differences()) == []


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of these came to, all begun at one instant."""
    pending = iter(acts)
    return race(len(acts), lambda: next(pending)())


def faults(outcomes: list[Any]) -> list[Any]:
    return [one for one in outcomes if isinstance(one, Exception)]


@pytest.mark.parametrize("runners", [2, 6])
def test_refunds_at_once_never_exceed_what_was_paid(runners: int) -> None:
    row = stay()
    pay(row, 1_000)
    outcomes = race(runners, lambda: give_back(row, 600))
    refused = faults(outcomes)
    assert len(refused) == runners - 1 and all(isinstance(one, Invalid) for one in refused)
    assert [one.amount_minor for one in Refund.objects.all()] == [600]
    agree(row, 400)


def test_payments_and_refunds_at_once_are_all_counted() -> None:
    row = stay()
    pay(row, 1_000)
    acts: list[Callable[[], Any]] = [partial(pay, row, 300), partial(give_back, row, 100)] * 3
    assert faults(at_once(*acts)) == []
    agree(row, 1_600)


def test_one_key_at_once_moves_money_once() -> None:
    row = stay()
    for act, paid in ((partial(pay, row, 500), 500), (partial(give_back, row, 200), 300)):
        once = Once(caller="desk:x", key=str(paid), fingerprint="f", render=rendered)
        outcomes = race(4, partial(act, once))
        told = faults(outcomes)
        assert len(told) == 3 and all(isinstance(one, Repeated) for one in told), told
        agree(row, paid)


def rendered(_made: object) -> Answer:
    return Answer(201, "{}")


def test_a_payment_while_it_is_cancelled_is_kept_and_can_be_given_back() -> None:
    for _turn in range(5):
        row = stay()
        cancel = partial(actions.cancel, reservation_id=row.pk, by=DESK)
        assert faults(at_once(partial(pay, row, 1_000), cancel)) == []
        row.refresh_from_db()
        assert row.cancelled_at is not None and row.fee_due_minor == 500
        agree(row, 1_000)
        # What was there as it was cancelled goes back by itself, above the fee.
        row.refresh_from_db()
        promised = [one.amount_minor for one in row.refunds.all()]
        assert promised in ([], [500])
        give_back(row, 1_000 - sum(promised))
        for one in payouts.waiting(row.venue_id):
            payouts.pay_out(one.pk, OUT, by=DESK)
        agree(row, 0)


def test_a_dispatch_while_the_desk_moves_money_posts_each_charge_once() -> None:
    row = stay()
    cancel = partial(actions.cancel, reservation_id=row.pk, by=DESK)
    assert faults(at_once(outbox.dispatch, partial(pay, row, 1_000), cancel)) == []
    outbox.dispatch()
    agree(row, 1_000)
    assert Entry.objects.filter(kind=Kind.PAYMENT).count() == 1
    fees = Entry.objects.filter(kind=Kind.FEE)
    assert sum(one.amount_minor for one in fees) == 500


def cancelled(row: Reservation) -> Refund:
    """What cancelling promises of ten euros: five."""
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    return Refund.objects.get(reservation=row)


def test_a_refund_is_paid_out_once_however_often_it_is_pressed() -> None:
    row = stay()
    pay(row, 1_000)
    refund = cancelled(row)
    outcomes = race(6, lambda: payouts.pay_out(refund.pk, OUT, by=DESK))
    refused = faults(outcomes)
    assert len(refused) == 5 and all(isinstance(one, WrongStatus) for one in refused), refused
    agree(row, 500)
    assert Entry.objects.filter(kind=Kind.REFUND).count() == 1


def test_one_cancelling_promises_once_however_many_handle_its_event() -> None:
    for _turn in range(3):
        row = stay()
        pay(row, 1_000)
        actions.cancel(reservation_id=row.pk, by=DESK)
        posted: list[Callable[[], Any]] = [partial(posting.post_now, row.pk)] * 3
        assert faults(at_once(outbox.dispatch, outbox.dispatch, *posted)) == []
        outbox.dispatch()
        assert [one.amount_minor for one in row.refunds.all()] == [500]
        agree(row, 1_000)


def test_a_managers_refund_and_a_cancelling_at_once_never_give_back_more_than_is_paid() -> None:
    for _turn in range(5):
        row = stay()
        pay(row, 1_000)
        cancel = partial(actions.cancel, reservation_id=row.pk, by=DESK)
        told = faults(at_once(cancel, partial(give_back, row, 700), partial(give_back, row, 700)))
        assert all(isinstance(one, Invalid) for one in told), told
        posting.post_waiting()
        row.refresh_from_db()
        assert sum(one.amount_minor for one in row.refunds.all()) <= 1_000
        assert folio.refundable_minor(row) == row.paid_minor - folio.promised_minor(row) >= 0
        agree(row, row.paid_minor)


def test_paying_out_while_it_is_reinstated_gives_back_or_withdraws() -> None:
    for _turn in range(5):
        row = stay()
        pay(row, 1_000)
        refund = cancelled(row)
        out = partial(payouts.pay_out, refund.pk, OUT, by=DESK)
        back = partial(actions.reinstate, reservation_id=row.pk, reason="x", by=DESK)
        told = faults(at_once(out, back))
        assert all(isinstance(one, WrongStatus) for one in told), told
        posting.post_waiting()
        refund.refresh_from_db()
        assert refund.state == ("withdrawn" if told else "refunded")
        agree(row, 1_000 if told else 500)


def test_two_batches_send_a_refund_to_the_card_once(settings: Any) -> None:
    settings.PAYMENTS = cards.PAYMENTS
    for _turn in range(3):
        cards.forget()
        row = stay()
        cards.pay(row, 1_000)
        refund = cancelled(row)
        assert faults(race(4, card_refunds.send_waiting)) == []
        assert list(cards.refunds) == [f"{refund.pk}:refund"]
        agree(row, 500)
