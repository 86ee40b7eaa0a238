"""The kinds of letters about a reservation, and about its money."""

HELD = "reservation.held"
EXPIRED = "reservation.expired"
CONFIRMED = "reservation.confirmed"
CHANGED = "reservation.changed"
UNIT_FIXED = "reservation.unit_fixed"
REINSTATED = "reservation.reinstated"
CANCELLED = "reservation.cancelled"

PAYMENT_LINK = "payment.link"
PAID = "payment.captured"
NOT_PAID = "payment.failed"
NOT_CHARGED = "payment.voided"
GIVEN_BACK = "payment.refunded"

OF_MONEY = (PAYMENT_LINK, PAID, NOT_PAID, NOT_CHARGED, GIVEN_BACK)
"""Kinds that tell of one payment or refund. None of them says how the reservation is now, so they
neither wait for other letters nor take their place, and hold no invitation."""

KINDS = (HELD, EXPIRED, CONFIRMED, CHANGED, UNIT_FIXED, REINSTATED, CANCELLED, *OF_MONEY)
"""All kinds, in the order of a reservation's life."""

REQUIRED = frozenset({CONFIRMED, CHANGED, REINSTATED, CANCELLED, *OF_MONEY})
"""What the contract with the guest requires: it goes by mail whatever they prefer."""

READDRESSED = "reservation.readdressed"
"""Tells an address that letters go to another one. Its words are ours, and say nothing new."""

TO_VENUE = "to_venue"
"""The key in a delivery's data that marks a letter to the venue itself."""


def slug_of(kind: str) -> str:
    """Returns the kind as it stands in an address, such as `confirmed` or `payment-voided`."""
    return kind.removeprefix("reservation.").replace(".", "-")
