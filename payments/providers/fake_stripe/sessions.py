"""Checkout sessions of the stand-in: the guest's visit to the hosted page."""

from typing import Any

from payments.providers.fake_stripe import cards, intents
from payments.providers.fake_stripe.account import FakeAccount, Thing
from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import StripeRefusal
from payments.providers.fake_stripe.forms import Params, whole

SHORTEST, LONGEST = 30 * 60, 24 * 3600
"""How long a session may last, in seconds."""


def create(account: FakeAccount, params: Params, page: str) -> Thing:
    """Opens a session, whose page is at `page` and its id. Raises StripeRefusal."""
    mode = str(params.get("mode", ""))
    if mode not in ("payment", "setup"):
        raise StripeRefusal(f"Invalid mode: {mode}", param="mode")
    if not params.get("success_url"):
        raise StripeRefusal("Missing required param: success_url.", code="parameter_missing")
    session = account.make(
        "checkout.session",
        amount_total=_total(params) if mode == "payment" else None,
        cancel_url=params.get("cancel_url") or None,
        client_reference_id=params.get("client_reference_id") or None,
        currency=_currency(params) if mode == "payment" else None,
        customer=params.get("customer") or None,
        customer_email=params.get("customer_email") or None,
        expires_at=_expiry(account, params),
        locale=params.get("locale") or None,
        metadata=dict(params.get("metadata") or {}),
        mode=mode,
        payment_intent=None,
        payment_method_types=["card"],
        payment_status="unpaid" if mode == "payment" else "no_payment_required",
        setup_intent=None,
        status="open",
        success_url=params["success_url"],
        _params=params,
        _late_at=None,
    )
    session["url"] = f"{page}{session['id']}"
    if mode == "setup":
        session["setup_intent"] = cards.create_setup(
            account, dict(params.get("setup_intent_data") or {})
        )["id"]
    return session


def expire(account: FakeAccount, session: Thing) -> Thing:
    """Closes an open session. Raises StripeRefusal."""
    if session["status"] != "open":
        raise StripeRefusal(
            "Only Checkout Sessions with a status in ["
            f'"open"] can be expired. This Checkout Session has a status of {session["status"]}.'
        )
    session.update(status="expired", url=None)
    for kind, cancel in (("payment_intent", intents.cancel), ("setup_intent", _cancel_setup)):
        if session[kind]:
            cancel(account, account.get(kind, session[kind]), {})
    account.tell("checkout.session.expired", session)
    return session


def pay(account: FakeAccount, session: Thing, card: Card, *, is_authenticated: bool) -> Thing:
    """The guest gives a card. Raises StripeRefusal; the session then stays open."""
    if session["status"] != "open":
        raise StripeRefusal(f"This page is {session['status']}.")
    params: dict[str, Any] = session["_params"]
    if session["customer"] is None and (
        session["mode"] == "setup" or params.get("customer_creation") == "always"
    ):
        email = {"email": session["customer_email"]}
        session["customer"] = cards.create_customer(account, email)["id"]
    by = {"payment_method": card}
    if session["mode"] == "setup":
        intent = account.get("setup_intent", session["setup_intent"])
        intent["customer"] = session["customer"]
        cards.confirm_setup(account, intent, by, is_authenticated=is_authenticated)
    else:
        intent = _intent(account, session)
        intents.confirm(account, intent, by, is_authenticated=is_authenticated)
    if intent["status"] != "requires_action":
        is_paid = intent["status"] == "succeeded" and session["mode"] == "payment"
        session.update(status="complete", url=None, _late_at=None)
        session["payment_status"] = "paid" if is_paid else session["payment_status"]
        account.tell("checkout.session.completed", session)
    return intent


def pay_late(account: FakeAccount, session: Thing, seconds: float) -> None:
    """The guest dawdles: the session is paid after so many seconds, unless it is over by then."""
    session["_late_at"] = account.now() + seconds


def lapse(account: FakeAccount) -> None:
    """Does what is due by now: late payments, and the end of sessions."""
    now = account.now()
    for session in list(account.all("checkout.session")):
        if session["status"] != "open":
            continue
        late_at = session["_late_at"]
        if late_at is not None and late_at <= min(now, session["expires_at"]):
            pay(account, session, Card.GOOD, is_authenticated=False)
        elif session["expires_at"] <= now:
            expire(account, session)


def _intent(account: FakeAccount, session: Thing) -> Thing:
    if session["payment_intent"]:
        return account.get("payment_intent", session["payment_intent"])
    params = session["_params"]
    intent = intents.create(
        account,
        {
            "amount": str(session["amount_total"]),
            "currency": session["currency"],
            "customer": session["customer"],
            "payment_method_options": params.get("payment_method_options") or {},
            **(params.get("payment_intent_data") or {}),
        },
    )
    session["payment_intent"] = intent["id"]
    return intent


def _cancel_setup(account: FakeAccount, intent: Thing, params: Params) -> Thing:
    return cards.cancel_setup(account, intent)


def _lines(params: Params) -> list[Params]:
    lines = params.get("line_items")
    if not isinstance(lines, list) or not lines:
        raise StripeRefusal("Missing required param: line_items.", code="parameter_missing")
    return lines


def _total(params: Params) -> int:
    return sum(
        intents.amount_of(line["price_data"], "unit_amount") * int(line.get("quantity", 1))
        for line in _lines(params)
    )


def _currency(params: Params) -> str:
    return str(_lines(params)[0]["price_data"]["currency"])


def _expiry(account: FakeAccount, params: Params) -> int:
    now = account.now()
    given = whole(params, "expires_at") or int(now) + LONGEST
    if not now + SHORTEST <= given <= now + LONGEST + 60:
        raise StripeRefusal(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return given
