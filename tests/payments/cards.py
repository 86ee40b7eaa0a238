"""Payments by card at the fake provider, one line each."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from guests.callers import Caller
from payments import checkouts, settling
from payments.models import Checkout, CheckoutState, FakeCharge, State
from payments.providers.fake import Fake
from payments.providers.protocol import Purpose
from reservations import clock
from reservations.models import Reservation
from tests.factories import NOON, hold, make_venue
from venues.models import Venue

PRICE = 1_000
"""Of a table, in cents."""

HOLD_TIME = timedelta(minutes=10)


def table(**policy: Any) -> Venue:
    """A restaurant whose tables cost PRICE and are held for HOLD_TIME."""
    rules: dict[str, Any] = {"hold_time": HOLD_TIME, "confirms_at_once": False} | policy
    return make_venue("restaurant", **rules)


def held(venue: Venue | None = None, *, asks: int = PRICE, **fields: Any) -> Reservation:
    """A hold of a guest, of which `asks` is due before it is confirmed."""
    row = hold(venue or table(), fields.pop("start", NOON), **fields)
    Reservation.objects.filter(pk=row.pk).update(due_now_minor=asks)
    return fresh(row)


def guest_of(row: Reservation) -> Caller:
    """The guest who has proven that the reservation is theirs."""
    return Caller(kind="guest", name="guest", proven=frozenset([row.pk]))


def begin(row: Reservation, purpose: Purpose = Purpose.PAY, **fields: Any) -> Checkout:
    """A payment that its guest has opened."""
    by = fields.pop("by", None) or guest_of(row)
    return checkouts.open(row.pk, purpose=purpose, by=by, **fields).checkout


def press(checkout: Checkout, outcome: str = "pay", *, at_once: bool = False) -> FakeCharge:
    """What the guest does on the provider's page."""
    return Fake(at_once=at_once).press(checkout.ref, outcome)


def settle(checkout: Checkout) -> CheckoutState:
    return CheckoutState(settling.settle(checkout.pk).state)


def charge_of(checkout: Checkout) -> FakeCharge:
    return FakeCharge.objects.get(ref=checkout.ref)


def shown(checkout: Checkout) -> list[State]:
    return [State(one.state) for one in checkout.payments.all()]


def fresh(row: Reservation) -> Reservation:
    return Reservation.objects.select_related("venue__policy", "category").get(pk=row.pk)


def path_of(url: str) -> str:
    return urlsplit(url).path


def later(**length: float) -> Any:
    return clock.now() + timedelta(**length)
