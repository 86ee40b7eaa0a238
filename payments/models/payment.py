"""Payments of reservations, and refunds."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from payments.methods import Method
from payments.models.checkout import Checkout
from reservations.models import Reservation


class State(models.TextChoices):
    """The states of payments, as the API tells them. Partly refunded is captured."""

    OPEN = "open"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"
    REFUNDED = "refunded"
    EXPIRED = "expired"


class Payment(models.Model):
    """What a guest pays at once for a reservation. Money is in minor units of `currency`.

    A payment by card is the part of this reservation in a checkout; one that stores a card is 0.
    """

    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=16, choices=Method.choices)
    state = models.CharField(max_length=16, choices=State.choices)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    checkout = models.ForeignKey(
        Checkout, on_delete=models.PROTECT, related_name="payments", null=True, blank=True
    )
    till = models.CharField(max_length=30, blank=True)
    # The number of a receipt or voucher. People type it, so erasure blanks it.
    reference = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="payment_above_zero_or_by_card",
                condition=Q(amount_minor__gt=0) | Q(amount_minor=0, method=Method.CARD),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.amount_minor} {self.currency}"


class RefundState(models.TextChoices):
    """The states of refunds."""

    OPEN = "open"
    """Promised. The desk pays it out, or the provider sends it back to the card."""
    FAILED = "failed"
    """The provider refused it. It is still owed: the desk tries again, or pays it out."""
    REFUNDED = "refunded"
    """The money has gone back."""
    WITHDRAWN = "withdrawn"
    """The reservation was reinstated before the money went. The API does not show it."""


OWED = (RefundState.OPEN, RefundState.FAILED)
"""The states of refunds whose money has not gone back, and will."""


class Refund(models.Model):
    """What a guest is given back of `payment`. `paid` of the reservation falls once it has gone."""

    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    state = models.CharField(max_length=16, choices=RefundState.choices)
    amount_minor = models.BigIntegerField()
    # Why, as a manager typed it: erasure blanks it.
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)
    # How it was paid out, where that was another way than it was paid. Empty: as it was paid.
    method = models.CharField(
        max_length=16, choices=Method.choices, blank=True, default="", db_default=""
    )
    till = models.CharField(max_length=30, blank=True, default="", db_default="")
    # The id of the cancelling that gives it back. Null where a manager does.
    event_id = models.BigIntegerField(null=True, blank=True)
    # Since when the provider may have been asked. From then on it is not withdrawn.
    begun_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    # How often the desk had it tried again after the provider refused it.
    retries = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Why the provider refused it, in its words.
    detail = models.CharField(max_length=200, blank=True, default="", db_default="")
    refunded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # What is to be paid out: the batch reads it every minute, and the desk's page.
            models.Index(
                fields=["reservation"],
                name="refund_owed",
                condition=Q(state__in=["open", "failed"]),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="refund_above_zero", condition=Q(amount_minor__gt=0)),
            # One cancelling gives each payment back once, however often its event is handled.
            models.UniqueConstraint(
                fields=["payment", "event_id"],
                name="refund_once_a_cancelling",
                condition=Q(event_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"refund {self.amount_minor}"

    @property
    def method_out(self) -> str:
        """How it goes back: as it was paid, unless the desk paid it out otherwise."""
        return self.method or self.payment.method

    @property
    def till_out(self) -> str:
        """The till that it goes out of; "" for what has none."""
        return self.till if self.method else self.payment.till
