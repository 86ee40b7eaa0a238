"""Payments by card at a provider: one visit of a guest to its page."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q

from payments.providers.protocol import Purpose


def new_key() -> str:
    """Returns the stem of a checkout's keys at the provider: 24 letters and digits, never again."""
    return secrets.token_hex(12)


class CheckoutState(models.TextChoices):
    """How far a checkout is. `payments.settling` moves it, each time by compare and set."""

    OPEN = "open"
    AUTHORISED = "authorised"
    PAID = "paid"
    """The provider took the money at once, as some methods do."""
    TO_CAPTURE = "to_capture"
    CAPTURED = "captured"
    """The reservation is confirmed and the money taken, or the card stored."""
    TO_VOID = "to_void"
    VOIDED = "voided"
    TO_REFUND = "to_refund"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"


UNSETTLED = (
    CheckoutState.OPEN,
    CheckoutState.AUTHORISED,
    CheckoutState.PAID,
    CheckoutState.TO_CAPTURE,
    CheckoutState.TO_VOID,
    CheckoutState.TO_REFUND,
)
"""States after which something follows."""


class Checkout(models.Model):
    """A payment at a provider, for one reservation or all of a group.

    Its reservations are those of its payments. Money is in minor units of `currency`.
    """

    provider = models.CharField(max_length=40)
    # The provider's own id; empty until it answered.
    ref = models.CharField(max_length=255, blank=True)
    key = models.CharField(max_length=48, unique=True, default=new_key)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    group = models.UUIDField(null=True, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=16, choices=CheckoutState.choices)
    # Whether confirming is what the payment is for. One of a confirmed stay is only taken.
    is_for_hold = models.BooleanField(default=False)
    # Whether it prolonged the hold, which only so many may.
    has_prolonged = models.BooleanField(default=False)
    # Whether the provider has the money already, so that nothing is left to capture.
    is_taken = models.BooleanField(default=False)
    url = models.CharField(max_length=2_000, blank=True)
    return_url = models.CharField(max_length=2_000, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Why it failed, in the provider's word.
    reason = models.CharField(max_length=120, blank=True)
    # What the provider was last known to have done outside of ours.
    refunded_minor = models.BigIntegerField(default=0)
    disputed_minor = models.BigIntegerField(default=0)

    # The stored card, and what the guest agreed to. The address goes with the guest.
    mandate = models.CharField(max_length=255, blank=True)
    limit_minor = models.BigIntegerField(default=0)
    consent_text = models.CharField(max_length=1_000, blank=True)
    consent_at = models.DateTimeField(null=True, blank=True)
    consent_address = models.CharField(max_length=45, blank=True)

    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # The sweep asks the provider for each of these, whether its webhook came or not.
            models.Index(
                fields=["created_at"],
                name="checkout_unsettled",
                condition=Q(state__in=UNSETTLED),
            ),
            # What was taken is asked for again, as a guest's bank may take it back.
            models.Index(
                fields=["asked_at"],
                name="checkout_taken",
                condition=Q(state=CheckoutState.CAPTURED),
            ),
        ]
        constraints: ClassVar = [
            # A webhook finds the checkout by it.
            models.UniqueConstraint(
                fields=["provider", "ref"], name="checkout_ref_once", condition=~Q(ref="")
            ),
            models.CheckConstraint(name="checkout_not_negative", condition=Q(amount_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.key}: {self.state}"
