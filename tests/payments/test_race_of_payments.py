"""Payments against all that may come between, each settled twice at once with crashes.

Every success at the provider ends in exactly one of captured and confirmed, voided, refunded; and
no unit is sold twice. `RACES=300` runs as many; without it thirty.
"""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import cycle
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from freezegun.api import FrozenDateTimeFactory

from payments import checkouts, doctor, provider_audit, recording, settling, sweeps
from payments.methods import Method
from payments.models import UNSETTLED, Checkout, CheckoutState, FakeCharge, Refund, RefundState
from payments.providers import registry
from payments.providers.protocol import Unreachable
from payments.recording import Taken
from payments.refunds import card_refunds
from reservations import actions, clock
from reservations import sweeps as engine
from reservations.errors import Refusal
from reservations.models import Allocation, Reservation
from tests.factories import DESK, NOON, hold
from tests.guests.races import race
from tests.payments.cards import PRICE, begin, charge_of, fresh, guest_of, held, press, table
from tests.payments.crashing import Chance, Crash, Crashing
from tests.reservations.facts import DAY

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("RACES", "30"))
PARTS = 3
"""Tests that the rounds are spread over."""

_PATH = "tests.payments.crashing.Crashing"
_PROVIDERS = (
    {"fake": {"class": _PATH}},
    {"fake": {"class": _PATH, "at_once": True}},
)

Rival = Callable[[Reservation], Any]


def lapse(row: Reservation) -> None:
    frozen_to(row.hold_expires_at or NOON)
    engine.expire_holds()


def lapse_and_sell(row: Reservation) -> None:
    frozen_to(row.hold_expires_at or NOON)
    hold(row.venue)


def cancel(row: Reservation) -> None:
    actions.cancel(reservation_id=row.pk, by=guest_of(row))


def make_cheaper(row: Reservation) -> None:
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=PRICE - 100, reason="x")


def pay_cash(row: Reservation) -> None:
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=PRICE), by=DESK)


def second_tab(row: Reservation) -> None:
    press(checkouts.open(row.pk, by=guest_of(row)).checkout)


def give_back(row: Reservation) -> None:
    """A manager gives a part back while the webhook runs."""
    settling.settle(row.payments.get().checkout_id or 0)
    recording.give_back(row.pk, amount_minor=300, reason="x", by=DESK)
    card_refunds.send_waiting()


def nothing(row: Reservation) -> None:
    del row


RIVALS: tuple[Rival, ...] = (
    nothing, lapse, lapse_and_sell, cancel, make_cheaper, pay_cash, second_tab, give_back,
)  # fmt: skip

_clock: list[FrozenDateTimeFactory] = []


def frozen_to(instant: Any) -> None:
    _clock[0].move_to(instant)


def settled_at_random(checkout: Checkout, chance: Chance) -> None:
    """Settles as a process does that may end between any two steps."""
    with suppress(Crash, Refusal, Unreachable):
        settling.settle(checkout.pk)
        chance.may_end()


def come_to_rest() -> None:
    """Whatever the sweeps still do, without crashes and with time going on."""
    for _ in range(12):
        _clock[0].tick(timedelta(minutes=2))
        engine.expire_holds()
        sweeps.settle_open()
        card_refunds.settle_waiting()
        card_refunds.send_waiting()
        if not Checkout.objects.filter(state__in=UNSETTLED).exists():
            return


def violations(row: Reservation) -> list[str]:
    """What must not be, of a reservation whose payments have come to rest."""
    row = fresh(row)
    said = [str(one) for one in doctor.differences()]
    said += provider_audit.differences(since=NOON - 9 * DAY)
    taken = 0
    for checkout in Checkout.objects.filter(payments__reservation=row):
        charge = charge_of(checkout)
        reading = registry.provider(checkout.provider).read(checkout.ref)
        left = reading.captured_minor - reading.refunded_minor
        taken += left
        is_kept = checkout.state == CheckoutState.CAPTURED
        gone = Refund.objects.filter(payment__checkout=checkout, state=RefundState.REFUNDED)
        back = sum(gone.values_list("amount_minor", flat=True))
        if left != (checkout.amount_minor - back if is_kept else 0):
            said.append(f"{checkout.state}, and {left} is left at the provider")
        if charge.state == "authorised":
            said.append(f"{checkout.state}, and money is still reserved")
        if is_kept and row.confirmed_at is None:
            said.append("captured, and not confirmed")
        if checkout.state in UNSETTLED:
            said.append(f"it does not come to rest: {checkout.state}")
    cash = sum(one.amount_minor for one in row.payments.filter(method=Method.CASH))
    if row.paid_minor != taken + cash:
        said.append(f"paid {row.paid_minor}, taken {taken} and {cash}")
    standing = row.status_at(clock.now()).name in ("UPCOMING", "PRESENT", "NO_SHOW", "LEFT")
    if standing and not Allocation.objects.filter(reservation=row, is_live=True).exists():
        said.append("confirmed, and has no time")
    return said


