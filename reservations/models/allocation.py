"""The table of time taken, by reservations and closures."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from reservations.constraints import NoOverlap, ResourceOfVenue
from reservations.models.reservation import Reservation
from reservations.querysets import AllocationQuerySet
from reservations.ranges import MAX_SPAN, RangeIndex
from venues.models import Resource, Venue


class Allocation(models.Model):
    """A resource taken for a range, buffers included, by a reservation or a closure.

    Only live rows take time, and none from its `lapses_at` on.
    """

    # The indexes below serve queries by venue and by resource.
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="allocations", db_index=False
    )
    resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, related_name="allocations", db_index=False
    )
    reservation = models.ForeignKey(
        Reservation, on_delete=models.PROTECT, related_name="allocations", null=True, blank=True
    )
    closure_id = models.UUIDField(null=True, blank=True, db_index=True)
    reason = models.CharField(max_length=200, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    promised_local = models.CharField(max_length=110, null=True, editable=False)  # noqa: DJ001
    is_live = models.BooleanField(default=True)
    is_locked = models.BooleanField(default=False)
    lapses_at = models.DateTimeField(null=True, blank=True)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            RangeIndex(fields=["venue", "ends_at"], name="allocation_of_venue_by_range"),
            models.Index(fields=["resource", "ends_at"], name="allocation_of_resource"),
        ]
        constraints: ClassVar = [
            # Everything relies on this one: no unit is sold twice.
            NoOverlap(name="allocation_no_overlap"),
            ResourceOfVenue(name="allocation_resource_of_venue"),
            models.CheckConstraint(
                name="allocation_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))
            ),
            models.CheckConstraint(
                name="allocation_within_max_span",
                condition=Q(ends_at__lte=F("starts_at") + MAX_SPAN),
            ),
            # Verbs rely on it: they free either a reservation's time or a closure's.
            models.CheckConstraint(
                name="allocation_of_reservation_or_closure",
                condition=Q(reservation__isnull=False) ^ Q(closure_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.starts_at:%Y-%m-%d %H:%M} {self.ends_at:%Y-%m-%d %H:%M}"
