"""The table of answers to repeated requests."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models


class StoredAnswer(models.Model):
    """The stored answer to a request that changed something, for when it is repeated."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    guest = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True
    )

    class Meta:
        constraints: ClassVar = [
            # idempotency.claim relies on it: of two equal requests the first to insert wins.
            models.UniqueConstraint(fields=["caller", "key"], name="stored_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key[:20]}"
