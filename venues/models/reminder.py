"""The table of reminders: when guests of a venue are reminded of a stay, and by what."""

from datetime import timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from venues.models.venue import Venue

MOST = 3
"""Reminders of one venue."""
LONGEST_LEAD = timedelta(days=60)


class Reminder(models.Model):
    """A reminder before a stay starts or ends: at a local time some days before, or so long before.

    A venue has up to `MOST`. `notices.scheduled.reminders` finds the stays.
    """

    class CountsFrom(models.TextChoices):
        START = "start", _("the start")
        END = "end", _("the end")

    class Means(models.TextChoices):
        MAIL = "mail", _("e-mail")
        SMS = "sms", _("text message")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="reminders")
    position = models.PositiveSmallIntegerField(editable=False)
    name = models.CharField(max_length=60, blank=True)
    counts_from = models.CharField(
        max_length=5, choices=CountsFrom.choices, default=CountsFrom.START
    )
    days_before = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(LONGEST_LEAD.days)]
    )
    at_time = models.TimeField(
        null=True, blank=True, help_text="the local time on that day, with days before"
    )
    before = models.DurationField(
        null=True, blank=True, help_text="so long before, instead of days and a time"
    )
    channel = models.CharField(max_length=4, choices=Means.choices, default=Means.MAIL)

    class Meta:
        ordering: ClassVar = ["venue", "position"]
        constraints: ClassVar = [
            # Holds a venue to three, also when two are added at once.
            models.UniqueConstraint(fields=["venue", "position"], name="reminder_in_its_place"),
            models.CheckConstraint(
                name="reminder_one_of_three", condition=Q(position__gte=1, position__lte=MOST)
            ),
            # The sweep relies on it: there is exactly one way to count.
            models.CheckConstraint(
                name="reminder_by_day_or_by_length",
                condition=Q(days_before__isnull=False, at_time__isnull=False, before__isnull=True)
                | Q(days_before__isnull=True, at_time__isnull=True, before__isnull=False),
            ),
            models.CheckConstraint(
                name="reminder_within_sixty_days",
                condition=Q(days_before__isnull=True) | Q(days_before__lte=LONGEST_LEAD.days),
            ),
            models.CheckConstraint(
                name="reminder_length_within_sixty_days",
                condition=Q(before__isnull=True)
                | Q(before__gte=timedelta(0), before__lte=LONGEST_LEAD),
            ),
        ]

    def __str__(self) -> str:
        if self.before is not None:
            return f"{self.before} before the {self.counts_from}"
        return f"{self.days_before} days before the {self.counts_from} at {self.at_time:%H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves it, in the first free place of the venue where it has none."""
        if not self.position:
            self._take_place()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Raises ValidationError unless it counts in exactly one way, within sixty days."""
        is_by_day = self.days_before is not None or self.at_time is not None
        if is_by_day == (self.before is not None):
            raise ValidationError(_("Give days and a time, or a length, and not both."))
        if is_by_day and (self.days_before is None or self.at_time is None):
            raise ValidationError(_("Give both the days and the time."))
        if self.before is not None and not timedelta(0) <= self.before <= LONGEST_LEAD:
            raise ValidationError({"before": _("A reminder comes up to 60 days before.")})

    def _take_place(self) -> None:
        """Takes the first free place. Raises ValidationError where there is none."""
        taken = set(Reminder.objects.filter(venue=self.venue_id).values_list("position", flat=True))
        free = sorted(set(range(1, MOST + 1)) - taken)
        if not free:
            raise ValidationError(_("A venue has up to three reminders."))
        self.position = free[0]
