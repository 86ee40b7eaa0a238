"""Gives money back: what a cancelling owes, and what a refund does once the money has gone.

A refund is open at first: a promise, which counts against what can be given back. `paid` of the
reservation falls, and the ledger has an entry, when the money has gone. `payouts` pays out
what was paid at the desk, `card_refunds` asks the provider.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from guests.callers import Caller
from payments import accounts, folio, ledger, methods
from payments.documents import receipts
from payments.models import OWED, Entry, Kind, Payment, Refund, RefundState, State
from reservations.event_types import CANCELLED, PAYMENT_REFUNDED, REINSTATED, PaymentRefundedData
from reservations.lifecycle import paid
from reservations.models import Event, Reservation

BY_OTHERS = "given_back_by_others"
SENT_BACK = "sent_back"
"""Details of a refund: it was made at the provider; the guest's bank sent it back."""

_FOLLOWED = (CANCELLED.name, REINSTATED.name)
_COUNTED = (State.CAPTURED, State.REFUNDED)


def follow(row: Reservation, since: int) -> None:
    """Gives back what is paid above the fees once the reservation was cancelled.

    Takes that back where it was reinstated. `since` is the id of the last event that was followed.
    Assumes the reservation's lock.
    """
    if row.paid_minor <= 0:
        return
    events = Event.objects.filter(reservation=row, pk__gt=since, name__in=_FOLLOWED)
    fresh = list(events.order_by("pk"))
    if any(event.name == REINSTATED.name for event in fresh):
        _withdraw(row)
    if fresh and fresh[-1].name == CANCELLED.name and row.cancelled_at is not None:
        _give_back(row, fresh[-1])


@dataclass(frozen=True, slots=True)
class ComingBack:
    """What a guest gets back, in minor units: to cards by itself, and from the desk."""

    to_card_minor: int
    from_desk_minor: int

    @property
    def amount_minor(self) -> int:
        """All of it."""
        return self.to_card_minor + self.from_desk_minor


def coming_back(row: Reservation, fee_minor: int) -> ComingBack:
    """Returns what cancelling would give back by itself if it cost this fee. Takes no lock."""
    if row.paid_minor <= 0:
        return ComingBack(0, 0)
    parts = shares(row, _above_fees(row, fee_minor))
    to_card = sum(part for payment, part in parts if payment.method not in methods.AT_DESK)
    return ComingBack(to_card, sum(part for _payment, part in parts) - to_card)


def promised(row: Reservation) -> ComingBack:
    """Returns what was promised to be given back and has not gone. One query."""
    waiting = list(row.refunds.filter(state__in=OWED).select_related("payment"))
    to_card = sum(one.amount_minor for one in waiting if not is_for_desk(one))
    return ComingBack(to_card, sum(one.amount_minor for one in waiting) - to_card)


def is_for_desk(refund: Refund) -> bool:
    """True when the desk can pay the refund out now: it was paid there, or its card refused it."""
    is_by_desk = refund.payment.method in methods.AT_DESK
    return refund.state == RefundState.FAILED or (refund.state == RefundState.OPEN and is_by_desk)


def shares(row: Reservation, amount_minor: int) -> list[tuple[Payment, int]]:
    """Divides an amount over the payments it goes back to: the newest that it fits, else several.

    Assumes that so much is refundable.
    """
    lefts = list(_lefts(row)) if amount_minor > 0 else []
    for payment, left in lefts:
        if left >= amount_minor:
            return [(payment, amount_minor)]
    told = []
    for payment, left in lefts:
        if part := min(max(0, left), amount_minor):
            told.append((payment, part))
            amount_minor -= part
    return told


def has_gone(row: Reservation, refund: Refund, *, at: datetime, by: Caller) -> None:
    """Records that the money of a refund has gone back. Assumes the lock of its reservation."""
    refund.state, refund.refunded_at = RefundState.REFUNDED, at
    refund.save(update_fields=["state", "refunded_at"])
    payment = refund.payment
    ledger.add_by(
        row,
        Kind.REFUND,
        between=(accounts.GUEST, account_of(refund)),
        amount_minor=refund.amount_minor,
        key=_key(refund),
        at=at,
        by=by,
        payment=payment,
    )
    told: PaymentRefundedData = {
        "refund": folio.refund_id(refund),
        "payment": folio.payment_id(payment),
        "method": refund.method_out,
        "amount_minor": refund.amount_minor,
    }
    if refund.reason:
        told["reason"] = refund.reason
    paid.change(row, -refund.amount_minor, PAYMENT_REFUNDED(told), at=at, by=by)
    if _gone_minor(payment) >= payment.amount_minor:
        payment.state = State.REFUNDED
        payment.save(update_fields=["state"])
    # Last, since it locks the numbers of the venue.
    receipts.issue_for_refund(row, refund, by=by)


