"""The calls of Stripe's API that the stand-in knows."""

import re
from collections.abc import Callable
from typing import Any

from payments.providers.fake_stripe import cards, intents, refunds, sessions
from payments.providers.fake_stripe.account import FakeAccount, Thing, expanded, listed
from payments.providers.fake_stripe.faults import StripeRefusal
from payments.providers.fake_stripe.forms import Params, whole

_Act = Callable[[FakeAccount, Thing, Params], Thing]

_KINDS = {
    "payment_intents": "payment_intent",
    "charges": "charge",
    "checkout/sessions": "checkout.session",
    "setup_intents": "setup_intent",
    "customers": "customer",
    "payment_methods": "payment_method",
    "refunds": "refund",
    "disputes": "dispute",
    "events": "event",
}
_CREATED: dict[str, Callable[[FakeAccount, Params], Thing]] = {
    "payment_intent": intents.create,
    "setup_intent": cards.create_setup,
    "customer": cards.create_customer,
    "refund": refunds.create,
}
_ACTS: dict[tuple[str, str], _Act] = {
    ("payment_intent", "confirm"): intents.confirm,
    ("payment_intent", "capture"): intents.capture,
    ("payment_intent", "cancel"): intents.cancel,
    ("setup_intent", "confirm"): cards.confirm_setup,
    ("setup_intent", "cancel"): lambda account, intent, _: cards.cancel_setup(account, intent),
    ("payment_method", "detach"): cards.detach,
    ("checkout.session", "expire"): lambda account, one, _: sessions.expire(account, one),
}
_FILTERS = ("payment_intent", "charge", "customer", "status")
_PATH = re.compile(rf"/v1/({'|'.join(_KINDS)})(?:/([\w-]+)(?:/(\w+))?)?")


def answer(account: FakeAccount, method: str, path: str, params: Params, pages: str) -> Thing:
    """Carries a call out. `pages` is where the hosted pages are. Raises StripeRefusal."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise _unknown(method, path)
    kind, pk, act = _KINDS[found[1]], found[2], found[3]
    paths = params.get("expand") or []
    if method == "GET" and not act:
        if pk:
            return expanded(account, account.get(kind, pk), paths)
        return _list(account, kind, params)
    if method != "POST":
        raise _unknown(method, path)
    return expanded(account, _post(account, kind, pk, act, params, pages), paths)


def _post(
    account: FakeAccount, kind: str, pk: str | None, act: str | None, params: Params, pages: str
) -> Thing:
    if pk is None and kind == "checkout.session":
        return sessions.create(account, params, pages)
    if pk is None and kind in _CREATED:
        return _CREATED[kind](account, params)
    if pk and (kind, act) == ("payment_method", "attach"):
        return cards.attach(account, pk, params)
    if pk and act and (kind, act) in _ACTS:
        return _ACTS[kind, act](account, account.get(kind, pk), params)
    raise _unknown("POST", f"{kind}/{pk}/{act}")


def _list(account: FakeAccount, kind: str, params: Params) -> Thing:
    given: dict[str, Any] = {name: params[name] for name in _FILTERS if name in params}
    limit = whole(params, "limit", 10) or 10
    after = params.get("starting_after")
    things = [
        one
        for one in account.all(kind)
        if all(one.get(name) == value for name, value in given.items())
    ]
    ids = [one["id"] for one in things]
    if after:
        things = things[ids.index(after) + 1 :]
    page = [expanded(account, one, []) for one in things[:limit]]
    return listed(kind, page, has_more=len(things) > limit)


def _unknown(method: str, path: str) -> StripeRefusal:
    return StripeRefusal(f"Unrecognized request URL ({method}: {path}).", status=404)
