"""The table of opening hours."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from venues.models.resource import Resource
from venues.models.venue import Venue
from venues.revisions import Revises


class Opening(models.Model):
    """Local hours, weekly or for one date. When `closes <= opens`, they end on the next day.

    Hours of a date replace the weekly ones; without times the date is closed. Hours of a resource,
    such as a provider's schedule, replace the venue's for that resource.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="openings")
    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="openings", null=True, blank=True
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices, null=True, blank=True)
    date = models.DateField(null=True, blank=True)
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["date", "weekday", "opens", "id"]
        constraints: ClassVar = [
            Revises(name="opening_revises"),
            models.CheckConstraint(
                name="opening_weekly_or_dated",
                condition=Q(weekday__isnull=True) ^ Q(date__isnull=True),
            ),
            models.CheckConstraint(
                name="opening_has_both_times_or_is_closed",
                condition=(
                    Q(opens__isnull=False, closes__isnull=False)
                    | Q(opens__isnull=True, closes__isnull=True, date__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        day = self.date.isoformat() if self.date else self.get_weekday_display()
        return f"{day} {self.opens:%H:%M}-{self.closes:%H:%M}" if self.opens else f"{day} closed"