def _key(refund: Refund) -> str:
    """Returns the key of the entry. What the bank sent back goes again, and has another."""
    own = f"refund:{refund.pk}"
    back = Entry.objects.filter(payment=refund.payment, key__startswith=f"{own}:failed:").count()
    return f"{own}:again:{back}" if back else own


def done_by_others(payment: Payment, amount_minor: int) -> None:
    """Withdraws what was promised of a payment, up to what others have given back of it.

    What the provider may be sending already is no promise any more. Assumes the reservation's lock.
    """
    promised = payment.refunds.filter(state__in=OWED)
    idle = promised.exclude(state=RefundState.OPEN, begun_at__isnull=False)
    for refund in idle.order_by("pk"):
        part = min(refund.amount_minor, amount_minor)
        if part <= 0:
            return
        amount_minor -= part
        _withdraw_part(refund, part)


def owed_again(payment: Payment, amount_minor: int) -> None:
    """Leaves to the desk what `done_by_others` withdrew, where that came back. Assumes the lock."""
    withdrawn = payment.refunds.filter(state=RefundState.WITHDRAWN, detail=BY_OTHERS)
    for refund in withdrawn.order_by("-pk"):
        if refund.amount_minor > amount_minor:
            continue
        amount_minor -= refund.amount_minor
        refund.state, refund.detail = RefundState.FAILED, SENT_BACK
        refund.save(update_fields=["state", "detail"])


def _withdraw_part(refund: Refund, part_minor: int) -> None:
    """Withdraws a promise, or a part of it as a row of its own: what is left stays promised."""
    if left := refund.amount_minor - part_minor:
        # One cancelling has one promise a payment, which is what is left.
        Refund.objects.filter(pk=refund.pk).update(amount_minor=left)
        refund = Refund(
            reservation=refund.reservation,
            payment=refund.payment,
            amount_minor=part_minor,
            at=refund.at,
            by=refund.by,
            by_kind=refund.by_kind,
        )
    refund.state, refund.detail = RefundState.WITHDRAWN, BY_OTHERS
    refund.save()


def account_of(refund: Refund) -> str:
    """Returns the account that the money of a refund goes out of."""
    if refund.method:
        return accounts.of_method(refund.method, refund.till)
    return accounts.of_payment(refund.payment)


def _give_back(row: Reservation, event: Event) -> None:
    for payment, part in shares(row, _above_fees(row, 0)):
        Refund.objects.create(
            reservation=row,
            payment=payment,
            state=RefundState.OPEN,
            amount_minor=part,
            at=event.at,
            by=event.by,
            by_kind=event.by_kind,
            event_id=event.pk,
        )


def _above_fees(row: Reservation, fee_minor: int) -> int:
    return max(0, folio.refundable_minor(row) - row.fee_due_minor - fee_minor)


def _withdraw(row: Reservation) -> None:
    """Takes back what a cancelling promised, but what the provider may have sent already."""
    promised = row.refunds.filter(state__in=OWED, event_id__isnull=False)
    promised.exclude(state=RefundState.OPEN, begun_at__isnull=False).update(
        state=RefundState.WITHDRAWN
    )


def _lefts(row: Reservation) -> Iterator[tuple[Payment, int]]:
    """Yields what is left of each payment, the newest first."""
    payments: Sequence[Payment] = list(
        row.payments.filter(state__in=_COUNTED).order_by("-pk").prefetch_related("refunds")
    )
    for payment in payments:
        yield (
            payment,
            payment.amount_minor
            - sum(
                one.amount_minor
                for one in payment.refunds.all()
                if one.state != RefundState.WITHDRAWN
            ),
        )


def _gone_minor(payment: Payment) -> int:
    gone = payment.refunds.filter(state=RefundState.REFUNDED)
    return gone.aggregate(told=Sum("amount_minor"))["told"] or 0
