"""The table of stays whose guests were told that their data will be erased."""

from django.db import models

from reservations.models import Reservation


class ErasureNotice(models.Model):
    """The guest of a stay is told, or was, that retention will blank them. Goes with the guest."""

    reservation = models.OneToOneField(Reservation, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"notice of {self.at:%Y-%m-%d}"
