"""The tables of who looked at personal data, and of links that give it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class AccessRecord(models.Model):
    """Somebody at work opened, searched or exported what is held of other people.

    Ids without foreign keys: to write it locks nothing, and it outlasts what it is about.
    """

    class Why(models.TextChoices):
        SEARCH = "search"
        OPEN = "open"
        EXPORT = "export"

    reader = models.CharField(max_length=80)
    reader_kind = models.CharField(max_length=16)
    # The page or operation, such as `desk:today` or `api:getReservation`.
    place = models.CharField(max_length=60)
    why = models.CharField(max_length=8, choices=Why.choices)
    venue_id = models.BigIntegerField(null=True, blank=True)
    reservation_id = models.BigIntegerField(null=True, blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        # To look at, nothing else: rows go when they are old enough.
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["reader", "at"], name="access_by_reader"),
            models.Index(
                fields=["reservation_id", "at"],
                name="access_of_reservation",
                condition=Q(reservation_id__isnull=False),
            ),
            models.Index(
                fields=["user_id", "at"],
                name="access_of_user",
                condition=Q(user_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reader} {self.why} {self.at:%Y-%m-%d %H:%M}"


class DataLink(models.Model):
    """A link asked for by somebody who says an address or number is theirs, to be sent there.

    One of the two is "". Deleted once it is used or over.
    """

    email = models.CharField(max_length=254)
    phone = models.CharField(max_length=16, blank=True, default="", db_default="")
    digest = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"link of {self.asked_at:%Y-%m-%d %H:%M}"
