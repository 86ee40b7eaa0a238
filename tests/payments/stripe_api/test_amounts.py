"""Amounts on their way to Stripe and back: never rounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.providers.protocol import Declined
from payments.providers.stripe_amounts import from_stripe, to_stripe

AMOUNTS = st.integers(min_value=1, max_value=10**9)


@given(AMOUNTS, st.sampled_from(["EUR", "JPY", "ISK", "UGX", "MGA", "KWD", "HUF"]))
def test_an_amount_comes_back_as_it_went_or_does_not_go(amount: int, currency: str) -> None:
    try:
        sent = to_stripe(amount, currency)
    except Declined:
        return
    assert from_stripe(sent, currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (12_34, "EUR", 12_34),
        (500, "JPY", 500),
        (5, "ISK", 500),
        (5, "UGX", 500),
        (500, "MGA", 5),
        (5_120, "KWD", 5_120),
    ],
)
def test_currencies_are_counted_as_stripe_counts_them(
    amount: int, currency: str, expected: int
) -> None:
    assert to_stripe(amount, currency) == expected


@pytest.mark.parametrize(("amount", "currency"), [(5_124, "KWD"), (501, "MGA")])
def test_what_stripe_cannot_charge_is_refused(amount: int, currency: str) -> None:
    with pytest.raises(Declined):
        to_stripe(amount, currency)
