"""The objects of the stand-in: kept in memory, changed under one lock."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from payments.providers.fake_stripe.faults import StripeRefusal

Thing = dict[str, Any]
"""An object as the API shows it. Names that begin with `_` are the stand-in's own."""

_PREFIXES = {
    "payment_intent": "pi",
    "charge": "ch",
    "checkout.session": "cs_test",
    "setup_intent": "seti",
    "customer": "cus",
    "payment_method": "pm",
    "refund": "re",
    "dispute": "du",
    "event": "evt",
}
_PLACES = {
    "payment_intent": "payment_intents",
    "charge": "charges",
    "checkout.session": "checkout/sessions",
    "setup_intent": "setup_intents",
    "customer": "customers",
    "payment_method": "payment_methods",
    "refund": "refunds",
    "dispute": "disputes",
    "event": "events",
}


class FakeAccount:
    """Everything of one merchant. `lock` is held while a call is carried out."""

    def __init__(self, api_version: str, now: Callable[[], float]) -> None:
        self.api_version = api_version
        self.now = now
        self.lock = threading.RLock()
        self.objects: dict[str, Thing] = {}
        self.on_event: Callable[[Thing], None] = lambda _event: None
        self._numbers = itertools.count(1)

    def make(self, kind: str, **fields: Any) -> Thing:
        """Keeps and returns a new object of a kind such as `charge`."""
        prefix = _PREFIXES[kind]
        # Stripe's ids are random; these are in order, which makes a failed test readable.
        pk = f"{prefix}_fake{next(self._numbers):08d}"
        made: Thing = {
            "id": pk, "object": kind, "created": int(self.now()), "livemode": False,
            "metadata": {}, **fields,
        }  # fmt: skip
        self.objects[pk] = made
        return made

    def get(self, kind: str, pk: str) -> Thing:
        """Returns the object. Raises StripeRefusal, as Stripe answers 404."""
        found = self.objects.get(pk)
        if found is None or found["object"] != kind:
            raise StripeRefusal(
                f"No such {kind}: '{pk}'", code="resource_missing", param="id", status=404
            )
        return found

    def all(self, kind: str) -> Iterator[Thing]:
        """Yields the objects of a kind, the newest first."""
        return (one for one in reversed(list(self.objects.values())) if one["object"] == kind)

    def tell(self, event_type: str, about: Thing) -> None:
        """Makes an event with the object as it is now."""
        event = self.make(
            "event",
            type=event_type,
            api_version=self.api_version,
            data={"object": shown(about)},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        self.on_event(event)


def shown(thing: Any) -> Any:
    """Returns a copy without the stand-in's own fields."""
    if isinstance(thing, dict):
        return {name: shown(value) for name, value in thing.items() if not name.startswith("_")}
    if isinstance(thing, list):
        return [shown(one) for one in thing]
    return thing


def expanded(account: FakeAccount, thing: Thing, paths: list[str]) -> Thing:
    """Returns a copy in which ids at these paths, such as `payment_intent.latest_charge`, are
    objects.
    """
    told: Thing = shown(thing)
    for path in paths:
        place = told
        for name in path.split("."):
            value = place.get(name)
            if isinstance(value, str) and value in account.objects:
                place[name] = value = shown(account.objects[value])
            if not isinstance(value, dict):
                break
            place = value
    return told


def listed(kind: str, things: list[Thing], has_more: bool) -> Thing:  # noqa: FBT001
    """Returns a list as the API answers it."""
    return {
        "object": "list", "url": f"/v1/{_PLACES[kind]}", "has_more": has_more, "data": things,
    }  # fmt: skip
