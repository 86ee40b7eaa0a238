"""The table of addresses that take no more letters."""

from typing import ClassVar

from django.db import models

from notices.models.delivery import Channel


class Suppression(models.Model):
    """An address or number that refused for good: nothing is sent there until it is lifted.

    `notices.suppressions` writes and reads it.
    """

    channel = models.CharField(max_length=8, choices=Channel.choices)
    # A keyed digest: the address itself is where it was given.
    address_digest = models.CharField(max_length=64)
    # What the receiver's system said, without the address.
    reason = models.CharField(max_length=200)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "address_digest"], name="suppression_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} since {self.since:%Y-%m-%d}"
