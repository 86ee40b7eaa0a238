"""The ledger: its entries, up to which event it is posted, and tills that were counted."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from payments.append_only import AppendOnly
from payments.models.payment import Payment
from reservations.models import Reservation
from venues.models import Venue


class Kind(models.TextChoices):
    """What an entry of the ledger is about."""

    PRICE = "price"
    ADJUSTMENT = "adjustment"
    FEE = "fee"
    WAIVER = "waiver"
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    """What the guest's bank took back, or returned once the dispute was won."""
    COUNT = "count"


class Entry(models.Model):
    """A transfer of money from one account to another, so that the ledger always balances.

    Written once: the database refuses to change or delete it. It names no guest.
    """

    at = models.DateTimeField()
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    reservation = models.ForeignKey(
        Reservation, on_delete=models.PROTECT, related_name="entries", null=True, blank=True
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    from_account = models.CharField(max_length=80)
    to_account = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # Of an entry between the guest and the account of a tax. The amount is the tax then.
    tax_code = models.CharField(max_length=16, blank=True)
    tax_minor = models.BigIntegerField(default=0)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)
    # What it is posted for, such as `event:7`: posted again, it is refused.
    key = models.CharField(max_length=160, unique=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "entries"
        indexes: ClassVar = [
            # The journal of a venue, and what is in its tills.
            models.Index(fields=["venue", "at"], name="entry_of_venue"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="entry_above_zero", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="entry_between_two", condition=~Q(from_account=F("to_account"))
            ),
            AppendOnly(name="entry_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.from_account} to {self.to_account}: {self.amount_minor} {self.currency}"


class Posted(models.Model):
    """Up to which event of a reservation the ledger has its charges. Written under its lock."""

    reservation = models.OneToOneField(
        Reservation, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    event_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.reservation_id} up to {self.event_id}"


class TillCount(models.Model):
    """The close of a till: what was counted, and what the ledger said then. Written once."""

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="till_counts")
    till = models.CharField(max_length=30)
    counted_minor = models.BigIntegerField()
    expected_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [AppendOnly(name="till_count_append_only")]

    def __str__(self) -> str:
        return f"{self.till}: {self.counted_minor} {self.currency}"

    @property
    def difference_minor(self) -> int:
        """What was counted above what was expected; below zero where money is missing."""
        return self.counted_minor - self.expected_minor
