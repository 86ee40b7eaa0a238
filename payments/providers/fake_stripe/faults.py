"""The refusals of the stand-in, in the shape of Stripe's errors, and failures on command."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class StripeRefusal(Exception):  # noqa: N818 - a refusal is not a fault
    """An answer that is an error."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        told = {"type": kind, "message": message, "code": code, "param": param} | (more or {})
        self.body = {"error": {name: value for name, value in told.items() if value is not None}}


def declined(code: str, reason: str | None, intent: dict[str, Any]) -> StripeRefusal:
    """Returns the refusal of a card, with the intent that it was for."""
    kind = {"payment_intent": "payment_intent", "setup_intent": "setup_intent"}[intent["object"]]
    return StripeRefusal(
        "Your card was declined." if code == "card_declined" else "Authentication is required.",
        code=code,
        status=402,
        kind="card_error",
        more={"decline_code": reason, kind: intent},
    )


class Failure(StrEnum):
    """How the stand-in can fail when it is told to."""

    LOST_ANSWER = "timeout after doing it"
    """The call is done and its answer kept for its key; the connection ends without it."""
    LOST_CALL = "timeout before doing it"
    ERROR = "500"
    BUSY = "429"
    IN_FLIGHT = "409"
    """As if a call with this key were still running."""


@dataclass(slots=True)
class Planned:
    """A failure of the next calls whose path ends with `path`."""

    failure: Failure
    path: str = ""
    times: int = 1
