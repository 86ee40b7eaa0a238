"""The table of policies, one a venue."""

from datetime import time, timedelta
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from venues import policy_rules
from venues.models.venue import Venue
from venues.revisions import Revises
from venues.validators import is_grid, is_rate


class Policy(models.Model):
    """The rules of a venue. A reservation keeps what followed from them when it was made."""

    class UnitChoice(models.TextChoices):
        GUEST = "guest", "the guest may choose the unit"
        VENUE = "venue", "the first available, no choice"

    class PerDay(models.TextChoices):
        ANY = "any", "as many as they like"
        REPLACE = "replace", "one; a second gives up the first"
        REFUSE = "refuse", "one; a second is refused"

    venue = models.OneToOneField(Venue, on_delete=models.CASCADE, related_name="policy")

    notice = models.DurationField(default=timedelta(0))
    horizon = models.DurationField(null=True, blank=True)
    shortest_stay = models.DurationField(null=True, blank=True)
    longest_stay = models.DurationField(null=True, blank=True)
    default_length = models.DurationField(null=True, blank=True)
    step = models.DurationField(null=True, blank=True, validators=[is_grid])
    slot_length = models.DurationField(null=True, blank=True, validators=[is_grid])
    check_in_time = models.TimeField(default=time(15))
    check_out_time = models.TimeField(default=time(11))
    day_ends = models.TimeField(default=time(4), db_default=time(4))
    last_arrival = models.DurationField(
        default=timedelta(days=1),
        db_default=timedelta(days=1),
        help_text="nights are sold until this time after midnight of the day of arrival, by the "
        "local clock: 24 hours is midnight, 26 hours two in the night",
    )
    buffer_before = models.DurationField(default=timedelta(0))
    buffer_after = models.DurationField(default=timedelta(0))
    adds_buffers = models.BooleanField(default=False, db_default=False)

    confirms_at_once = models.BooleanField(default=False)
    hold_time = models.DurationField(default=timedelta(minutes=30))

    records_arrival = models.BooleanField(default=True)
    records_departure = models.BooleanField(default=True)
    guests_check_in = models.BooleanField(
        default=False, help_text="guests record their own arrival and leaving, as drivers do"
    )
    early_check_in = models.DurationField(default=timedelta(0))
    grace = models.DurationField(default=timedelta(0))
    releases_no_shows = models.BooleanField(default=False)

    unit_choice = models.CharField(
        max_length=8, choices=UnitChoice.choices, default=UnitChoice.GUEST
    )
    per_day = models.CharField(
        max_length=8,
        choices=PerDay.choices,
        default=PerDay.ANY,
        help_text="reservations of one guest with one unit on one local day",
    )
    ranks_units = models.BooleanField(default=False)
    unit_schedules = models.BooleanField(
        default=False, help_text="units are open by their own schedules only, as providers are"
    )

    cancel_deadline = models.DurationField(default=timedelta(0))
    cancel_fee_percent = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(100)]
    )
    guests_change_late = models.BooleanField(
        default=True,
        db_default=True,
        help_text="guests may change time, unit and party when cancelling is no longer free",
    )
    # Who leaves this little after the end pays nothing more.
    leaving_grace = models.DurationField(default=timedelta(0), db_default=timedelta(0))
    charges_time_used = models.BooleanField(
        default=False, help_text="on leaving, the price becomes that of the time really used"
    )
    prepayment = models.BooleanField(default=False)
    state_change_rate = models.CharField(max_length=12, blank=True, validators=[is_rate])

    class Meta:
        verbose_name_plural = "policies"
        constraints: ClassVar = [
            Revises(name="policy_revises"),
            # Ranges, slots and steps are counted by these lengths, which therefore must not be
            # zero.
            models.CheckConstraint(
                name="policy_lengths_positive",
                condition=(
                    (Q(default_length__isnull=True) | Q(default_length__gt=timedelta(0)))
                    & (Q(slot_length__isnull=True) | Q(slot_length__gt=timedelta(0)))
                    & (Q(step__isnull=True) | Q(step__gt=timedelta(0)))
                ),
            ),
            models.CheckConstraint(
                name="policy_durations_not_negative",
                condition=(
                    Q(notice__gte=timedelta(0))
                    & Q(hold_time__gt=timedelta(0))
                    & Q(grace__gte=timedelta(0))
                    & Q(buffer_before__gte=timedelta(0))
                    & Q(buffer_after__gte=timedelta(0))
                    & Q(early_check_in__gte=timedelta(0))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"policy of {self.venue}"

    def clean(self) -> None:
        """Raises ValidationError for values that go against each other, by field."""
        if found := policy_rules.faults(self, self.venue.mode):
            raise ValidationError(found)
