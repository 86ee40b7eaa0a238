"""The table of prices."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from venues.models.resource import Category, Resource
from venues.models.venue import Venue
from venues.revisions import Revises


class Rate(models.Model):
    """A price for a category, per unit of time. Of several that apply, the narrowest counts.

    A rate of one unit (`resource`) counts for that unit alone, before those of its category.
    Narrower is a shorter period, then fewer weekdays, then a time of day, then a longer stay. When
    `to_time <= from_time`, the rate ends on the next day. Amounts are in minor units of the venue's
    currency.
    """

    class Unit(models.TextChoices):
        NIGHT = "night", _("Night")
        HOUR = "hour", _("Hour")
        STARTED_HOUR = "started_hour", _("started hour")
        FLAT = "flat", _("Flat")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="rates")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="rates")
    resource = models.ForeignKey(
        Resource,
        on_delete=models.CASCADE,
        related_name="own_rates",
        null=True,
        blank=True,
        # Few rates, which are read by category.
        db_index=False,
        help_text="empty for the whole category; a unit with rates of its own is sold by name only",
    )
    unit = models.CharField(max_length=16, choices=Unit.choices)
    amount_minor = models.PositiveBigIntegerField(help_text="in minor units: 12000 is 120.00")
    first_date = models.DateField(null=True, blank=True)
    last_date = models.DateField(null=True, blank=True)
    weekdays = models.CharField(
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^0?1?2?3?4?5?6?$", "Give digits in order, 0 is Monday.")],
        help_text="digits, 0 is Monday: 56 is the weekend; empty is every day",
    )
    from_time = models.TimeField(null=True, blank=True)
    to_time = models.TimeField(null=True, blank=True)
    minimum_minor = models.PositiveBigIntegerField(null=True, blank=True)
    day_maximum_minor = models.PositiveBigIntegerField(null=True, blank=True)
    free_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="of the beginning of a stay that cost nothing"
    )
    least_stay = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="only for stays of so many nights, or hours, or more"
    )

    class Meta:
        ordering: ClassVar = ["category", "first_date", "id"]
        constraints: ClassVar = [
            Revises(name="rate_revises"),
            models.CheckConstraint(
                name="rate_period_not_reversed",
                condition=(
                    Q(first_date__isnull=True)
                    | Q(last_date__isnull=True)
                    | Q(first_date__lte=F("last_date"))
                ),
            ),
            models.CheckConstraint(
                name="rate_amount_within_reason", condition=Q(amount_minor__lte=10**12)
            ),
            models.CheckConstraint(
                name="rate_has_both_times_or_none",
                condition=Q(from_time__isnull=True, to_time__isnull=True)
                | Q(from_time__isnull=False, to_time__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} per {self.get_unit_display()}"
