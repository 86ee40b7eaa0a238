"""Reservations that are paid at the stand-in for Stripe."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.test import override_settings

from payments import provider_events, settling
from payments.models import Checkout
from payments.providers.fake_stripe.server import KEY, SECRET, FakeStripe
from payments.providers.protocol import BadSignature, Started
from reservations import clock
from tests.payments.stripe_api.guests import choose


@contextmanager
def taking_cards(fake: FakeStripe) -> Iterator[None]:
    """Inside the block, venues take cards at the stand-in, and its webhooks come in."""

    def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            provider_events.receive("stripe", headers, body)
        except BadSignature:
            return 400
        return 200

    fake.webhooks.url, fake.webhooks.post = "http://us/events", post
    values = {
        "class": "payments.providers.stripe.Stripe",
        "key": KEY,
        "webhook_secret": SECRET,
        "api_base": fake.url,
        "retries": 0,
    }
    with override_settings(PAYMENTS={"stripe": values}):
        yield


def press(checkout: Checkout, outcome: str = "pay") -> None:
    """What the guest does on the page."""
    choose(Started(checkout.ref, checkout.url, checkout.expires_at or clock.now()), outcome)


def report(fake: FakeStripe) -> None:
    """What happens once Stripe's webhooks come in."""
    fake.webhooks.deliver()
    provider_events.handle_waiting()


def settled(checkout: Checkout) -> str:
    return settling.settle(checkout.pk).state
