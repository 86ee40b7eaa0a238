"""Brings refunds and disputes that were made at the provider onto reservations.

The provider's sums are compared with what is recorded, under the locks of the reservations: what
is more there was done by others, and is posted once, however often and in whatever order it is
read. A refund of ours that is under way may be in its sum or not, so it is counted for neither.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet

from guests.callers import Caller, system
from payments import accounts, folio, ledger, posting
from payments.documents import receipts
from payments.models import (
    Checkout,
    CheckoutState,
    Entry,
    Kind,
    Payment,
    Refund,
    RefundState,
    State,
)
from payments.providers import registry
from payments.providers.protocol import Purpose, Reading, Unreachable
from payments.refunds import promises
from reservations import clock, records
from reservations.event_types import (
    PAYMENT_DISPUTED,
    PAYMENT_REFUND_FAILED,
    PAYMENT_REFUNDED_OUTSIDE,
)
from reservations.lifecycle import paid
from reservations.models import Reservation
from reservations.transactions import in_transaction

log = logging.getLogger(__name__)

PREFIX = "provider:"
"""How the callers begin for whom a provider's news are recorded."""

WATCHED = timedelta(days=180)
"""For so long after a payment a guest may dispute it."""

EVERY = timedelta(days=1)
"""How often the provider is asked for each payment, should its webhook be lost."""


def ask(checkout_id: int) -> None:
    """Asks the provider for a payment that was taken, and records what is new there.

    Opens its own transactions. Raises Unreachable or Busy.
    """
    checkout = Checkout.objects.get(pk=checkout_id)
    if not _is_taken(checkout):
        return
    asked_at = clock.now()
    try:
        provider = registry.provider(checkout.provider)
    except KeyError as fault:
        raise Unreachable from fault
    note(checkout_id, provider.read(checkout.ref), asked_at=asked_at)


