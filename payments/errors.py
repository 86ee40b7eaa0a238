"""What is refused of payments by card."""

from reservations.errors import Refusal


class NothingDue(Refusal):
    """Nothing is due for this reservation now."""

    code = "nothing_due"


class ProviderUnavailable(Refusal):
    """The provider of card payments does not answer. Nothing was taken. Try again in a moment."""

    code = "provider_unavailable"


class NoGuarantee(Refusal):
    """No card is stored for this reservation."""

    code = "no_guarantee"
