"""Payment intents and charges of the stand-in: authorised, captured and given up."""

from typing import Any

from payments.providers.fake_stripe import cards
from payments.providers.fake_stripe.account import FakeAccount, Thing
from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import StripeRefusal, declined
from payments.providers.fake_stripe.forms import Params, truth, whole

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(account: FakeAccount, params: Params) -> Thing:
    """Keeps a payment intent, and confirms it where it is asked to. Raises StripeRefusal."""
    amount = amount_of(params, "amount")
    currency = str(params.get("currency", ""))
    if len(currency) != 3 or not currency.islower():
        raise StripeRefusal(f"Invalid currency: {currency}.", param="currency")
    if params.get("customer"):
        account.get("customer", str(params["customer"]))
    intent = account.make(
        "payment_intent",
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=params.get("capture_method") or "automatic_async",
        confirmation_method="automatic",
        currency=currency,
        customer=params.get("customer") or None,
        description=params.get("description") or None,
        last_payment_error=None,
        latest_charge=None,
        metadata=dict(params.get("metadata") or {}),
        next_action=None,
        payment_method=None,
        payment_method_options=dict(params.get("payment_method_options") or {}),
        payment_method_types=["card"],
        setup_future_usage=params.get("setup_future_usage") or None,
        status="requires_payment_method",
    )
    account.tell("payment_intent.created", intent)
    if named := params.get("payment_method"):
        intent["payment_method"] = cards.method(account, str(named))["id"]
        intent["status"] = "requires_confirmation"
    if truth(params, "confirm"):
        confirm(account, intent, params)
    return intent


def confirm(
    account: FakeAccount, intent: Thing, params: Params, *, is_authenticated: bool = False
) -> Thing:
    """Asks the bank for the money. Raises StripeRefusal where the card is declined."""
    if named := params.get("payment_method"):
        intent["payment_method"] = cards.method(account, str(named))["id"]
    if intent["status"] not in _OPEN or intent["payment_method"] is None:
        raise _unexpected(intent, "confirmed")
    card = account.get("payment_method", intent["payment_method"])
    is_alone = truth(params, "off_session")
    if is_alone and card["customer"] != intent["customer"]:
        raise StripeRefusal(
            "The provided PaymentMethod cannot be attached. To reuse a PaymentMethod, you must "
            "attach it to a Customer first."
        )
    if card["_card"] in {Card.DECLINED, Card.DECLINED_LATER}:
        raise _fail(account, intent, "card_declined", "generic_decline")
    if card["_card"] == Card.AUTHENTICATION and not is_authenticated:
        if is_alone:
            raise _fail(account, intent, "authentication_required", "authentication_required")
        intent.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
        account.tell("payment_intent.requires_action", intent)
        return intent
    return _authorise(account, intent, card)


def capture(account: FakeAccount, intent: Thing, params: Params) -> Thing:
    """Takes what was authorised, or less. Raises StripeRefusal."""
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "captured")
    amount = amount_of(params, "amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        raise StripeRefusal(
            "The amount to capture is greater than what can be captured.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    _take(account, intent, account.get("charge", intent["latest_charge"]), amount)
    account.tell("charge.captured", account.get("charge", intent["latest_charge"]))
    return intent


def cancel(account: FakeAccount, intent: Thing, params: Params) -> Thing:
    """Gives an intent up, and releases what was authorised. Raises StripeRefusal."""
    if intent["status"] not in (*_OPEN, "requires_capture", "processing"):
        raise _unexpected(intent, "canceled")
    if intent["latest_charge"] and intent["status"] == "requires_capture":
        charge = account.get("charge", intent["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=int(account.now()),
        cancellation_reason=params.get("cancellation_reason") or None,
    )
    account.tell("payment_intent.canceled", intent)
    return intent


def amount_of(params: Params, name: str, default: int | None = None) -> int:
    """Returns an amount above zero. Raises StripeRefusal."""
    try:
        amount = whole(params, name, default)
    except ValueError:
        raise StripeRefusal(f"Invalid integer: {params[name]}", param=name) from None
    if amount is None:
        raise StripeRefusal(
            f"Missing required param: {name}.", code="parameter_missing", param=name
        )
    if not 0 < amount < 10**8:
        raise StripeRefusal("This value is out of range.", code="amount_too_small", param=name)
    return amount


def is_captured_later(intent: Thing, kind: str) -> bool:
    """True where a method such as `card` is authorised first."""
    options: dict[str, Any] = intent["payment_method_options"].get(kind) or {}
    return bool((options.get("capture_method") or intent["capture_method"]) == "manual")


def _authorise(account: FakeAccount, intent: Thing, card: Thing) -> Thing:
    charge = account.make(
        "charge",
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        captured=False,
        currency=intent["currency"],
        customer=intent["customer"],
        disputed=False,
        metadata=dict(intent["metadata"]),
        paid=True,
        payment_intent=intent["id"],
        payment_method=card["id"],
        payment_method_details={"type": card["type"]},
        refunded=False,
        status="succeeded",
    )
    intent.update(latest_charge=charge["id"], next_action=None, last_payment_error=None)
    if is_captured_later(intent, card["type"]):
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        account.tell("charge.succeeded", charge)
        account.tell("payment_intent.amount_capturable_updated", intent)
    else:
        _take(account, intent, charge, intent["amount"])
        account.tell("charge.succeeded", charge)
    return intent


def _take(account: FakeAccount, intent: Thing, charge: Thing, amount: int) -> None:
    charge.update(captured=True, amount_captured=amount)
    intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
    account.tell("payment_intent.succeeded", intent)


def _fail(account: FakeAccount, intent: Thing, code: str, reason: str) -> StripeRefusal:
    intent.update(status="requires_payment_method", payment_method=None)
    intent["last_payment_error"] = {"type": "card_error", "code": code, "decline_code": reason}
    account.tell("payment_intent.payment_failed", intent)
    return declined(code, reason, intent)


def _unexpected(intent: Thing, verb: str) -> StripeRefusal:
    return StripeRefusal(
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        more={"payment_intent": intent},
    )
