"""Brings a checkout to its end: confirmed and taken, or nothing taken.

    open → authorised | paid → (confirm) → to_capture → captured
                                 └ refused → to_void → voided        what is only authorised
                                           → to_refund → refunded    what is taken at once

Each arrow is one short transaction that moves the state by compare and set. The provider is called
outside of them, with the key of the checkout and the step. So a webhook, the page that guests come
back to and the sweep may call it, in any order, twice and at once, and it may break off anywhere.

Confirming is the only judge: a hold that has lapsed is somebody else's time.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Sum

from guests.callers import system
from payments import captures, folio, posting
from payments.documents import receipts
from payments.models import Checkout, CheckoutState, Payment, State
from payments.providers import registry
from payments.providers.protocol import Declined, Found, Provider, Purpose, Reading, Unreachable
from reservations import actions, clock, events, records
from reservations.errors import Busy, HoldExpired, Refusal
from reservations.event_types import PAYMENT_FAILED, PAYMENT_VOIDED, Entry
from reservations.lifecycle import paid
from reservations.models import Reservation
from reservations.pricing import due_now, owed
from reservations.status import Status
from reservations.transactions import in_transaction

log = logging.getLogger(__name__)

BY = system("payments")

ABANDONED = timedelta(minutes=10)
"""After so long a checkout that never reached its provider is over: nobody has seen its page."""

MOST_STEPS = 8

SHOWN: Mapping[CheckoutState, State] = {
    CheckoutState.OPEN: State.OPEN,
    CheckoutState.AUTHORISED: State.AUTHORISED,
    CheckoutState.PAID: State.AUTHORISED,
    CheckoutState.TO_CAPTURE: State.AUTHORISED,
    CheckoutState.CAPTURED: State.CAPTURED,
    CheckoutState.TO_VOID: State.AUTHORISED,
    CheckoutState.VOIDED: State.VOIDED,
    CheckoutState.TO_REFUND: State.CAPTURED,
    CheckoutState.REFUNDED: State.REFUNDED,
    CheckoutState.FAILED: State.FAILED,
    CheckoutState.EXPIRED: State.EXPIRED,
}
"""What the API says of a payment in each state of its checkout."""

_GONE = (Found.VOIDED, Found.EXPIRED, Found.FAILED)
_TAKEN = (Found.CAPTURED, Found.PAID)


class _Lost(Exception):  # noqa: N818 - a turn of the road, not a fault
    """Somebody else moved the checkout first."""


class _Unfit(Exception):  # noqa: N818
    """What was paid is not what is owed any more."""


def settle(checkout_id: int) -> Checkout:
    """Takes a checkout as far as it goes now. Repeating it changes nothing.

    Opens transactions of its own. Stops where the provider does not answer. Raises Busy.
    """
    checkout = _read(checkout_id)
    for _ in range(MOST_STEPS):
        step = _STEPS.get(CheckoutState(checkout.state))
        try:
            if step is None or not step(checkout):
                break
        except _Lost:
            pass
        except Unreachable:
            log.warning("%s does not answer for checkout %s", checkout.provider, checkout.pk)
            break
        checkout = _read(checkout_id)
    return _read(checkout_id)


def refuse(checkout: Checkout, reason: str) -> None:
    """Ends an open checkout that its provider refuses to open, so that nobody waits for it.

    Opens its own transaction. Raises Busy.
    """
    with contextlib.suppress(_Lost):
        _end(checkout, CheckoutState.FAILED, reason=reason, is_told=False)


def attempt(checkout_id: int) -> bool:
    """Settles, and leaves to the sweep what fails. Returns False where it did."""
    try:
        settle(checkout_id)
    except Busy:
        return False
    except Exception:
        log.exception("Checkout %s was not settled; the next sweep tries again", checkout_id)
        return False
    return True


def _ask(checkout: Checkout) -> bool:
    """open: asks the provider what became of it, and gives it up where nobody waits for it."""
    if not checkout.ref:
        is_over = checkout.created_at + ABANDONED <= clock.now()
        return is_over and _end(checkout, CheckoutState.EXPIRED)
    provider, why_not = _provider_of(checkout), _why_unwanted(checkout)
    reading = provider.read(checkout.ref)
    if why_not and reading.state is Found.OPEN:
        # Best effort. Where the guest was faster, it says so.
        reading = provider.void(checkout.ref, key=f"{checkout.key}:void")
    match reading.state:
        case Found.OPEN:
            return False
        case Found.FAILED:
            return _end(checkout, CheckoutState.FAILED, reason=reading.reason)
        case Found.VOIDED | Found.EXPIRED if why_not in ("", HoldExpired.code):
            return _end(checkout, CheckoutState.EXPIRED)
        case Found.VOIDED | Found.EXPIRED:
            # The guest knows, and was paying nothing yet.
            return _end(checkout, CheckoutState.VOIDED, reason=why_not, is_told=False)
        case Found.AUTHORISED:
            return _moved(checkout, CheckoutState.AUTHORISED, mandate=reading.mandate)
        case Found.PAID | Found.CAPTURED:
            return _moved(checkout, CheckoutState.PAID, mandate=reading.mandate, is_taken=True)


def _judge(checkout: Checkout) -> bool:
    """authorised, paid: confirms what it is for, or decides that nothing is taken."""
    ids = _reservation_ids(checkout)

    def then(rows: list[Reservation]) -> None:
        if not _fits(checkout, rows):
            raise _Unfit
        if checkout.purpose == Purpose.GUARANTEE:
            _store_card(checkout, rows)
        else:
            _move(checkout, CheckoutState.TO_CAPTURE)

    try:
        if checkout.is_for_hold and not _still_owes(checkout):
            actions.confirm_paid(reservation_ids=ids, by=BY, then=then)
        else:
            in_transaction(lambda: then(_locked(ids)))
    except Busy:
        raise
    except _Unfit:
        return _give_up(checkout, "amount_changed")
    except HoldExpired as refusal:
        return _confirmed_late(checkout, ids, then) or _give_up(checkout, refusal.code)
    except Refusal as refusal:
        return _give_up(checkout, refusal.code)
    return True


def _still_owes(checkout: Checkout) -> bool:
    """Whether a stored card is not enough: something must be paid before it is confirmed."""
    if checkout.purpose != Purpose.GUARANTEE:
        return False
    now = clock.now()
    return any(due_now.minor(row, now) for row in _rows(checkout))


def _confirmed_late(
    checkout: Checkout, ids: list[int], then: Callable[[list[Reservation]], None]
) -> bool:
    """One try for who paid late: the time may still be free, at the price as sold.

    A group is placed as a whole, or not at all.
    """
    now = clock.now()
    if not any(row.status_at(now) is Status.EXPIRED for row in _rows(checkout)):
        return False
    try:
        actions.confirm_late(
            reservation_ids=ids, reason="The payment arrived late.", by=BY, then=then
        )
    except Busy:
        raise
    except (Refusal, _Unfit):
        return False
    return True


def _give_up(checkout: Checkout, reason: str) -> bool:
    state = CheckoutState.TO_REFUND if checkout.is_taken else CheckoutState.TO_VOID
    return _moved(checkout, state, reason=reason)


def _capture(checkout: Checkout) -> bool:
    """to_capture: takes the money, and posts it."""
    if not checkout.ref:
        # A stored card is being charged: `card_charges` asks for it.
        return False
    if _is_cancelled(checkout, _rows(checkout)):
        return _give_up(checkout, "cancelled")
    if not checkout.is_taken:
        provider = _provider_of(checkout)
        try:
            reading = provider.capture(
                checkout.ref, amount_minor=checkout.amount_minor, key=f"{checkout.key}:capture"
            )
        except Declined:
            reading = provider.read(checkout.ref)
        if reading.state is Found.FAILED:
            return _end(checkout, CheckoutState.FAILED, reason=reading.reason)
        if reading.state in _GONE:
            # The authorisation did not last. The reservation stands, and is still to be paid.
            return _end(checkout, CheckoutState.VOIDED)
        if reading.state not in _TAKEN:
            return False
    in_transaction(lambda: _post(checkout))
    return True


def _post(checkout: Checkout) -> None:
    rows = {row.pk: row for row in _locked(_reservation_ids(checkout))}
    if _is_cancelled(checkout, list(rows.values())):
        # Meanwhile: it goes back at once, and the ledger never had it.
        _move(checkout, CheckoutState.TO_REFUND, reason="cancelled", is_taken=True)
        return
    _move(checkout, CheckoutState.CAPTURED, is_taken=True)
    now = clock.now()
    payments = list(checkout.payments.select_related("checkout").order_by("reservation"))
    for payment in payments:
        row = payment.reservation = rows[payment.reservation_id]
        posting.settle(row)
        captures.post(row, payment, at=now, by=BY)
    # Last, since it locks the numbers of the venue: one receipt, also of a group.
    receipts.issue(payments)


def _void(checkout: Checkout) -> bool:
    """to_void: has the provider let go of what it reserved."""
    if not checkout.ref:
        return _end(checkout, CheckoutState.VOIDED, is_told=False)
    provider = _provider_of(checkout)
    # What was given up while nobody had paid needs no word to the guest.
    is_told = checkout.reason != "superseded" or _has_paid(provider.read(checkout.ref))
    reading = provider.void(checkout.ref, key=f"{checkout.key}:void")
    if reading.state in _GONE:
        return _end(checkout, CheckoutState.VOIDED, is_told=is_told)
    if reading.state in _TAKEN:
        return _moved(checkout, CheckoutState.TO_REFUND, is_taken=True)
    return False


def _refund(checkout: Checkout) -> bool:
    """to_refund: has the provider give back what it took at once."""
    provider = _provider_of(checkout)
    try:
        reading = provider.refund(
            checkout.ref, amount_minor=checkout.amount_minor, key=f"{checkout.key}:refund"
        )
    except Declined as refusal:
        # Such as one that was given back on the provider's own pages meanwhile.
        reading = provider.read(checkout.ref)
        if reading.refunded_minor < checkout.amount_minor:
            log.error("Checkout %s cannot be given back: %s", checkout.pk, refusal.reason)  # noqa: TRY400
    if reading.refunded_minor < checkout.amount_minor:
        return False
    return _end(checkout, CheckoutState.REFUNDED)


_STEPS: Mapping[CheckoutState, Callable[[Checkout], bool]] = {
    CheckoutState.OPEN: _ask,
    CheckoutState.AUTHORISED: _judge,
    CheckoutState.PAID: _judge,
    CheckoutState.TO_CAPTURE: _capture,
    CheckoutState.TO_VOID: _void,
    CheckoutState.TO_REFUND: _refund,
}


def _move(checkout: Checkout, to: CheckoutState, **fields: object) -> None:
    """Compares and sets, and shows it. Assumes a transaction. Raises _Lost."""
    found = Checkout.objects.filter(pk=checkout.pk, state=checkout.state)
    if not found.update(state=to, **fields):
        raise _Lost
    shown = SHOWN[to]
    if to == CheckoutState.CAPTURED and checkout.purpose == Purpose.GUARANTEE:
        shown = State.AUTHORISED
    checkout.payments.update(state=shown)


def _moved(checkout: Checkout, to: CheckoutState, **fields: object) -> bool:
    with transaction.atomic(durable=True):
        _move(checkout, to, **fields)
    return True


def _end(checkout: Checkout, to: CheckoutState, *, reason: str = "", is_told: bool = True) -> bool:
    """Ends a checkout of which nothing was taken, or nothing is left, and tells so."""

    def ended() -> None:
        rows = {row.pk: row for row in _locked(_reservation_ids(checkout))}
        kept = {"reason": reason[:120]} if reason else {}
        _move(checkout, to, **kept)
        if not is_told:
            return
        for payment in checkout.payments.order_by("reservation"):
            entry = _told(to, payment, reason)
            events.record(rows[payment.reservation_id], entry, at=clock.now(), by=BY)

    in_transaction(ended)
    return True


def _told(state: CheckoutState, payment: Payment, reason: str) -> Entry:
    pk, amount = folio.payment_id(payment), payment.amount_minor
    if state in (CheckoutState.VOIDED, CheckoutState.REFUNDED):
        return PAYMENT_VOIDED({"payment": pk, "amount_minor": amount})
    why = reason or ("expired" if state == CheckoutState.EXPIRED else "")
    return PAYMENT_FAILED({"payment": pk, "amount_minor": amount, "reason": why})


def _store_card(checkout: Checkout, rows: list[Reservation]) -> None:
    _move(checkout, CheckoutState.CAPTURED)
    for row in rows:
        paid.guaranteed(row, at=clock.now())


def _why_unwanted(checkout: Checkout) -> str:
    """Why nobody waits for this payment any more, "" where somebody does.

    Read without a lock: confirming judges.
    """
    rows, now = _rows(checkout), clock.now()
    if _is_cancelled(checkout, rows):
        return "cancelled"
    if checkout.is_for_hold and any(row.status_at(now) is Status.EXPIRED for row in rows):
        return HoldExpired.code
    return "" if _fits(checkout, rows) else "amount_changed"


def _fits(checkout: Checkout, rows: list[Reservation]) -> bool:
    """Whether each part is owed, and enough of it to confirm."""
    if checkout.purpose == Purpose.GUARANTEE:
        return True
    now = clock.now()
    parts = dict(checkout.payments.values_list("reservation", "amount_minor"))

    def fits(row: Reservation) -> bool:
        most = owed.due(row, now) - _taken_beside(checkout, row)
        return due_now.minor(row, now) <= parts[row.pk] <= most

    return all(map(fits, rows))


def _taken_beside(checkout: Checkout, row: Reservation) -> int:
    """Returns what other checkouts are certain to take for a reservation, and have not posted.

    What is not judged yet does not count: of two that are authorised the first one is taken.
    """
    return taking_minor(row, [CheckoutState.TO_CAPTURE], but=checkout)


def taking_minor(
    row: Reservation, states: Iterable[CheckoutState], *, but: Checkout | None = None
) -> int:
    """Returns what checkouts in these states take for a reservation, in minor units, less `but`."""
    parts = Payment.objects.filter(reservation=row, checkout__state__in=states)
    others = parts if but is None else parts.exclude(checkout=but)
    return others.aggregate(told=Sum("amount_minor"))["told"] or 0


def _is_cancelled(checkout: Checkout, rows: list[Reservation]) -> bool:
    """Whether a payment for a hold outlived it, or one of a stay is no longer owed."""
    now = clock.now()
    parts = dict(checkout.payments.values_list("reservation", "amount_minor"))
    return any(
        row.cancelled_at is not None
        and (checkout.is_for_hold or owed.due(row, now) < parts[row.pk])
        for row in rows
    )


def _has_paid(reading: Reading) -> bool:
    return reading.state in (Found.AUTHORISED, *_TAKEN)


def _provider_of(checkout: Checkout) -> Provider:
    """Raises Unreachable where settings no longer name the provider."""
    try:
        return registry.provider(checkout.provider)
    except KeyError as fault:
        raise Unreachable from fault


def _read(checkout_id: int) -> Checkout:
    return Checkout.objects.get(pk=checkout_id)


def _reservation_ids(checkout: Checkout) -> list[int]:
    return sorted(checkout.payments.values_list("reservation", flat=True))


def _rows(checkout: Checkout) -> list[Reservation]:
    found = Reservation.objects.filter(pk__in=_reservation_ids(checkout))
    return list(found.select_related("venue__policy", "category").order_by("pk"))


def _locked(ids: list[int]) -> list[Reservation]:
    return [records.locked(pk, by=BY) for pk in ids]
