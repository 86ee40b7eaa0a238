"""The table of what a person was told once, such as a month's report."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class ToldOnce(models.Model):
    """A person was told this once. Kept longer than the delivery, so that nothing is told twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    # What it was about, such as the month `2026-10`.
    period = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # scheduled.monthly_reports relies on it, also when two sweeps run at once.
            models.UniqueConstraint(fields=["user", "kind", "period"], name="told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.period}"
