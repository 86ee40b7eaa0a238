"""Pays out at the desk what a guest is owed: what cancelling gives back, or a card refused."""

import re
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from payments import methods, posting
from payments.methods import Method
from payments.models import OWED, Refund, RefundState
from payments.refunds import promises
from reservations import clock, idempotency
from reservations.errors import Invalid, NotFound, WrongStatus
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.records import locked
from reservations.rules import permissions
from reservations.rules.permissions import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """How a refund is paid out, and of which till."""

    method: Method
    till: str = ""


def waiting(venue_id: int) -> QuerySet[Refund]:
    """The refunds that the desk of a venue has to deal with, oldest first."""
    is_desks = Q(state=RefundState.OPEN, payment__method__in=methods.AT_DESK)
    found = Refund.objects.filter(is_desks | Q(state=RefundState.FAILED), state__in=OWED)
    return found.filter(reservation__venue=venue_id).select_related("reservation", "payment")


def pay_out(refund_id: int, payout: Payout, *, by: Caller, once: Once | None = None) -> Refund:
    """Records that an open refund was paid out. Staff only. Opens its own transaction.

    Raises NotFound, Forbidden, Invalid, WrongStatus, Repeated or Busy with nothing changed.
    """

    def act() -> Refund:
        row, refund = _found(refund_id, by=by)
        if not promises.is_for_desk(refund):
            raise WrongStatus(_why_not(refund))
        _judge_paid(row, refund)
        refund.method, refund.till = payout.method, _judged_till(payout)
        refund.save(update_fields=["method", "till"])
        promises.has_gone(row, refund, at=clock.now(), by=by)
        return refund

    return idempotency.carry_out(act, once)


def try_again(refund_id: int, *, by: Caller, once: Once | None = None) -> Refund:
    """Has the provider asked again for a refund that it refused. Staff only.

    Opens its own transaction. Raises NotFound, Forbidden, WrongStatus, Repeated or Busy.
    """

    def act() -> Refund:
        row, refund = _found(refund_id, by=by)
        if refund.state != RefundState.FAILED:
            raise WrongStatus(_why_not(refund))
        _judge_paid(row, refund)
        # The provider keeps its answer under the key of the last try.
        refund.state, refund.retries = RefundState.OPEN, refund.retries + 1
        refund.begun_at = refund.next_try_at = None
        refund.save(update_fields=["state", "retries", "begun_at", "next_try_at"])
        return refund

    return idempotency.carry_out(act, once)


def _found(refund_id: int, *, by: Caller) -> tuple[Reservation, Refund]:
    """Locks the reservation of a refund, which staff of its venue may change."""
    pk = Refund.objects.filter(pk=refund_id).values_list("reservation", flat=True).first()
    if pk is None:
        raise NotFound(gettext("There is no such refund."))
    row = locked(pk, by=by)
    permissions.judge(by, Act.DESK, row.venue_id)
    posting.settle(row)
    return row, Refund.objects.select_related("payment").get(pk=refund_id)


def _judge_paid(row: Reservation, refund: Refund) -> None:
    """Raises WrongStatus where the provider has given it back meanwhile, by a way of its own."""
    if refund.amount_minor > row.paid_minor:
        raise WrongStatus(gettext("So much is not paid any more. Look at what was given back."))


def _why_not(refund: Refund) -> str:
    match refund.state:
        case RefundState.REFUNDED:
            return gettext("This refund has gone back already.")
        case RefundState.WITHDRAWN:
            if refund.detail == promises.BY_OTHERS:
                return gettext("It was given back on the provider's own pages.")
            return gettext("The reservation stands again, so this refund is not owed any more.")
        case _:
            return gettext("This refund goes back to the card by itself.")


def _judged_till(payout: Payout) -> str:
    till = payout.till.strip()
    if payout.method not in methods.WITH_TILL:
        return ""
    if till and not re.fullmatch(methods.TILL_NAME, till):
        raise Invalid("till", gettext("Give a till of at most 30 letters and digits."))
    return till or methods.TILL
