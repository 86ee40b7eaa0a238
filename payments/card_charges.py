"""Charges a stored card for a no-show or a late cancelling, up to what the guest agreed to.

The charge is written down before the provider is asked, with the key of its checkout. So it is
asked for again where the answer was lost, and takes the money once.
"""

import logging

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext

from guests.callers import Caller
from payments import checkouts, folio, guarantees, links, posting, settling
from payments.errors import NoGuarantee, NothingDue, PaymentRefused, ProviderUnavailable
from payments.methods import Method
from payments.models import Checkout, CheckoutState, Payment, State
from payments.providers import registry
from payments.providers.protocol import Charged, Declined, Found, Purpose, Unreachable
from reservations import clock, events, idempotency
from reservations.errors import Busy, Invalid, WrongStatus
from reservations.event_types import PAYMENT_LINK
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.records import locked
from reservations.rules import permissions
from reservations.rules.permissions import Act
from reservations.status import Status
from reservations.transactions import in_transaction

log = logging.getLogger(__name__)

_GONE = (CheckoutState.FAILED, CheckoutState.VOIDED, CheckoutState.EXPIRED, CheckoutState.REFUNDED)
_UNDER_WAY = (CheckoutState.AUTHORISED, CheckoutState.PAID, CheckoutState.TO_CAPTURE)


def charge(
    reservation_id: int, *, amount_minor: int, reason: str, by: Caller, once: Once | None = None
) -> Payment:
    """Charges the stored card of a reservation. For managers.

    Where the bank asks for the guest or declines, the guest is sent a link to pay. Opens its own
    transactions. Raises NotFound, Forbidden, Invalid, NoGuarantee, WrongStatus, ChangedMeanwhile,
    Repeated or Busy with nothing changed.
    """

    given_up: list[int] = []

    def act() -> Payment:
        row = locked(reservation_id, by=by)
        permissions.judge(by, Act.CHARGE, row.venue_id)
        told_why = permissions.judge_reason(row.venue_id, reason, by)
        posting.settle(row)
        stored = guarantees.of(row)
        if stored is None:
            raise NoGuarantee
        _judge(row, stored, amount_minor)
        # What the guest would pay by a link is what the card pays now.
        given_up[:] = checkouts.supersede(row)
        return _written_down(row, stored, amount_minor, told_why, by)

    payment = idempotency.carry_out(act, once)
    assert payment.checkout_id is not None
    attempt(payment.checkout_id)
    for pk in given_up:
        settling.attempt(pk)
    payment.refresh_from_db()
    return payment


def chargeable_minor(row: Reservation, stored: Checkout) -> int:
    """What may be charged to the stored card of a reservation now. Never negative."""
    now = clock.now()
    charged = Payment.objects.filter(reservation=row, checkout__mandate=stored.mandate)
    taken = charged.exclude(checkout__state__in=_GONE).aggregate(told=Sum("amount_minor"))["told"]
    # What is not owed would only be given back.
    left = owed.due(row, now) - settling.taking_minor(row, _UNDER_WAY)
    return max(0, min(stored.limit_minor - (taken or 0), left))


def may_be_charged(row: Reservation) -> bool:
    """True for a guest who did not come, or cancelled so late that a fee is owed."""
    status = row.status_at(clock.now())
    return status is Status.NO_SHOW or (status is Status.CANCELLED and row.fee_due_minor > 0)


def attempt(checkout_id: int) -> None:
    """Asks the provider for a charge that was written down. What fails is left to the sweep."""
    try:
        _carry_out(checkout_id)
    except (Unreachable, Busy):
        log.warning("The charge of checkout %s is asked for again later", checkout_id)
    except Exception:
        log.exception("The charge of checkout %s failed; it is asked for again", checkout_id)


def ask_again() -> int:
    """Asks for each charge whose outcome is not known. Returns how many."""
    waiting = Checkout.objects.filter(state=CheckoutState.TO_CAPTURE, ref="").exclude(mandate="")
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[: settings.SWEEP_BATCH])
    for pk in ids:
        attempt(pk)
    return len(ids)


