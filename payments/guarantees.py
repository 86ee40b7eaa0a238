"""Stored cards: what may be charged to which, as the guest agreed."""

from payments.models import Checkout, CheckoutState
from payments.providers.protocol import Purpose
from reservations.models import Reservation


def of(row: Reservation) -> Checkout | None:
    """Returns the checkout that stored the newest card of a reservation, or None."""
    stored = Checkout.objects.filter(
        payments__reservation=row,
        purpose=Purpose.GUARANTEE,
        state=CheckoutState.CAPTURED,
    )
    return stored.exclude(mandate="").order_by("-pk").first()
