"""The tables of venues: categories, resources, combinations, openings, rates and policy."""

from datetime import time, timedelta
from functools import cache
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from venues import kinds
from venues.currencies import is_currency
from venues.kinds import Mode
from venues.revisions import Revises, new_revision


@cache
def time_zones() -> frozenset[str]:
    """All names in the IANA database. Reads its folders once for each process."""
    return frozenset(available_timezones())


def is_time_zone(name: str) -> None:
    """Raises ValidationError for a name that is not in the IANA database."""
    if name not in time_zones():
        raise ValidationError(f"{name} is not an IANA time zone such as Europe/Amsterdam.")


LEAST_GRID = timedelta(minutes=5)
"""The shortest slot or step. A day of shorter ones is a grid that nobody can read."""


def is_grid(length: timedelta) -> None:
    """Raises ValidationError for a slot or step shorter than LEAST_GRID."""
    if length < LEAST_GRID:
        raise ValidationError(_("Give at least five minutes."))


def is_rate(text: str) -> None:
    """Raises ValidationError for a text that is not count/period, such as 1/m or 10/h."""
    RegexValidator(r"^[1-9][0-9]{0,5}/[smhd]\Z", "Give a rate as count/period: 1/m, 10/h.")(text)


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
    created_at = models.DateTimeField(auto_now_add=True)
    revision = models.BigIntegerField(default=new_revision, editable=False)

    class Meta:
        ordering: ClassVar = ["name", "id"]
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
        return ZoneInfo(self.time_zone)


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
    buffer_before = models.DurationField(default=timedelta(0))
    buffer_after = models.DurationField(default=timedelta(0))

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


class Category(models.Model):
    """Something that a guest chooses: room type, dining area, type of spot, service."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="categories")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True, max_length=2000)
    position = models.PositiveSmallIntegerField(default=0)
    is_on_request = models.BooleanField(
        default=False, help_text="given only to who asks for it by name, as accessible spots are"
    )

    class Meta:
        ordering: ClassVar = ["position", "id"]
        verbose_name_plural = "categories"
        constraints: ClassVar = [
            Revises(name="category_revises"),
            # Bookings rely on it: they name a category by this code.
            models.UniqueConstraint(fields=["venue", "code"], name="category_code_once_a_venue"),
        ]

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """One unit: a room, table, spot or provider."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="resources")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="resources")
    name = models.CharField(max_length=80)
    floor = models.SmallIntegerField(default=0)
    capacity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    attributes = models.JSONField(default=dict, blank=True)
    rank = models.PositiveSmallIntegerField(default=0)
    plan_x = models.FloatField(null=True, blank=True)
    plan_y = models.FloatField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[is_time_zone])
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["rank", "id"]
        constraints: ClassVar = [
            Revises(name="resource_revises"),
            models.UniqueConstraint(fields=["venue", "name"], name="resource_name_once_a_venue"),
            # An allocation's foreign key on (resource, venue) points to this.
            models.UniqueConstraint(fields=["id", "venue"], name="resource_with_venue"),
            models.CheckConstraint(name="resource_seats_someone", condition=Q(capacity__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The zone of this unit's schedule: its own, else the venue's."""
        return ZoneInfo(self.time_zone) if self.time_zone else self.venue.zone

    @property
    def pool_key(self) -> tuple[int, str]:
        """Equal for units of one category that can share a pool."""
        return (self.capacity, repr(sorted(self.attributes.items())) if self.attributes else "")


class Provider(models.Model):
    """The person whom a unit stands for, and how to reach them."""

    resource = models.OneToOneField(
        Resource, on_delete=models.CASCADE, primary_key=True, related_name="provider"
    )
    first_name = models.CharField(max_length=15)
    last_name = models.CharField(max_length=15)
    # The unit's venue. Empty in a row that a process of 0.1.0 wrote during an upgrade.
    venue = models.ForeignKey(
        Venue, on_delete=models.CASCADE, related_name="providers", null=True, editable=False
    )
    email = models.CharField(max_length=254)
    phone = models.CharField(max_length=16)

    class Meta:
        constraints: ClassVar = [
            # A practice enters a person once, also when two clerks do it at the same moment.
            models.UniqueConstraint(fields=["venue", "email"], name="provider_email_once"),
            models.UniqueConstraint(fields=["venue", "phone"], name="provider_phone_once"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Combination(models.Model):
    """Units that may be given to one party together, such as tables. `capacity` is that of all."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="combinations")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="combinations")
    name = models.CharField(max_length=80)
    capacity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    resources = models.ManyToManyField(Resource, related_name="combinations")

    class Meta:
        ordering: ClassVar = ["capacity", "id"]
        constraints: ClassVar = [
            Revises(name="combination_revises"),
            models.UniqueConstraint(fields=["venue", "name"], name="combination_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


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


class Rate(models.Model):
    """A price for a category, per unit of time. Of several that apply, the narrowest counts.

    Narrower is a shorter period, then fewer weekdays, then a time of day. When `to_time <=
    from_time`, the rate ends on the next day. Amounts are in minor units of the venue's currency.
    """

    class Unit(models.TextChoices):
        NIGHT = "night", _("Night")
        HOUR = "hour", _("Hour")
        STARTED_HOUR = "started_hour", _("started hour")
        FLAT = "flat", _("Flat")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="rates")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="rates")
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
