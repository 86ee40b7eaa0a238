"""The tables of partners' systems: endpoints, their secrets, and the feed of events."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reservations.models import Event
from venues.models import Venue


class Subscriber(models.Model):
    """A partner that is told of events: the lock under which its feed and endpoints grow.

    `partner` is the slug of the partner, as reservations hold it: partners whose keys are in the
    settings have no row of their own.
    """

    partner = models.CharField(max_length=63, unique=True)
    # The last position that was given in the feed.
    last_position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.partner


class LiveEndpoints(models.Manager["Endpoint"]):
    """Those that were not deleted."""

    def get_queryset(self) -> models.QuerySet["Endpoint"]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Endpoint(models.Model):
    """An address of a partner's system that events are sent to. Instants are UTC.

    A deleted one stays until `endpoint_removal` has deleted its log. `objects` has it no more.
    """

    partner = models.CharField(max_length=63, db_index=True)
    url = models.CharField(max_length=500)
    # Names of types of events, or "*" alone.
    types = models.JSONField(default=list)
    has_all_venues = models.BooleanField(default=True)
    venues = models.ManyToManyField(Venue, related_name="+", blank=True)
    # What a body holds beside the thin one: "reservation" or nothing.
    include = models.JSONField(default=list)
    description = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    # Why the system switched it off; empty where nobody or the partner did.
    disabled_reason = models.CharField(max_length=200, blank=True)
    # Since when nothing but failures came back.
    failing_since = models.DateTimeField(null=True, blank=True)
    # Failed attempts since the last success.
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = LiveEndpoints()
    every: ClassVar = models.Manager["Endpoint"]()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.url

    @property
    def lane(self) -> str:
        """The lane of its deliveries, which is how they are found."""
        return lane_of(self.pk)


def lane_of(endpoint_id: int) -> str:
    """Returns the lane of the deliveries to an endpoint."""
    return f"webhook:{endpoint_id}"


class EndpointSecret(models.Model):
    """A secret that bodies are signed with. It must be readable to sign, so it is encrypted."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    encrypted = models.CharField(max_length=400)
    made_at = models.DateTimeField()
    # Null for the newest one; the one before ends a day after the rotation.
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id}"


class FeedEntry(models.Model):
    """An event as a partner may see it. `hooks.feed` gives it its position."""

    partner = models.CharField(max_length=63)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    # Readers ask for positions of a partner, and the venue only narrows them.
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=40)
    body = models.TextField()
    position = models.BigIntegerField(null=True, blank=True)
    # It is kept for a time from then on. The default is for processes that do not know the column.
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "feed entries"
        indexes: ClassVar = [
            models.Index(
                fields=["partner", "event"],
                name="feed_without_position",
                condition=Q(position__isnull=True),
            ),
            # feed_retention finds the old ones by it.
            models.Index(fields=["written_at"], name="feed_written"),
        ]
        constraints: ClassVar = [
            # fan_out relies on it: repeated, it adds nothing.
            models.UniqueConstraint(fields=["partner", "event"], name="feed_event_once"),
            # Readers rely on it: a position is of one event.
            models.UniqueConstraint(fields=["partner", "position"], name="feed_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.partner}"


class FeedGap(models.Model):
    """Up to which position entries of a partner's feed were deleted, by venue and type.

    So a reader who is behind is told, and one who missed nothing of what it asks for is not.
    """

    partner = models.CharField(max_length=63)
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=40)
    position = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            # feed_retention relies on it: one row for each.
            models.UniqueConstraint(fields=["partner", "venue", "type"], name="feed_gap_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.partner} up to {self.position}"
