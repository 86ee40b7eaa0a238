"""The tables of documents: series of numbers, and what was issued."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments.documents.sealed import PrefixKept, Sealed
from reservations.models import Reservation
from venues.models import Venue

LONGEST_NAME = 120
LONGEST_ADDRESS = 300
"""Characters of a recipient's name and address."""


class DocumentKind(models.TextChoices):
    """What a document is."""

    RECEIPT = "receipt", _("Receipt")
    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class Series(models.Model):
    """A venue's numbers for one kind of document: `{prefix}-{year}-{00001}`, without gaps.

    Its row is locked while a number is taken.
    """

    venue = models.ForeignKey(
        Venue, on_delete=models.CASCADE, related_name="document_series", db_index=False
    )
    kind = models.CharField(max_length=16, choices=DocumentKind.choices)
    prefix = models.CharField(
        max_length=8,
        validators=[RegexValidator(r"^[A-Z0-9]{2,8}$", _("Give 2 to 8 letters A–Z and digits."))],
        help_text=_("begins each number; it is fixed once a document is issued"),
    )
    first_issued_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["venue", "kind"]
        verbose_name_plural = "series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["venue", "kind"], name="series_of_kind_once"),
            # Numbers are unique over the installation because prefixes are.
            models.UniqueConstraint(fields=["prefix"], name="series_prefix_once"),
            PrefixKept(name="series_prefix_kept"),
        ]

    def __str__(self) -> str:
        return self.prefix


class Document(models.Model):
    """A receipt, an invoice or a credit note, as it was issued. Money is in minor units.

    Written once: the database refuses to change or delete it, but for blanking its recipient.
    `lines`, `taxes`, `stays` and `seller` hold what is printed, so that it never changes. A credit
    note has the lines of its invoice, below zero.
    """

    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="documents", db_index=False
    )
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, related_name="documents", db_index=False
    )
    kind = models.CharField(max_length=16, choices=DocumentKind.choices)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=24)
    # Null for a document of a whole group.
    reservation = models.ForeignKey(
        Reservation, on_delete=models.PROTECT, related_name="documents", null=True, blank=True
    )
    group_id = models.UUIDField(null=True, blank=True)
    credit_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="credit_note", null=True, blank=True
    )
    language = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    # What was paid by then, of an invoice.
    paid_minor = models.BigIntegerField(default=0)
    lines = models.JSONField()
    taxes = models.JSONField()
    stays = models.JSONField()
    seller = models.JSONField()
    recipient_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    recipient_address = models.CharField(max_length=LONGEST_ADDRESS, blank=True)
    issued_at = models.DateTimeField()
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)
    # What it is issued for, such as `payment:7`: issued again, it is refused.
    key = models.CharField(max_length=80)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(
                fields=["group_id"],
                name="document_of_group",
                condition=Q(group_id__isnull=False),
            ),
            # The sweep that blanks names whose term has ended.
            models.Index(
                fields=["issued_at"], name="document_named", condition=~Q(recipient_name="")
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number"], name="document_number_once"),
            # `series.next_number` relies on it: two of one number cannot both be written.
            models.UniqueConstraint(
                fields=["series", "year", "sequence"], name="document_sequence_once"
            ),
            # A payment has one receipt, an invoice one credit note, whoever asks at once.
            models.UniqueConstraint(fields=["key"], name="document_key_once"),
            models.CheckConstraint(
                name="document_of_stay_or_group",
                condition=Q(reservation__isnull=False) ^ Q(group_id__isnull=False),
            ),
            Sealed(name="document_sealed"),
        ]

    def __str__(self) -> str:
        return self.number
