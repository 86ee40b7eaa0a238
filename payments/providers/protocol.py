"""What a provider of card payments must do. Another provider is a class that settings name.

Amounts are in minor units of the currency. Every call that changes something has a key: called
again with it, the provider does nothing twice and answers as it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.db.models import TextChoices


class Purpose(TextChoices):
    """What a guest visits the provider for."""

    PAY = "pay"
    GUARANTEE = "guarantee"
    """Stores a card and takes nothing."""


PAGE_CLOSED = "expired"
"""Why `start` declines a key whose page was closed: an order with another key opens a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of a provider. The amount of a guarantee is 0."""

    key: str
    """Unique for ever: the stem of the idempotency keys."""
    amount_minor: int
    currency: str
    purpose: Purpose
    text: str
    """Venue and dates for the provider's page. No person's name."""
    language: str
    email: str
    """Where the provider may write; empty for unknown."""
    back_url: str
    """Ours: where the guest comes back to, whatever happened."""
    expires_at: datetime
    """Until when the guest may pay, UTC. A provider may allow longer, never shorter."""


@dataclass(frozen=True, slots=True)
class Started:
    """A payment that the provider waits for."""

    ref: str
    url: str
    expires_at: datetime


class Found(StrEnum):
    """The state of a payment at the provider."""

    OPEN = "open"
    FAILED = "failed"
    AUTHORISED = "authorised"
    """The money is reserved, or the card stored, and nothing taken."""
    PAID = "paid"
    """Taken at once: it cannot be captured later, only refunded."""
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the provider says of a payment. Amounts are sums over its whole life."""

    state: Found
    authorised_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    disputed_minor: int = 0
    mandate: str = ""
    """The stored card, for `charge_saved`."""
    reason: str = ""
    """Why it failed, in the provider's word."""


@dataclass(frozen=True, slots=True)
class Charged:
    """A stored card that was charged. `url` is where the guest must authenticate, else empty."""

    ref: str
    reading: Reading
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An event that a provider sent: what it is about. Whoever handles it asks the provider."""

    id: str
    type: str
    ref: str
    """Empty where it names no payment."""
    version: str = ""


class BadSignature(Exception):  # noqa: N818 - a refusal is not a fault
    """An event is not from the provider, or too old."""


class Unreachable(Exception):  # noqa: N818 - a refusal is not a fault
    """The outcome is unknown. Make the same call again with the same key."""


class Declined(Exception):  # noqa: N818 - a refusal is not a fault
    """The provider refuses, and did nothing."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Provider(Protocol):
    """A provider. Each call may raise Unreachable, those that move money Declined too."""

    takes_cards: bool

    def start(self, order: Order) -> Started:
        """Opens a payment, once for each key of an order.

        Raises Declined for what it never takes.
        """

    def read(self, ref: str) -> Reading:
        """Returns what became of a payment."""

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        """Takes what was authorised, up to the amount."""

    def void(self, ref: str, *, key: str) -> Reading:
        """Gives up a payment that is open or authorised. Too late, it says what it is now."""

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        """Gives money back, at most what was captured and not given back yet."""

    def charge_saved(self, mandate: str, order: Order) -> Charged:
        """Charges a stored card without the guest."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """Returns the events of a request. Raises BadSignature."""
