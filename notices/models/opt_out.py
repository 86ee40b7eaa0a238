"""The table of letters that people do not want any more."""

from typing import ClassVar

from django.db import models


class OptOut(models.Model):
    """An address that wants no letters of a kind. What a reservation requires is sent all the same.

    `notices.opt_outs` writes and reads it.
    """

    kind = models.CharField(max_length=40)
    # A keyed digest: the address itself need not be kept to be left alone.
    address_digest = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "address_digest"], name="opt_out_once"),
        ]

    def __str__(self) -> str:
        return f"no {self.kind} since {self.since:%Y-%m-%d}"
