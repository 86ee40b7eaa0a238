"""Reads the money of a reservation: what is owed and paid, and each item, in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext

from payments import accounts
from payments.methods import Method
from payments.models import OWED, Entry, Kind, Payment, Refund, RefundState, State
from reservations.models import Reservation
from reservations.pricing import due_now, owed
from venues import prices

_KINDS = {
    Kind.FEE: "fee",
    # Less of a fee, and another price, are both amounts that a manager put right.
    Kind.WAIVER: "adjustment",
    Kind.ADJUSTMENT: "adjustment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A payment, refund, fee or adjustment. An adjustment that makes it cheaper is below zero."""

    id: str
    kind: str
    method: str | None
    amount_minor: int
    state: str | None
    at: datetime
    by: str
    who: str
    """The name of the caller, such as `user:7`."""
    till: str = ""
    note: str = ""
    """What somebody typed: a reference or a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folio:
    """The money of a reservation at an instant."""

    currency: str
    total_minor: int
    paid_minor: int
    due_minor: int
    due_now_minor: int
    refundable_minor: int
    items: list[Item]


def of(row: Reservation, now: datetime) -> Folio:
    """Returns the money of a reservation at `now` (UTC). Assumes that what waits is posted."""
    items = [*map(of_payment, row.payments.all())]
    items += _of_entries(row.entries.filter(kind__in=list(_KINDS)))
    # After the fee of the same instant.
    refunds = row.refunds.exclude(state=RefundState.WITHDRAWN)
    items += map(of_refund, refunds.select_related("payment"))
    items += map(_of_dispute, row.entries.filter(kind=Kind.DISPUTE))
    return Folio(
        currency=row.currency,
        total_minor=owed.owed(row, now),
        paid_minor=row.paid_minor,
        due_minor=owed.due(row, now),
        due_now_minor=due_now.minor(row, now),
        refundable_minor=refundable_minor(row),
        items=sorted(items, key=lambda item: item.at),
    )


def refundable_minor(row: Reservation) -> int:
    """What can still be given back: what is paid, less what is promised. Never negative."""
    return max(0, row.paid_minor - promised_minor(row))


def promised_minor(row: Reservation) -> int:
    """What was promised to be given back and has not gone yet."""
    found = row.refunds.filter(state__in=OWED).aggregate(told=Sum("amount_minor"))
    return found["told"] or 0


def of_payment(payment: Payment) -> Item:
    """Returns the item of a payment."""
    return Item(
        id=payment_id(payment),
        kind="payment",
        method=payment.method,
        amount_minor=payment.amount_minor,
        state=payment.state,
        at=payment.at,
        by=payment.by_kind,
        who=payment.by,
        till=payment.till,
        note=payment.reference,
    )


def of_refund(refund: Refund) -> Item:
    """Returns the item of a refund."""
    return Item(
        id=refund_id(refund),
        kind="refund",
        method=refund.method_out,
        amount_minor=refund.amount_minor,
        state=refund.state,
        at=refund.at,
        by=refund.by_kind,
        who=refund.by,
        till=refund.till_out,
        note=refund.reason,
    )


def payment_id(payment: Payment) -> str:
    """Returns the id by which the API names a payment."""
    return f"p{payment.pk}"


def refund_id(refund: Refund) -> str:
    """Returns the id by which the API names a refund."""
    return f"r{refund.pk}"


def decimal_text(amount_minor: int, currency: str) -> str:
    """Returns an amount as a decimal number with the currency's own decimals."""
    amount: Decimal = prices.decimal(amount_minor, currency)
    return str(amount)


def _of_dispute(entry: Entry) -> Item:
    """Returns the item of what the guest's bank took back, or has returned."""
    is_taken_back = entry.from_account == accounts.GUEST
    return Item(
        id=f"e{entry.pk}",
        kind="refund" if is_taken_back else "payment",
        method=Method.CARD,
        amount_minor=entry.amount_minor,
        state=State.REFUNDED if is_taken_back else State.CAPTURED,
        at=entry.at,
        by=entry.by_kind,
        who=entry.by,
        note=gettext("disputed at the guest's bank")
        if is_taken_back
        else gettext("the dispute is over"),
    )


def _of_entries(entries: Iterable[Entry]) -> list[Item]:
    return [
        Item(
            id=f"e{entry.pk}",
            kind=_KINDS[Kind(entry.kind)],
            method=None,
            amount_minor=entry.amount_minor
            if entry.from_account == accounts.GUEST
            else -entry.amount_minor,
            state=None,
            at=entry.at,
            by=entry.by_kind,
            who=entry.by,
        )
        for entry in entries
    ]
