"""The table of numbers that deliveries leave when they are deleted."""

from typing import ClassVar

from django.db import models

from notices.models.delivery import Channel, Outcome


class DeliveryCount(models.Model):
    """How many deliveries of a kind ended how on a day (UTC). `operations.retention` writes it."""

    # 0 for none, since a unique index takes nulls for different.
    venue_id = models.BigIntegerField()
    day = models.DateField()
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    count = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            # retention.delete_old relies on it: one row for each sum.
            models.UniqueConstraint(
                fields=["day", "venue_id", "kind", "channel", "outcome"],
                name="delivery_count_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.kind} {self.outcome} {self.day}"
