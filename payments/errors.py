"""What is refused of payments by card."""

from reservations.errors import Refusal


class NothingDue(Refusal):
    """Nothing is due for this reservation now."""

    code = "nothing_due"


class ProviderUnavailable(Refusal):
    """The provider of card payments does not answer. Nothing was taken. Try again in a moment."""

    code = "provider_unavailable"


class PaymentRefused(Refusal):
    """The provider does not take this payment by card. Nothing was taken. Pay at the place."""

    code = "payment_refused"


class NoGuarantee(Refusal):
    """No card is stored for this reservation."""

    code = "no_guarantee"