def ask_again() -> int:
    """Asks for a batch of payments that were taken, those first that were asked longest ago.

    Returns how many were asked for. Opens its own transactions.
    """
    now = clock.now()
    rows = Checkout.objects.filter(
        state=CheckoutState.CAPTURED, purpose=Purpose.PAY, created_at__gt=now - WATCHED
    ).exclude(ref="")
    rows = rows.filter(Q(asked_at__isnull=True) | Q(asked_at__lte=now - EVERY))
    due = rows.order_by(F("asked_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    ids = list(due[: settings.SWEEP_BATCH])
    for pk in ids:
        Checkout.objects.filter(pk=pk).update(asked_at=now)
        try:
            ask(pk)
        except Exception:
            log.exception("Checkout %s was not asked for; the next sweep tries again", pk)
    return len(ids)


def note(checkout_id: int, reading: Reading, *, asked_at: datetime) -> None:
    """Records what a provider said of a payment when it was asked at `asked_at` (UTC).

    An older answer than one that was recorded changes nothing. Opens its own transaction. Raises
    Busy.
    """

    def noted() -> None:
        by = system(
            PREFIX + Checkout.objects.values_list("provider", flat=True).get(pk=checkout_id)
        )
        payments = Payment.objects.filter(checkout=checkout_id)
        ids = sorted(payments.values_list("reservation", flat=True))
        rows = {pk: records.locked(pk, by=by) for pk in ids}
        checkout = Checkout.objects.select_for_update(no_key=True).get(pk=checkout_id)
        if not _is_taken(checkout) or (checkout.asked_at and checkout.asked_at > asked_at):
            return
        for row in rows.values():
            posting.settle(row)
        parts = list(payments.select_related("checkout").order_by("reservation"))
        _note_refunds(checkout, rows, parts, reading, asked_at, by)
        _note_disputes(checkout, rows, parts, reading, by)
        checkout.asked_at = asked_at
        checkout.save(update_fields=["asked_at", "refunded_minor", "disputed_minor"])

    in_transaction(noted)


def _is_taken(checkout: Checkout) -> bool:
    is_of_money = checkout.purpose == Purpose.PAY and bool(checkout.ref)
    return is_of_money and checkout.state == CheckoutState.CAPTURED


def _note_refunds(
    checkout: Checkout,
    rows: dict[int, Reservation],
    parts: Sequence[Payment],
    reading: Reading,
    asked_at: datetime,
    by: Caller,
) -> None:
    every = list(Refund.objects.filter(payment__in=parts).select_related("payment__checkout"))
    gone = [one for one in every if one.state == RefundState.REFUNDED]
    by_them = [one for one in gone if one.by.startswith(PREFIX)]
    # One that the card refused may have been paid out at the desk.
    done = [one for one in gone if not one.by.startswith(PREFIX) and not one.method]
    under_way = _sum([one for one in every if one.state == RefundState.OPEN and one.begun_at])
    known, ours_done = _sum(by_them), _sum(done)
    more = reading.refunded_minor - ours_done - under_way - known
    if more > 0:
        for payment, part in _shares(parts, every, more):
            _take_back(rows[payment.reservation_id], payment, part, by)
    fewer = known - max(0, reading.refunded_minor - ours_done)
    if fewer > 0:
        _fail(rows, by_them, fewer, by)
    # One of ours that was done before the provider was asked, and is not in its sum, failed there.
    before = [one for one in done if (one.refunded_at or one.at) < asked_at]
    if not known and _sum(before) > reading.refunded_minor:
        _fail(rows, before, _sum(before) - reading.refunded_minor, by)
    checkout.refunded_minor = max(0, known + max(0, more) - max(0, fewer))


def _take_back(row: Reservation, payment: Payment, amount: int, by: Caller) -> None:
    now = clock.now()
    refund = Refund.objects.create(
        reservation=row,
        payment=payment,
        state=RefundState.REFUNDED,
        amount_minor=amount,
        at=now,
        refunded_at=now,
        by=by.name,
        by_kind=by.kind,
    )
    ledger.add_by(
        row,
        Kind.REFUND,
        between=(accounts.GUEST, accounts.of_payment(payment)),
        amount_minor=amount,
        key=f"refund:{refund.pk}",
        at=now,
        by=by,
        payment=payment,
    )
    told = PAYMENT_REFUNDED_OUTSIDE({"payment": folio.payment_id(payment), "amount_minor": amount})
    paid.change(row, -amount, told, at=now, by=by)
    promises.done_by_others(payment, amount)
    gone = Refund.objects.filter(payment=payment, state=RefundState.REFUNDED)
    if _sum(list(gone)) >= payment.amount_minor:
        Payment.objects.filter(pk=payment.pk).update(state=State.REFUNDED)
    receipts.issue_for_refund(row, refund, by=by)


def _fail(rows: dict[int, Reservation], refunds: Sequence[Refund], amount: int, by: Caller) -> None:
    """Takes back refunds that the guest's bank sent back, the newest first, up to an amount."""
    now = clock.now()
    for refund in sorted(refunds, key=lambda one: -one.pk):
        if refund.amount_minor > amount:
            continue
        amount -= refund.amount_minor
        row, payment = rows[refund.reservation_id], refund.payment
        # What others gave back is not owed by us, unless it stood for what we had promised.
        is_ours = not refund.by.startswith(PREFIX)
        state = RefundState.FAILED if is_ours else RefundState.WITHDRAWN
        Refund.objects.filter(pk=refund.pk).update(state=state, detail=promises.SENT_BACK)
        if not is_ours:
            promises.owed_again(payment, refund.amount_minor)
        Payment.objects.filter(pk=payment.pk, state=State.REFUNDED).update(state=State.CAPTURED)
        ledger.add_by(
            row,
            Kind.REFUND,
            between=(accounts.of_payment(payment), accounts.GUEST),
            amount_minor=refund.amount_minor,
            key=f"refund:{refund.pk}:failed:{row.version}",
            at=now,
            by=by,
            payment=payment,
        )
        told = PAYMENT_REFUND_FAILED(
            {
                "refund": folio.refund_id(refund),
                "payment": folio.payment_id(payment),
                "amount_minor": refund.amount_minor,
                "reason": promises.SENT_BACK,
            }
        )
        paid.change(row, refund.amount_minor, told, at=now, by=by)
        receipts.issue_for_refund(row, refund, by=by, is_undone=True)
    if amount:
        log.error("The provider gave back %s less than is recorded", amount)


def _note_disputes(
    checkout: Checkout,
    rows: dict[int, Reservation],
    parts: Sequence[Payment],
    reading: Reading,
    by: Caller,
) -> None:
    now, left = clock.now(), reading.disputed_minor
    for place, payment in enumerate(parts):
        known = _disputed(payment)
        # What is more than all parts together, such as fees, stands with the last one.
        is_last = place == len(parts) - 1
        disputed = left if is_last else min(left, payment.amount_minor)
        left -= disputed
        if disputed == known:
            continue
        row = rows[payment.reservation_id]
        ledger.add_by(
            row,
            Kind.DISPUTE,
            between=(accounts.GUEST, accounts.of_payment(payment)),
            amount_minor=disputed - known,
            key=f"dispute:{payment.pk}:{_entries(payment).count()}",
            at=now,
            by=by,
            payment=payment,
        )
        told = PAYMENT_DISPUTED({"payment": folio.payment_id(payment), "amount_minor": disputed})
        paid.change(row, known - disputed, told, at=now, by=by)
    checkout.disputed_minor = reading.disputed_minor


def _entries(payment: Payment) -> QuerySet[Entry]:
    return Entry.objects.filter(payment=payment, kind=Kind.DISPUTE)


def _disputed(payment: Payment) -> int:
    """Returns what is recorded as disputed of a payment."""
    return sum(
        entry.amount_minor if entry.from_account == accounts.GUEST else -entry.amount_minor
        for entry in _entries(payment)
    )


def _shares(
    parts: Sequence[Payment], refunds: Sequence[Refund], amount: int
) -> Iterator[tuple[Payment, int]]:
    """Divides what was given back of a group's payment over its reservations, in their order."""
    for place, payment in enumerate(parts):
        own = [one for one in refunds if one.payment_id == payment.pk]
        back = _sum([one for one in own if one.state in {RefundState.OPEN, RefundState.REFUNDED}])
        is_last = place == len(parts) - 1
        part = amount if is_last else min(amount, max(0, payment.amount_minor - back))
        amount -= part
        if part:
            yield payment, part


def _sum(refunds: Sequence[Refund]) -> int:
    return sum(one.amount_minor for one in refunds)
