"""A provider of cards in memory, and payments by card that were taken at it."""

from typing import Any

from guests.callers import system
from payments import accounts, folio, ledger
from payments.methods import Method
from payments.models import Checkout, CheckoutState, Kind, Payment, State
from payments.providers.protocol import Declined, Found, Purpose, Reading, Unreachable
from reservations import clock
from reservations.event_types import PAYMENT_CAPTURED
from reservations.lifecycle import paid
from reservations.models import Reservation
from reservations.transactions import in_transaction

PAYMENTS = {"memory": {"class": "tests.payments.memory_cards.Memory"}}
"""For the setting of this name."""

BY = system("payments")

refunds: dict[str, tuple[str, int]] = {}
"""What was given back, by key: the payment's own id there, and the amount."""

troubles: list[str] = []
"""What the next calls come to: `declined`, `lost` (not done), or `done` (done, answer lost)."""


def forget() -> None:
    """Begins anew."""
    refunds.clear()
    troubles.clear()


class Memory:
    """Gives money back once for each key."""

    takes_cards = True

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        trouble = troubles.pop(0) if troubles else ""
        if trouble == "lost":
            raise Unreachable
        if trouble == "declined":
            raise Declined("expired_card")
        refunds.setdefault(key, (ref, amount_minor))
        if trouble == "done":
            raise Unreachable
        back = sum(amount for one, amount in refunds.values() if one == ref)
        return Reading(state=Found.CAPTURED, captured_minor=amount_minor, refunded_minor=back)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"Nobody was to call {name}")


def pay(row: Reservation, amount_minor: int) -> Payment:
    """A payment by card that was captured, with its entry and event."""

    def act() -> Payment:
        locked = Reservation.objects.select_for_update(of=("self",)).get(pk=row.pk)
        now = clock.now()
        checkout = Checkout.objects.create(
            provider="memory",
            ref=f"ref-{Checkout.objects.count() + 1}",
            purpose=Purpose.PAY,
            amount_minor=amount_minor,
            currency=row.currency,
            state=CheckoutState.CAPTURED,
            created_at=now,
            by=BY.name,
            by_kind=BY.kind,
        )
        payment = Payment.objects.create(
            reservation=locked,
            method=Method.CARD,
            state=State.CAPTURED,
            amount_minor=amount_minor,
            currency=row.currency,
            checkout=checkout,
            at=now,
            by=BY.name,
            by_kind=BY.kind,
        )
        ledger.add_by(
            locked,
            Kind.PAYMENT,
            between=(accounts.of_payment(payment), accounts.GUEST),
            amount_minor=amount_minor,
            key=f"payment:{payment.pk}",
            at=now,
            by=BY,
            payment=payment,
        )
        told = PAYMENT_CAPTURED(
            {
                "payment": folio.payment_id(payment),
                "method": payment.method,
                "amount_minor": amount_minor,
            }
        )
        paid.change(locked, amount_minor, told, at=now, by=BY)
        return payment

    return in_transaction(act)
