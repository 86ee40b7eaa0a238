"""What the fake provider remembers. It is a stand-in for somebody else's database."""

from typing import ClassVar

from django.db import models

from payments.providers.protocol import Purpose


class FakeCharge(models.Model):
    """A payment at the fake provider. Its instants are UTC, its money in minor units."""

    ref = models.CharField(max_length=48, unique=True)
    key = models.CharField(max_length=120, unique=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    text = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=16)
    # When a late success happens, whatever became of the hold.
    succeeds_at = models.DateTimeField(null=True, blank=True)
    captured_minor = models.BigIntegerField(default=0)
    back_url = models.CharField(max_length=2_000, blank=True)
    expires_at = models.DateTimeField()
    mandate = models.CharField(max_length=48, blank=True)
    reason = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.ref}: {self.state}"


class FakeRefund(models.Model):
    """Money that the fake provider gave back, once for each key."""

    charge = models.ForeignKey(FakeCharge, on_delete=models.CASCADE, related_name="refunds")
    key = models.CharField(max_length=120, unique=True)
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.key}: {self.amount_minor}"
