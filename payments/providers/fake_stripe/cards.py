"""Customers, cards and setup intents of the stand-in."""

from enum import StrEnum

from payments.providers.fake_stripe.account import FakeAccount, Thing
from payments.providers.fake_stripe.faults import StripeRefusal, declined
from payments.providers.fake_stripe.forms import Params, truth


class Card(StrEnum):
    """The test cards of Stripe that the stand-in knows, by their names there."""

    GOOD = "pm_card_visa"
    AUTHENTICATION = "pm_card_authenticationRequired"
    """The bank asks each time, also for a charge without the guest."""
    AUTHENTICATION_ONCE = "pm_card_authenticationRequiredOnSetup"
    """The bank asks when the card is stored, and never again."""
    DECLINED = "pm_card_chargeDeclined"
    DECLINED_LATER = "pm_card_chargeCustomerFail"
    """It can be stored, and each charge is declined."""


def create_customer(account: FakeAccount, params: Params) -> Thing:
    """Keeps a customer."""
    return account.make(
        "customer",
        email=params.get("email") or None,
        name=params.get("name") or None,
        metadata=dict(params.get("metadata") or {}),
    )


def method(account: FakeAccount, named: str) -> Thing:
    """Returns the card of this id, or a new one of a test card. Raises StripeRefusal."""
    if named in set(Card):
        card = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}
        return account.make("payment_method", type="card", card=card, customer=None, _card=named)
    return account.get("payment_method", named)


def attach(account: FakeAccount, named: str, params: Params) -> Thing:
    """Gives a card to a customer."""
    customer = account.get("customer", str(params.get("customer", "")))
    card = method(account, named)
    if card["_card"] == Card.DECLINED:
        raise StripeRefusal(
            "Your card was declined.", code="card_declined", status=402, kind="card_error"
        )
    card["customer"] = customer["id"]
    account.tell("payment_method.attached", card)
    return card


def detach(account: FakeAccount, card: Thing, _params: Params) -> Thing:
    """Takes a card from its customer, so that it can no longer be charged."""
    if card["customer"] is None:
        raise StripeRefusal("The payment method you provided is not attached to a customer.")
    card["customer"] = None
    account.tell("payment_method.detached", card)
    return card


def create_setup(account: FakeAccount, params: Params) -> Thing:
    """Keeps a setup intent, and confirms it where it is asked to."""
    intent = account.make(
        "setup_intent",
        status="requires_payment_method",
        customer=params.get("customer") or None,
        payment_method=None,
        payment_method_types=["card"],
        usage=params.get("usage") or "off_session",
        last_setup_error=None,
        next_action=None,
        mandate=None,
        metadata=dict(params.get("metadata") or {}),
    )
    account.tell("setup_intent.created", intent)
    if named := params.get("payment_method"):
        intent["payment_method"] = method(account, str(named))["id"]
        intent["status"] = "requires_confirmation"
    if truth(params, "confirm"):
        confirm_setup(account, intent, {})
    return intent


def confirm_setup(
    account: FakeAccount, intent: Thing, params: Params, *, is_authenticated: bool = False
) -> Thing:
    """Stores the card of a setup intent for charges to come. Raises StripeRefusal."""
    if named := params.get("payment_method"):
        intent["payment_method"] = method(account, str(named))["id"]
    if intent["status"] in ("succeeded", "canceled") or intent["payment_method"] is None:
        raise StripeRefusal(
            f"You cannot confirm this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    card = account.get("payment_method", intent["payment_method"])
    if card["_card"] == Card.DECLINED:
        intent.update(status="requires_payment_method", payment_method=None)
        intent["last_setup_error"] = {"type": "card_error", "code": "card_declined"}
        account.tell("setup_intent.setup_failed", intent)
        raise declined("card_declined", "generic_decline", intent)
    asks = card["_card"] in {Card.AUTHENTICATION, Card.AUTHENTICATION_ONCE}
    if asks and not is_authenticated:
        intent.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
        return intent
    card["customer"] = intent["customer"]
    intent.update(status="succeeded", next_action=None, last_setup_error=None)
    account.tell("setup_intent.succeeded", intent)
    return intent


def cancel_setup(account: FakeAccount, intent: Thing) -> Thing:
    """Gives a setup intent up. Raises StripeRefusal."""
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeRefusal(
            f"You cannot cancel this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    intent["status"] = "canceled"
    account.tell("setup_intent.canceled", intent)
    return intent
