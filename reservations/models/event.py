"""The table of events: audit trail and outbox."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from reservations.event_types import ONCE
from reservations.models.reservation import Reservation
from venues.models import Venue


class Event(models.Model):
    """Something that happened, written in the transaction of the change. Audit trail and outbox."""

    # The first index below serves queries by venue.
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    reservation = models.ForeignKey(
        Reservation, on_delete=models.PROTECT, related_name="events", null=True, blank=True
    )
    name = models.CharField(max_length=40)
    round = models.PositiveSmallIntegerField(default=0, db_default=0)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=80)
    by_kind = models.CharField(max_length=16)
    data = models.JSONField(default=dict)
    is_limited = models.BooleanField(default=False)
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # availability.answer_cache counts a venue's recent events for every cached answer.
            models.Index(fields=["venue", "recorded_at"], name="event_of_venue"),
            # Ids commit out of order, so the outbox reads what is not dispatched, not what follows
            # an id.
            models.Index(
                fields=["id"], name="event_not_dispatched", condition=Q(dispatched_at__isnull=True)
            ),
            # limits.state_changes counts these under the reservation's lock.
            models.Index(
                fields=["reservation", "recorded_at"],
                name="event_limited",
                condition=Q(is_limited=True),
            ),
        ]
        constraints: ClassVar = [
            # Sweeps rely on it: two of them, or a sweep and a verb, never record one fact twice.
            models.UniqueConstraint(
                fields=["reservation", "name", "round"],
                name="event_once_a_round",
                condition=Q(name__in=ONCE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"
