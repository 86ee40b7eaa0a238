"""A stand-in for Stripe on a socket, and the provider that speaks to it."""

from collections.abc import Iterator

import pytest

from payments.providers.fake_stripe.server import KEY, SECRET, FakeStripe, serving
from payments.providers.stripe import Stripe


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with serving(FakeStripe()) as made:
        yield made


@pytest.fixture
def provider(fake: FakeStripe) -> Stripe:
    return Stripe(key=KEY, webhook_secret=SECRET, api_base=fake.url, retries=0)