def _judge(row: Reservation, stored: Checkout, amount_minor: int) -> None:
    if not may_be_charged(row):
        told = gettext("A card is charged for guests who did not come or cancelled late.")
        raise WrongStatus(told)
    if amount_minor <= 0:
        raise Invalid("amount", gettext("Give an amount above zero."))
    most = chargeable_minor(row, stored)
    if amount_minor > most:
        told = gettext("At most %(amount)s %(currency)s can be charged.")
        shown = folio.decimal_text(most, row.currency)
        raise Invalid("amount", told % {"amount": shown, "currency": row.currency})


def _written_down(
    row: Reservation, stored: Checkout, amount_minor: int, reason: str, by: Caller
) -> Payment:
    now = clock.now()
    checkout = Checkout.objects.create(
        provider=stored.provider,
        purpose=Purpose.PAY,
        amount_minor=amount_minor,
        currency=row.currency,
        state=CheckoutState.TO_CAPTURE,
        mandate=stored.mandate,
        expires_at=now + checkouts.LINK_LASTS,
        created_at=now,
        by=by.name,
        by_kind=by.kind,
    )
    return Payment.objects.create(
        reservation=row,
        checkout=checkout,
        method=Method.CARD,
        state=State.AUTHORISED,
        amount_minor=amount_minor,
        currency=row.currency,
        reference=reason[:64],
        at=now,
        by=by.name,
        by_kind=by.kind,
    )


def _carry_out(checkout_id: int) -> None:
    checkout = Checkout.objects.get(pk=checkout_id)
    if checkout.state != CheckoutState.TO_CAPTURE or checkout.ref:
        return
    try:
        provider = registry.provider(checkout.provider)
    except KeyError as fault:
        raise Unreachable from fault
    try:
        charged = provider.charge_saved(checkout.mandate, checkouts.order_of(checkout))
    except Declined as refusal:
        _declined(checkout, refusal.reason)
        return
    if charged.url:
        _ask_guest(checkout, charged)
        return
    # One that is still under way is asked for again, and posted once it is taken.
    is_taken = charged.reading.state in (Found.CAPTURED, Found.PAID)
    _waiting(checkout).update(ref=charged.ref, is_taken=is_taken)
    settling.attempt(checkout.pk)


def _declined(checkout: Checkout, reason: str) -> None:
    """Nothing was taken. The guest gets a link to pay what is due."""
    if not _waiting(checkout).update(state=CheckoutState.FAILED, reason=reason[:120]):
        return
    checkout.payments.update(state=State.FAILED)
    pk = checkout.payments.values_list("reservation", flat=True).get()
    try:
        links.send(pk, by=settling.BY)
    except (NothingDue, PaymentRefused, ProviderUnavailable, Invalid, WrongStatus):
        log.warning("No link could be sent for the declined charge of checkout %s", checkout.pk)


def _ask_guest(checkout: Checkout, charged: Charged) -> None:
    """The bank wants to see the guest, who is sent a link to the provider's page."""

    def told() -> None:
        payment = checkout.payments.get()
        row = locked(payment.reservation_id, by=settling.BY)
        # From here on it is a payment like others, which the guest makes.
        found = _waiting(checkout)
        if not found.update(state=CheckoutState.OPEN, ref=charged.ref, url=charged.url, mandate=""):
            return
        checkout.payments.update(state=State.OPEN)
        entry = PAYMENT_LINK(
            {
                "payment": folio.payment_id(payment),
                "amount_minor": payment.amount_minor,
                "purpose": Purpose.PAY,
                "is_authentication": True,
            }
        )
        events.record(row, entry, at=clock.now(), by=settling.BY)

    in_transaction(told)


def _waiting(checkout: Checkout) -> QuerySet[Checkout]:
    return Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.TO_CAPTURE, ref="")