@pytest.mark.parametrize("part", range(PARTS))
def test_every_success_ends_in_exactly_one_way(
    part: int, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _clock[:] = [frozen]
    for number in range(part, ROUNDS, PARTS):
        frozen.move_to(NOON - DAY + timedelta(hours=number / 100))
        play(number, monkeypatch)


def play(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(number)
    chance = Chance(number)
    monkeypatch.setattr(Crashing, "chance", chance)
    rival = RIVALS[number % len(RIVALS)]
    with override_settings(PAYMENTS=draw.choice(_PROVIDERS)):
        chance.is_on = False
        row = held(table())
        checkout = begin(row)
        is_late = draw.random() < 0.3
        provider = registry.provider("fake")
        assert isinstance(provider, Crashing)
        provider.press(checkout.ref, "late" if is_late else "pay")
        row = fresh(row)
        chance.is_on = True
        acts = cycle(
            [
                lambda: settled_at_random(checkout, chance),
                lambda: settled_at_random(checkout, chance),
                lambda: rival(row),
            ]
        )
        ready = Barrier(3)

        def begun() -> Any:
            # A clock that is moved meanwhile would end the connecting.
            connection.ensure_connection()
            act = next(acts)
            ready.wait()
            return act()

        found = race(3, begun)
        chance.is_on = False
        ends = (Refusal, Crash, Unreachable)
        odd = [one for one in found if isinstance(one, Exception) and not isinstance(one, ends)]
        assert odd == [], (number, rival.__name__)
        come_to_rest()
        assert violations(row) == [], (number, rival.__name__, is_late)


def test_two_presses_of_pay_open_one_payment() -> None:
    row = held()
    found = race(4, lambda: begin(row).pk)
    assert len(set(found)) == 1, found
    assert FakeCharge.objects.count() == Checkout.objects.count() == 1


def confirmed_by_webhook(
    *, reservation_ids: list[int], by: Any, then: Callable[[list[Reservation]], None]
) -> None:
    """What must not be done: no lock, no judge."""
    rows = Reservation.objects.filter(pk__in=reservation_ids)
    rows.update(confirmed_at=clock.now(), expired_at=None)
    then(list(rows.select_related("venue__policy", "category")))


def test_marking_paid_from_the_webhook_sells_what_is_gone(
    frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _clock[:] = [frozen]
    row = held(table())
    checkout = begin(row)
    press(checkout)
    lapse_and_sell(fresh(row))
    monkeypatch.setattr(actions, "confirm_paid", confirmed_by_webhook)
    settling.settle(checkout.pk)
    come_to_rest()
    assert "confirmed, and has no time" in violations(row)


@pytest.mark.parametrize("compares", [True, False])
def test_without_compare_and_set_money_is_lost(
    compares: bool, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _clock[:] = [frozen]
    row = held(table())
    checkout = begin(row)
    press(checkout)
    settling._ask(checkout)
    # Two who settle at once: this one read the state before the other went on.
    stale = Checkout.objects.get(pk=checkout.pk)
    settling.settle(checkout.pk)

    def blindly(given: Checkout, to: CheckoutState, **fields: Any) -> None:
        Checkout.objects.filter(pk=given.pk).update(state=to, **fields)

    if not compares:
        monkeypatch.setattr(settling, "_move", blindly)
    with suppress(settling._Lost):
        settling._judge(stale)
    come_to_rest()
    assert (violations(row) == []) is compares
