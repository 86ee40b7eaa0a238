"""Checks of PAYMENTS: each provider can be made, and is what a deployment needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from payments.providers import registry

_FAKE = "payments.providers.fake."
_STAND_IN = "payments.providers.fake_stripe."
_STRIPE = "payments.providers.stripe.Stripe"


def payment_providers(**_: Any) -> Iterable[CheckMessage]:
    """Yields an error for each provider that cannot be made, and warns of those for trying out."""
    for name, values in settings.PAYMENTS.items():
        try:
            registry.provider(name)
        except (ImportError, TypeError, ValueError) as fault:
            yield Error(
                # Of the values, some of which are secret, only what is wrong.
                f"PAYMENTS: the provider {name!r} cannot be made: {fault}.",
                hint='Expected {"stripe": {"class": "…", "key": "…", …}}; see docs/payments.md.',
                id="holdfast.E008",
            )
            continue
        if settings.HTTPS:
            yield from _for_guests(name, values)


def _for_guests(name: str, values: Mapping[str, Any]) -> Iterable[CheckMessage]:
    key, path = str(values.get("key", "")), str(values.get("class", ""))
    if path.startswith(_FAKE):
        yield Error(
            f"PAYMENTS: the provider {name!r} is a fake, on whose page anybody pays with a press.",
            hint="Name a real provider, or none: then cards are not taken.",
            id="holdfast.E009",
        )
    elif path.startswith(_STAND_IN) or "_test_" in key:
        yield checks.Warning(
            f"PAYMENTS: the provider {name!r} takes no real money.",
            hint="Give it a live key before guests pay.",
            id="holdfast.W011",
        )
    if values.get("class") == _STRIPE and not values.get("origins"):
        yield checks.Warning(
            f"PAYMENTS: {name!r} has no origins, so browsers stop guests on the way to its page.",
            hint='Add "origins": ["https://checkout.stripe.com"].',
            id="holdfast.W012",
        )
