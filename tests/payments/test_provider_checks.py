"""What `manage.py check` says of PAYMENTS."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from payments.provider_checks import payment_providers

STRIPE = {
    "class": "payments.providers.stripe.Stripe",
    "key": "sk_live_x",
    "webhook_secret": "whsec_x",
    "origins": ["https://checkout.stripe.com"],
}
DESK = {"class": "payments.providers.desk.Desk"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (STRIPE, []),
        (DESK, []),
        (STRIPE | {"key": "pk_live_x"}, ["holdfast.E008"]),
        (STRIPE | {"webhook_secret": ""}, ["holdfast.E008"]),
        (STRIPE | {"webhok": 1}, ["holdfast.E008"]),
        ({"class": "payments.providers.none.None"}, ["holdfast.E008"]),
        ({}, ["holdfast.E008"]),
        ({"class": "payments.providers.fake.Fake"}, ["holdfast.E009"]),
        (STRIPE | {"key": "sk_test_x"}, ["holdfast.W011"]),
        (STRIPE | {"origins": []}, ["holdfast.W012"]),
    ],
    ids=[
        "stripe", "desk", "public key", "no secret", "unknown", "no module", "no class", "fake",
        "test key", "no origins",
    ],
)  # fmt: skip
def test_a_provider_is_checked(
    settings: Settings, values: dict[str, Any], expected: list[str]
) -> None:
    settings.PAYMENTS, settings.HTTPS = {"one": values}, True
    assert [str(found.id) for found in payment_providers()] == expected


def test_no_secret_is_printed(settings: Settings) -> None:
    settings.PAYMENTS = {"one": STRIPE | {"key": "secret_key", "webhook_secret": "whsec_hidden"}}
    (found,) = payment_providers()
    assert "secret_key" not in str(found) and "whsec_hidden" not in str(found)


def test_trying_out_without_https_is_not_warned_of(settings: Settings) -> None:
    settings.PAYMENTS, settings.HTTPS = {"one": STRIPE | {"key": "sk_test_x"}}, False
    assert list(payment_providers()) == []
