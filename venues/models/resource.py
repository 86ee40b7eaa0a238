"""The tables of what a venue has: categories, units, their people and combinations."""

from collections.abc import Sequence
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from venues import time_zones
from venues.models.venue import Venue
from venues.revisions import Revises
from venues.time_zones import is_time_zone


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

    priced_unit: int | None = None
    """Of a copy that `catalogue.priced` made: the id of the unit whose rates count first."""
    own_rates: Sequence[Any] = ()
    """The rates of that unit."""

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
        return time_zones.named(self.time_zone) if self.time_zone else self.venue.zone

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
