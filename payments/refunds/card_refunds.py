"""Has providers send back to cards what guests are owed: a batch that runs every minute.

The provider is asked outside of transactions, always with the key of the refund: asked twice, it
gives back once. A refund that it refuses stays owed, and the desk sees it.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from guests.callers import system
from payments import folio, posting
from payments.methods import Method
from payments.models import Refund, RefundState
from payments.providers import registry
from payments.providers.protocol import Declined, Unreachable
from payments.refunds import promises
from reservations import clock, events
from reservations.event_types import PAYMENT_REFUND_FAILED
from reservations.models import Reservation
from reservations.transactions import in_transaction

log = logging.getLogger(__name__)

BY = system("payments")

LEASE = timedelta(minutes=2)
"""After so long a refund whose outcome is not known is asked for again."""

LONG_AGO = timedelta(days=1)
"""For so long after a cancelling, what waits to be given back is looked for."""

_LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What a provider is asked for."""

    provider: str
    ref: str
    amount_minor: int
    key: str
    was_asked: bool
    """Whether it was asked for before, and may have done it."""


def settle_waiting() -> None:
    """Gives back what the handler of an event could not: somebody had the reservation locked.

    Opens transactions of its own. Raises Busy.
    """
    posting.post_waiting(cancelled_since=clock.now() - LONG_AGO)


def send_waiting() -> int:
    """Asks for each refund that waits, up to a batch. Returns how many."""
    now = clock.now()
    is_due = Q(next_try_at__isnull=True) | Q(next_try_at__lte=now)
    waiting = Refund.objects.filter(is_due, state=RefundState.OPEN, payment__method=Method.CARD)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[: settings.SWEEP_BATCH])
    for pk in ids:
        try:
            send(pk)
        except Exception:
            log.exception("Refund %s was not sent; the next batch tries again", pk)
    return len(ids)


def send(refund_id: int) -> None:
    """Asks the provider of a refund for it, and records what came of it.

    Does nothing for one that has gone, was withdrawn, or that another batch asks for now. Opens
    its own transactions. Raises Busy.
    """
    call = in_transaction(lambda: _begun(refund_id))
    if call is None:
        return
    try:
        provider = registry.provider(call.provider)
    except KeyError:
        if call.was_asked:
            # It may have given it back. Only who knows that provider can say.
            log.error("Settings name no provider %s; refund %s waits", call.provider, refund_id)  # noqa: TRY400
            return
        in_transaction(lambda: _refused(refund_id, call, f"no provider {call.provider}"))
        return
    try:
        provider.refund(call.ref, amount_minor=call.amount_minor, key=call.key)
    except Unreachable:
        log.warning("The outcome of refund %s is not known; it is asked for again", refund_id)
    except Declined as refusal:
        reason = refusal.reason
        in_transaction(lambda: _refused(refund_id, call, reason))
    else:
        in_transaction(lambda: _sent(refund_id, call))


def _begun(refund_id: int) -> _Call | None:
    """Notes that the provider is asked from now on."""
    row, refund = _locked(refund_id)
    posting.settle(row)
    refund.refresh_from_db()
    now = clock.now()
    if refund.state != RefundState.OPEN or (refund.next_try_at and refund.next_try_at > now):
        return None
    checkout = refund.payment.checkout
    assert checkout is not None
    was_asked = refund.begun_at is not None
    refund.begun_at = refund.begun_at or now
    refund.next_try_at = now + LEASE
    refund.save(update_fields=["begun_at", "next_try_at"])
    return _Call(
        provider=checkout.provider,
        ref=checkout.ref,
        amount_minor=refund.amount_minor,
        key=_key(refund),
        was_asked=was_asked,
    )


def _sent(refund_id: int, call: _Call) -> None:
    row, refund = _locked(refund_id)
    if refund.state == RefundState.OPEN and _key(refund) == call.key:
        promises.has_gone(row, refund, at=clock.now(), by=BY)


def _refused(refund_id: int, call: _Call, reason: str) -> None:
    row, refund = _locked(refund_id)
    if refund.state != RefundState.OPEN or _key(refund) != call.key:
        return
    refund.state, refund.detail = RefundState.FAILED, reason[:_LONGEST_DETAIL]
    refund.save(update_fields=["state", "detail"])
    told = PAYMENT_REFUND_FAILED(
        {
            "refund": folio.refund_id(refund),
            "payment": folio.payment_id(refund.payment),
            "amount_minor": refund.amount_minor,
            "reason": refund.detail,
        }
    )
    events.record(row, told, at=clock.now(), by=BY)


def _locked(refund_id: int) -> tuple[Reservation, Refund]:
    """Returns a refund and its reservation, whose lock both stand under."""
    refunds = Refund.objects.select_related("payment__checkout")
    pk = refunds.values_list("reservation", flat=True).get(pk=refund_id)
    rows = Reservation.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("category", "venue").get(pk=pk)
    return row, refunds.get(pk=refund_id)


def _key(refund: Refund) -> str:
    """The provider's key. What the desk has tried again has another: the last one was refused."""
    again = f":{refund.retries}" if refund.retries else ""
    return f"{refund.pk}:refund{again}"
