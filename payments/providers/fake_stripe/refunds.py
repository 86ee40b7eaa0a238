"""Refunds and disputes of the stand-in."""

from payments.providers.fake_stripe.account import FakeAccount, Thing
from payments.providers.fake_stripe.faults import StripeRefusal
from payments.providers.fake_stripe.forms import Params
from payments.providers.fake_stripe.intents import amount_of


def create(account: FakeAccount, params: Params) -> Thing:
    """Gives money of a charge back, at most what was captured. Raises StripeRefusal."""
    charge = _charge(account, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not charge["captured"]:
        raise StripeRefusal("This charge was not captured.", code="charge_not_captured")
    if left <= 0:
        raise StripeRefusal(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = amount_of(params, "amount", left)
    if amount > left:
        raise StripeRefusal(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).",
            param="amount",
        )
    refund = account.make(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        payment_intent=charge["payment_intent"],
        metadata=dict(params.get("metadata") or {}),
        reason=params.get("reason") or None,
        status="succeeded",
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.tell("refund.created", refund)
    account.tell("charge.refunded", charge)
    return refund


def dispute(account: FakeAccount, charge: Thing, amount: int | None = None) -> Thing:
    """Makes the guest's bank take money back, as no call of the API can."""
    made = account.make(
        "dispute",
        amount=amount or charge["amount_captured"],
        charge=charge["id"],
        currency=charge["currency"],
        payment_intent=charge["payment_intent"],
        reason="fraudulent",
        status="needs_response",
    )
    charge["disputed"] = True
    account.tell("charge.dispute.created", made)
    account.tell("charge.dispute.funds_withdrawn", made)
    return made


def close(account: FakeAccount, made: Thing, status: str) -> Thing:
    """Ends a dispute: `won` returns the money, `lost` does not."""
    made["status"] = status
    if status == "won":
        account.tell("charge.dispute.funds_reinstated", made)
    account.tell("charge.dispute.closed", made)
    return made


def _charge(account: FakeAccount, params: Params) -> Thing:
    if params.get("charge"):
        return account.get("charge", str(params["charge"]))
    intent = account.get("payment_intent", str(params.get("payment_intent", "")))
    if intent["latest_charge"] is None:
        raise StripeRefusal("This PaymentIntent has no charge.", param="payment_intent")
    return account.get("charge", intent["latest_charge"])
