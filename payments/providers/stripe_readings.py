"""Reads objects of Stripe: what they say of a payment, in our words."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

import stripe
from stripe.checkout import Session

from payments.providers.protocol import Found, Reading
from payments.providers.stripe_amounts import from_stripe

_TAKEN_BACK = ("needs_response", "under_review", "lost", "appeal_needs_response",
               "appeal_under_review")  # fmt: skip
"""The states of a dispute in which the money is with the guest's bank."""

_INTENTS = {
    "requires_capture": Found.AUTHORISED,
    "canceled": Found.VOIDED,
}

T = TypeVar("T")


def expanded(field: str | T | None) -> T | None:
    """Returns an object that was asked for with the answer, or None where there is only an id."""
    return None if isinstance(field, str) else field


def id_of(field: Any) -> str:
    """Returns the id of a field that is an id or an object."""
    return field if isinstance(field, str) else cast(str, field.id)


def kept(thing: Any, name: str) -> str:
    """Returns a text that we kept with an object, or an empty one."""
    return str(getattr(thing.metadata, name, "") or "") if thing.metadata is not None else ""


def of_session(session: Session, disputed: int) -> Reading:
    """Returns what a session says, whose intents are expanded. `disputed` as Stripe counts."""
    intent = expanded(session.payment_intent)
    if session.mode == "setup":
        return _of_setup(session)
    if session.status == "complete" and intent is not None:
        return of_intent(intent, disputed, is_over=True)
    state = Found.EXPIRED if session.status == "expired" else Found.OPEN
    return Reading(state=state, reason=reason(intent))


def of_intent(intent: stripe.PaymentIntent, disputed: int, *, is_over: bool = False) -> Reading:
    """Returns what an intent says, whose charge is expanded.

    `is_over`: the guest has left the page, so that an intent without a card has failed.
    """
    charge = expanded(intent.latest_charge)
    currency = intent.currency.upper()
    state = _INTENTS.get(intent.status, Found.OPEN)
    if intent.status == "requires_payment_method" and is_over:
        state = Found.FAILED
    captured = refunded = 0
    if intent.status == "succeeded":
        state = Found.CAPTURED if _is_captured_later(intent, charge) else Found.PAID
        captured = from_stripe(intent.amount_received, currency)
        if charge is not None:
            # What was authorised and never captured counts as refunded there.
            refunded = min(from_stripe(charge.amount_refunded, currency), captured)
    return Reading(
        state=state,
        authorised_minor=from_stripe(intent.amount_capturable, currency) or captured,
        captured_minor=captured,
        refunded_minor=refunded,
        disputed_minor=from_stripe(disputed, currency),
        reason=reason(intent),
    )


def disputed(disputes: Iterable[stripe.Dispute]) -> int:
    """Returns what guests' banks have taken back, as Stripe counts."""
    return sum(one.amount for one in disputes if one.status in _TAKEN_BACK)


def _of_setup(session: Session) -> Reading:
    intent = expanded(session.setup_intent)
    if session.status == "expired":
        return Reading(state=Found.EXPIRED)
    if session.status != "complete" or intent is None or intent.status != "succeeded":
        failed = intent.last_setup_error if intent is not None else None
        return Reading(state=Found.OPEN, reason=(failed and failed.code) or "")
    card = expanded(intent.payment_method)
    if card is None or card.customer is None:
        return Reading(state=Found.VOIDED)
    return Reading(state=Found.AUTHORISED, mandate=f"{id_of(card.customer)}/{card.id}")


def _is_captured_later(intent: stripe.PaymentIntent, charge: stripe.Charge | None) -> bool:
    if intent.capture_method == "manual":
        return True
    details = charge.payment_method_details if charge is not None else None
    options = getattr(intent.payment_method_options, details.type if details else "card", None)
    return getattr(options, "capture_method", None) == "manual"


def reason(intent: stripe.PaymentIntent | None) -> str:
    """Returns why the last attempt to pay failed, in Stripe's word; empty where none did."""
    failed = intent.last_payment_error if intent is not None else None
    if failed is None:
        return ""
    return str(getattr(failed, "decline_code", None) or failed.code or "")
