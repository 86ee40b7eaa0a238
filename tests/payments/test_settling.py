"""A payment by card ends in confirmed and taken, or in nothing taken."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from freezegun.api import FrozenDateTimeFactory

from payments import (
    checkouts,
    doctor,
    folio,
    recording,
    settling,
    sweeps,
)
from payments.methods import Method
from payments.models import UNSETTLED, Checkout, CheckoutState, Payment, State
from payments.providers.fake import Fake
from payments.providers.protocol import Purpose, Unreachable
from payments.recording import Taken
from reservations import actions, clock
from reservations import sweeps as engine
from reservations.errors import PaymentRequired
from reservations.models import Event, Reservation
from reservations.requests import Change
from reservations.status import Status
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.payments.cards import (
    HOLD_TIME,
    PRICE,
    begin,
    charge_of,
    fresh,
    guest_of,
    held,
    press,
    settle,
    shown,
    table,
)

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = {"fake": {"class": "payments.providers.fake.Fake", "at_once": True}}


def events_of(row: Reservation) -> list[str]:
    return list(row.events.order_by("pk").values_list("name", flat=True))


def lapse(row: Reservation, frozen: FrozenDateTimeFactory) -> None:
    frozen.move_to(fresh(row).hold_expires_at or NOON)


def agree() -> None:
    assert list(doctor.differences()) == []


def test_who_pays_is_confirmed_and_charged() -> None:
    row = held()
    checkout = begin(row)
    assert (checkout.state, checkout.amount_minor, shown(checkout)) == ("open", PRICE, ["open"])
    press(checkout)
    assert settle(checkout) == "captured"
    row = fresh(row)
    assert row.status_at(clock.now()) is Status.UPCOMING
    assert (row.paid_minor, shown(checkout), charge_of(checkout).captured_minor) == (
        PRICE,
        ["captured"],
        PRICE,
    )
    assert events_of(row)[-2:] == ["reservation.confirmed", "payment.captured"]
    assert folio.of(row, clock.now()).due_now_minor == 0
    agree()


def test_settling_again_changes_nothing() -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    settle(checkout)
    before = fresh(row).version, events_of(row)
    assert settle(checkout) == "captured"
    assert (fresh(row).version, events_of(row)) == before
    agree()


def test_who_is_authenticated_first_pays_as_well() -> None:
    checkout = begin(held())
    press(checkout, "authenticate")
    assert settle(checkout) == "captured"


def test_a_declined_card_leaves_the_hold_and_another_one_may_follow() -> None:
    row = held()
    checkout = begin(row)
    press(checkout, "decline")
    assert settle(checkout) == "failed"
    assert (shown(checkout), events_of(row)[-1]) == (["failed"], "payment.failed")
    assert fresh(row).status_at(clock.now()) is Status.HELD
    again = begin(row)
    assert again.pk != checkout.pk
    press(again)
    assert settle(again) == "captured"
    agree()


def test_a_second_call_while_one_is_open_opens_nothing() -> None:
    row = held()
    assert begin(row) == begin(row)
    assert Payment.objects.count() == 1


def test_late_money_for_time_that_is_taken_is_let_go(frozen: FrozenDateTimeFactory) -> None:
    row = held()
    checkout = begin(row)
    press(checkout, "late")
    lapse(row, frozen)
    hold(row.venue)
    frozen.tick(timedelta(minutes=1))
    assert settle(checkout) == "voided"
    assert fresh(row).status_at(clock.now()) is Status.EXPIRED
    assert charge_of(checkout).state == "voided"
    assert (events_of(row)[-1], shown(checkout)) == ("payment.voided", ["voided"])
    agree()


def test_late_money_for_time_that_is_free_confirms_it(frozen: FrozenDateTimeFactory) -> None:
    row = held()
    checkout = begin(row)
    press(checkout, "late")
    lapse(row, frozen)
    engine.expire_holds()
    frozen.tick(timedelta(minutes=1))
    assert settle(checkout) == "captured"
    row = fresh(row)
    assert (row.status_at(clock.now()), row.paid_minor) == (Status.UPCOMING, PRICE)
    agree()


def test_what_is_taken_at_once_for_nothing_is_given_back(frozen: FrozenDateTimeFactory) -> None:
    with override_settings(PAYMENTS=AT_ONCE):
        row = held()
        checkout = begin(row)
        press(checkout, at_once=True)
        lapse(row, frozen)
        hold(row.venue)
        assert settle(checkout) == "refunded"
        reading = Fake().read(checkout.ref)
        assert reading.captured_minor == reading.refunded_minor == PRICE
        assert fresh(row).paid_minor == 0
        agree()


def test_what_is_taken_at_once_is_posted_once() -> None:
    with override_settings(PAYMENTS=AT_ONCE):
        row = held()
        checkout = begin(row)
        press(checkout, at_once=True)
        assert settle(checkout) == "captured"
        assert fresh(row).paid_minor == PRICE
        agree()


def test_a_cancelled_hold_takes_no_money() -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    actions.cancel(reservation_id=row.pk, by=guest_of(row))
    assert settle(checkout) == "voided"
    agree()


def test_who_cancels_before_paying_finds_the_payment_closed() -> None:
    row = held()
    checkout = begin(row)
    actions.cancel(reservation_id=row.pk, by=guest_of(row))
    assert settle(checkout) == "voided"
    press(checkout)
    assert charge_of(checkout).state == "voided"
    assert "payment.voided" not in events_of(row)


def test_a_lapsed_hold_closes_the_payment(frozen: FrozenDateTimeFactory) -> None:
    row = held()
    checkout = begin(row)
    lapse(row, frozen)
    engine.expire_holds()
    sweeps.settle_open()
    checkout.refresh_from_db()
    assert (checkout.state, charge_of(checkout).state) == ("expired", "expired")


def test_another_price_makes_the_payment_anew() -> None:
    row = held(asks=400)
    checkout = begin(row)
    Reservation.objects.filter(pk=row.pk).update(due_now_minor=700)
    again = begin(row)
    checkout.refresh_from_db()
    assert (again.amount_minor, checkout.state) == (700, "voided")
    press(again)
    assert settle(again) == "captured"
    assert "payment.voided" not in events_of(row)
    agree()


def test_what_was_paid_of_another_price_is_let_go() -> None:
    row = held(asks=0)
    checkout = begin(row)
    press(checkout)
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=900, reason="nicer")
    assert settle(checkout) == "voided"
    assert fresh(row).status_at(clock.now()) is Status.HELD
    assert fresh(row).paid_minor == 0


def test_what_the_desk_took_meanwhile_is_not_taken_twice() -> None:
    row = held()
    checkout = begin(row)
    press(checkout)
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=PRICE), by=DESK)
    assert settle(checkout) == "voided"
    assert fresh(row).paid_minor == PRICE
    agree()


def test_what_is_due_for_a_confirmed_stay_is_taken_at_once() -> None:
    row = hold(table(confirms_at_once=True))
    checkout = begin(row)
    press(checkout)
    assert settle(checkout) == "captured"
    assert events_of(row)[-1] == "payment.captured"
    agree()


def test_a_guarantee_stores_the_card_and_confirms() -> None:
    row = held(asks=0)
    Reservation.objects.filter(pk=row.pk).update(asks_guarantee=True)
    with pytest.raises(PaymentRequired) as refused:
        actions.confirm(reservation_id=row.pk, by=guest_of(row))
    assert refused.value.facts["needs_guarantee"] is True
    checkout = begin(row, Purpose.GUARANTEE, address="203.0.113.7")
    press(checkout)
    assert settle(checkout) == "captured"
    row, checkout = fresh(row), Checkout.objects.get(pk=checkout.pk)
    assert row.confirmed_at
    assert row.guaranteed_at
    assert (shown(checkout), row.paid_minor) == (["authorised"], 0)
    assert checkout.mandate.startswith("card_")
    assert checkout.consent_address == "203.0.113.7"
    assert "10.00 EUR" in checkout.consent_text
    agree()


def test_a_stored_card_does_not_stand_for_what_must_be_paid() -> None:
    row = held()
    checkout = begin(row, Purpose.GUARANTEE)
    press(checkout)
    assert settle(checkout) == "captured"
    assert fresh(row).guaranteed_at
    assert not fresh(row).confirmed_at
    paying = begin(row)
    press(paying)
    assert settle(paying) == "captured"
    assert fresh(row).confirmed_at
    agree()


@pytest.mark.parametrize("call", ["capture", "void", "refund", "read"])
def test_an_answer_that_is_lost_is_asked_for_again(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with override_settings(PAYMENTS=AT_ONCE if call == "refund" else settings.PAYMENTS):
        row = held()
        checkout = begin(row)
        press(checkout, at_once=call == "refund")
        if call in ("void", "refund"):
            actions.cancel(reservation_id=row.pk, by=guest_of(row))
        done = getattr(Fake, call)

        def lost(self: Fake, *args: Any, **named: Any) -> Any:
            done(self, *args, **named)
            raise Unreachable

        monkeypatch.setattr(Fake, call, lost)
        assert settle(checkout) in UNSETTLED
        monkeypatch.undo()
        ends = {"void": "voided", "refund": "refunded"}
        assert settle(checkout) == ends.get(call, "captured")
        reading = Fake().read(checkout.ref)
        assert (reading.captured_minor, reading.refunded_minor) in (
            (PRICE, 0),
            (0, 0),
            (PRICE,) * 2,
        )
        agree()


def test_the_doctor_asks_what_the_provider_holds() -> None:
    checkout = begin(held())
    press(checkout)
    settle(checkout)
    call_command("doctor", stdout=StringIO())
    Fake().refund(checkout.ref, amount_minor=1, key="by hand")
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("doctor", stdout=said)
    assert f"the provider holds {PRICE - 1}, the ledger says {PRICE}" in said.getvalue()


@pytest.mark.parametrize("status", [CheckoutState.OPEN, CheckoutState.AUTHORISED])
def test_what_is_settled_at_a_state_of_before_is_lost(status: CheckoutState) -> None:
    checkout = begin(held())
    press(checkout)
    stale = Checkout.objects.get(pk=checkout.pk)
    stale.state = status
    settle(checkout)
    with pytest.raises(settling._Lost):
        settling._moved(stale, CheckoutState.TO_VOID)
    assert settle(checkout) == "captured"


def test_a_change_that_keeps_the_price_keeps_the_payment() -> None:
    row = held()
    checkout = begin(row)
    actions.modify(
        reservation_id=row.pk, change=Change(details={"remarks": "by the window"}), by=DESK
    )
    assert begin(row) == checkout
    press(checkout)
    assert settle(checkout) == "captured"


def test_money_that_is_asked_for_is_due_before_confirming() -> None:
    row = held(asks=300)
    with pytest.raises(PaymentRequired) as refused:
        actions.confirm(reservation_id=row.pk, by=guest_of(row))
    assert refused.value.facts["due_now"] == {"amount": "3.00", "currency": "EUR"}
    actions.confirm(reservation_id=row.pk, by=DESK)


def pair() -> list[Reservation]:
    """Two tables of one group, of which a part is due first."""
    venue = make_venue("restaurant", units=2, confirms_at_once=False, hold_time=HOLD_TIME)
    rows = actions.hold_group(bookings=[booking(venue), booking(venue)], by=DESK)
    Reservation.objects.update(due_now_minor=400)
    return [fresh(row) for row in rows]


def begin_for(rows: list[Reservation]) -> Checkout:
    assert rows[0].group_id
    return checkouts.open_group(rows[0].group_id, by=DESK).checkout


def test_a_group_is_paid_at_once() -> None:
    rows = pair()
    checkout = begin_for(rows)
    assert (checkout.amount_minor, begin_for(rows).pk) == (800, checkout.pk)
    press(checkout)
    assert settle(checkout) == "captured"
    assert [fresh(row).paid_minor for row in rows] == [400, 400]
    assert all(fresh(row).confirmed_at for row in rows)
    agree()
    # The rest of it.
    assert begin_for(rows).amount_minor == 2 * (PRICE - 400)


def test_of_a_group_with_a_member_gone_nothing_is_taken() -> None:
    rows = pair()
    checkout = begin_for(rows)
    press(checkout)
    actions.cancel(reservation_id=rows[1].pk, by=DESK)
    assert settle(checkout) == "voided"
    assert fresh(rows[0]).confirmed_at is None
    again = begin_for(rows)
    press(again)
    assert (again.amount_minor, settle(again)) == (400, "captured")
    assert fresh(rows[0]).confirmed_at
    agree()


def test_one_payment_alone_gives_way_to_one_of_the_group() -> None:
    rows = pair()
    alone = begin(rows[0])
    together = begin_for(rows)
    assert settle(alone) == "voided"
    press(together)
    assert settle(together) == "captured"
    agree()


def test_an_event_is_recorded_for_each_end() -> None:
    names = {"payment.captured", "payment.failed"}
    row = held()
    press(begin(row), "decline")
    settle(Checkout.objects.get())
    second = begin(row)
    press(second)
    settle(second)
    found = Event.objects.filter(name__startswith="payment.").values_list("name", flat=True)
    assert set(found) == names
    assert State.OPEN not in shown(second)
