"""What providers reported: one row for each event, kept so that none counts twice."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class ProviderEvent(models.Model):
    """An event that a provider sent. Its body is not kept: whoever handles it asks the provider."""

    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=120)
    # The checkout it is about, by the provider's id; empty where it names none.
    ref = models.CharField(max_length=255, blank=True)
    version = models.CharField(max_length=40, blank=True)
    received_at = models.DateTimeField(db_index=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    # How often handling it failed, and when it is tried again. Null: at once.
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(
                fields=["received_at"],
                name="provider_event_unhandled",
                condition=Q(handled_at__isnull=True),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.type} {self.event_id}"
