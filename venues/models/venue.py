"""The table of venues."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from spelling.alphabet import Alphabetical
from venues import kinds, time_zones
from venues.currencies import is_currency
from venues.kinds import Mode
from venues.revisions import Revises, new_revision
from venues.time_zones import is_time_zone


class Venue(models.Model):
    """A place that takes reservations, in one time zone, with one currency and one policy."""

    Mode = Mode

    slug = models.SlugField(unique=True, max_length=63)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=kinds.choices)
    mode = models.CharField(max_length=8, choices=Mode.choices)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80, blank=True)
    description = models.TextField(blank=True, max_length=2000)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[is_time_zone])
    phone_region = models.CharField(
        max_length=2, default="US", validators=[RegexValidator(r"^[A-Z]{2}$")]
    )
    currency = models.CharField(
        max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$")]
    )
    stars = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    is_active = models.BooleanField(default=True)
    is_listed = models.BooleanField(
        "listed",
        default=True,
        help_text="shown to everybody who looks for a place, not to staff alone",
    )
    email = models.EmailField(
        max_length=254,
        blank=True,
        db_default="",
        help_text="guests answer to this address when they get a letter",
    )
    language = models.CharField(
        max_length=8,
        blank=True,
        db_default="",
        help_text="of letters to the venue, and to guests whose own language is not known",
    )
    receives_notices = models.BooleanField(
        default=False,
        db_default=False,
        help_text="the address above is told of each booking, change and cancellation too",
    )
    tells_holds = models.BooleanField(
        default=False, db_default=False, help_text="guests get a letter when time is held for them"
    )
    tells_expiries = models.BooleanField(
        default=False, db_default=False, help_text="guests get a letter when a hold has lapsed"
    )
    legal_name = models.CharField(
        max_length=120,
        blank=True,
        db_default="",
        help_text="who issues invoices and receipts, where it is not the name above",
    )
    tax_number = models.CharField(
        max_length=32,
        blank=True,
        db_default="",
        help_text="of the VAT or sales tax, as invoices and receipts state it",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    revision = models.BigIntegerField(default=new_revision, editable=False)

    class Meta:
        ordering: ClassVar = [Alphabetical("name"), "id"]
        constraints: ClassVar = [Revises(name="venue_revises")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError for a currency in which nothing is paid."""
        if not is_currency(self.currency):
            raise ValidationError({"currency": f"{self.currency} is not a currency of ISO 4217."})

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the venue's hours and nights."""
        return time_zones.named(self.time_zone)
