"""A card that the guest of a reservation has stored at the fake provider."""

from payments.methods import Method
from payments.models import Checkout, CheckoutState, Payment, State
from payments.providers.protocol import Purpose
from reservations import clock
from reservations.models import Reservation


def store_card(row: Reservation, *, limit_minor: int = 100_000) -> Checkout:
    """Stores a card that may be charged up to an amount."""
    by = {"by": "guest", "by_kind": "guest"}
    made = Checkout.objects.create(
        provider="fake",
        purpose=Purpose.GUARANTEE,
        amount_minor=0,
        currency=row.currency,
        state=CheckoutState.CAPTURED,
        mandate="card_1",
        limit_minor=limit_minor,
        created_at=clock.now(),
        **by,
    )
    Payment.objects.create(
        reservation=row,
        checkout=made,
        method=Method.CARD,
        state=State.AUTHORISED,
        amount_minor=0,
        currency=row.currency,
        at=clock.now(),
        **by,
    )
    return made
