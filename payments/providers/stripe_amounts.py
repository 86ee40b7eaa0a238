"""Amounts as Stripe counts them: for some currencies not in the minor unit of ISO 4217."""

from payments.providers.protocol import Declined

_HUNDREDTHS = {"ISK", "UGX"}
"""Whole units, which Stripe counts in hundredths: 5 krónur are 500."""

_WHOLE = {"MGA"}
"""Hundredths, which Stripe counts in whole units."""

_TENS = {"BHD", "JOD", "KWD", "OMR", "TND"}
"""Thousandths, of which Stripe takes tens only."""


def to_stripe(amount_minor: int, currency: str) -> int:
    """Returns an amount of ours as Stripe takes it. Raises Declined for one that it cannot take.

    It is never rounded: what is charged is what was shown.
    """
    if currency in _HUNDREDTHS:
        return amount_minor * 100
    if currency in _WHOLE:
        if amount_minor % 100:
            raise Declined("amount_not_whole")
        return amount_minor // 100
    if currency in _TENS and amount_minor % 10:
        raise Declined("amount_not_in_tens")
    return amount_minor


def from_stripe(amount: int, currency: str) -> int:
    """Returns an amount of Stripe in our minor units."""
    if currency in _HUNDREDTHS:
        return amount // 100
    if currency in _WHOLE:
        return amount * 100
    return amount
