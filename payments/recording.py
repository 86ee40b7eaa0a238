"""Records what the desk took and gave back, each in one transaction with its ledger entry."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext

from guests.callers import Caller
from payments import captures, folio, methods, posting
from payments.documents import receipts
from payments.methods import Method
from payments.models import Payment, Refund, RefundState, State
from payments.refunds import promises
from reservations import clock, idempotency
from reservations.errors import Invalid
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.records import locked
from reservations.rules import permissions
from reservations.rules.permissions import Act

LARGEST = 10**12
"""The largest payment, in minor units."""

LONGEST_REFERENCE = 64
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the desk took: how, how much in minor units, and where."""

    method: Method
    amount_minor: int
    till: str = ""
    reference: str = ""


def record(reservation_id: int, taken: Taken, *, by: Caller, once: Once | None = None) -> Payment:
    """Records a payment of a guest. Staff only. Opens its own transaction.

    Raises NotFound, Forbidden, Invalid, ChangedMeanwhile, Repeated or Busy with nothing changed.
    """

    def act() -> Payment:
        row = locked(reservation_id, by=by)
        permissions.judge(by, Act.DESK, row.venue_id)
        judged = _judged(taken)
        posting.settle(row)
        now = clock.now()
        payment = Payment.objects.create(
            reservation=row,
            method=judged.method,
            state=State.CAPTURED,
            amount_minor=judged.amount_minor,
            currency=row.currency,
            till=judged.till,
            reference=judged.reference,
            at=now,
            by=by.name,
            by_kind=by.kind,
        )
        captures.post(row, payment, at=now, by=by)
        receipts.issue([payment])
        return payment

    return idempotency.carry_out(act, once)


def give_back(
    reservation_id: int, *, amount_minor: int, reason: str, by: Caller, once: Once | None = None
) -> Refund:
    """Gives money back by the method of the newest payment that it fits. For managers.

    What was paid at the desk counts as given back at once. What was paid by card is open until the
    provider has sent it. An amount that fits no single payment goes back in parts; the first is
    returned. Opens its own transaction. Raises NotFound, Forbidden, Invalid, ChangedMeanwhile,
    Repeated or Busy with nothing changed.
    """

    def act() -> Refund:
        row = locked(reservation_id, by=by)
        permissions.judge(by, Act.REFUND, row.venue_id)
        told_why = permissions.judge_reason(row.venue_id, reason, by)
        posting.settle(row)
        _judge_refund(row, amount_minor)
        parts = promises.shares(row, amount_minor)
        made = [_give_part(row, *part, reason=told_why, by=by) for part in parts]
        return made[0]

    return idempotency.carry_out(act, once)


def _give_part(
    row: Reservation, payment: Payment, amount_minor: int, *, reason: str, by: Caller
) -> Refund:
    now = clock.now()
    refund = Refund.objects.create(
        reservation=row,
        payment=payment,
        state=RefundState.OPEN,
        amount_minor=amount_minor,
        reason=reason,
        at=now,
        by=by.name,
        by_kind=by.kind,
    )
    if payment.method in methods.AT_DESK:
        promises.has_gone(row, refund, at=now, by=by)
    return refund


def _judged(taken: Taken) -> Taken:
    """Returns what was taken, with its till. Raises Invalid."""
    if not 0 < taken.amount_minor <= LARGEST:
        raise Invalid("amount", gettext("Give an amount above zero."))
    reference = taken.reference.strip()
    if len(reference) > LONGEST_REFERENCE or not (reference.isprintable() or not reference):
        raise Invalid(
            "reference",
            gettext("Give a reference of at most %(most)s characters.")
            % {"most": LONGEST_REFERENCE},
        )
    till = taken.till.strip()
    if taken.method not in methods.WITH_TILL:
        if till:
            raise Invalid("till", gettext("Only cash and card terminals have a till."))
    elif till and not re.fullmatch(methods.TILL_NAME, till):
        raise Invalid("till", gettext("Give a till of at most 30 letters and digits."))
    else:
        till = till or methods.TILL
    return Taken(
        method=taken.method, amount_minor=taken.amount_minor, till=till, reference=reference
    )


def _judge_refund(row: Reservation, amount_minor: int) -> None:
    if amount_minor <= 0:
        raise Invalid("amount", gettext("Give an amount above zero."))
    most = folio.refundable_minor(row)
    if amount_minor > most:
        told = gettext("At most %(amount)s %(currency)s can be given back.")
        shown = folio.decimal_text(most, row.currency)
        raise Invalid("amount", told % {"amount": shown, "currency": row.currency})
