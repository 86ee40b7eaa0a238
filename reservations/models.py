"""What the engine keeps: reservations, the time they take, what happened, answers to repeat."""

import secrets
import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reservations.constraints import NoOverlap, ResourceOfVenue
from reservations.event_types import ONCE
from reservations.querysets import (
    IS_AWAITED,
    IS_OPEN_HOLD,
    IS_STAYING,
    AllocationQuerySet,
    ReservationQuerySet,
)
from reservations.ranges import MAX_SPAN, RangeIndex
from reservations.status import Status, status_of
from venues.models import Category, Resource, Venue

_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_code() -> str:
    """A short code that a guest can read out and nobody can guess."""
    # There are 32 letters, so that each is as likely as any other.
    return "".join(_CODE_LETTERS[byte % 32] for byte in secrets.token_bytes(10))


class Reservation(models.Model):
    """A guest, a party and a range that was sold; prices and instants as they were promised."""

    # Found by reservation_of_venue.
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="reservations", db_index=False
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="reservations")
    guest = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="reservations",
        null=True,
        blank=True,
    )
    partner = models.CharField(max_length=63, blank=True)
    code = models.CharField(max_length=12, default=new_code)
    # Null rather than empty: a unique index lets any number of nulls be.
    day_key = models.CharField(max_length=60, null=True, blank=True)  # noqa: DJ001
    group_id = models.UUIDField(null=True, blank=True, db_index=True)
    version = models.PositiveIntegerField(default=1)

    first_name = models.CharField(max_length=15)
    last_name = models.CharField(max_length=15)
    phone = models.CharField(max_length=16)
    email = models.CharField(max_length=254, blank=True)
    guest_count = models.PositiveSmallIntegerField()
    receive_email_updates = models.BooleanField(default=True)
    receive_phone_call = models.BooleanField(default=True)
    receive_text_notification = models.BooleanField(default=False)
    occasion = models.CharField(max_length=20, blank=True)
    vehicle_plate = models.CharField(max_length=16, blank=True)
    remarks = models.CharField(max_length=500, blank=True)

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_arrival_assumed = models.BooleanField()
    is_departure_assumed = models.BooleanField()
    is_no_show_released = models.BooleanField()
    price_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    tariff = models.JSONField(null=True, blank=True, editable=False)
    cancel_free_until = models.DateTimeField(null=True, blank=True)
    cancel_fee_minor = models.BigIntegerField(default=0)

    created_at = models.DateTimeField()
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    # A digest of the address a hold was made from, for as long as it is one. Null: servers of the
    # version before do not write it.
    held_from = models.CharField(max_length=32, null=True, blank=True, editable=False)  # noqa: DJ001
    no_show_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    checked_in_at = models.DateTimeField(null=True, blank=True)
    checked_out_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)

    objects = ReservationQuerySet.as_manager()

    just_taken: "list[Allocation] | None" = None
    """What it took when it was made a moment ago, for an answer that need not read it again."""

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["venue", "starts_at"], name="reservation_of_venue"),
            # Here rather than on the field, which would get an index for prefixes too.
            models.Index(fields=["phone"], name="reservation_of_phone"),
            # One each for the sweeps, which look every minute and mostly find nothing.
            models.Index(
                fields=["hold_expires_at"],
                name="reservation_held",
                condition=IS_OPEN_HOLD,
            ),
            # One each for those whose open holds are counted before they get another.
            models.Index(
                fields=["guest", "hold_expires_at"],
                name="reservation_held_by_guest",
                condition=IS_OPEN_HOLD & Q(guest__isnull=False),
            ),
            models.Index(
                fields=["partner", "hold_expires_at"],
                name="reservation_held_by_partner",
                condition=IS_OPEN_HOLD,
            ),
            models.Index(
                fields=["held_from", "hold_expires_at"],
                name="reservation_held_from",
                condition=IS_OPEN_HOLD & Q(held_from__isnull=False),
            ),
            models.Index(
                fields=["no_show_at"],
                name="reservation_awaited",
                condition=IS_AWAITED,
            ),
            models.Index(
                fields=["ends_at"],
                name="reservation_running",
                condition=Q(
                    is_departure_assumed=True,
                    completed_at__isnull=True,
                    checked_out_at__isnull=True,
                    cancelled_at__isnull=True,
                ),
            ),
            # The desk looks for those who stay past their end. A booking adds nothing to it.
            models.Index(
                fields=["venue", "ends_at"], name="reservation_staying", condition=IS_STAYING
            ),
            models.Index(fields=["partner", "-id"], name="reservation_of_partner"),
        ]
        constraints: ClassVar = [
            # PostgreSQL lets an empty range sit inside a taken one.
            models.CheckConstraint(
                name="reservation_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))
            ),
            models.CheckConstraint(
                name="reservation_within_max_span",
                condition=Q(ends_at__lte=F("starts_at") + MAX_SPAN),
            ),
            models.UniqueConstraint(fields=["code"], name="reservation_code_once"),
            # One per guest, unit and day where the policy says so; placing replaces or refuses.
            models.UniqueConstraint(
                fields=["day_key"],
                name="reservation_one_a_day",
                condition=Q(cancelled_at__isnull=True, expired_at__isnull=True),
            ),
            # Without this instant a hold would never lapse.
            models.CheckConstraint(
                name="reservation_held_until_or_confirmed",
                condition=Q(confirmed_at__isnull=False) | Q(hold_expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def status_at(self, now: datetime) -> Status:
        """What the recorded facts mean at `now`."""
        return status_of(self, now)


class Allocation(models.Model):
    """A resource taken for a range of time, by a reservation, a closure or an imported block.

    The range is what is really taken, buffers included. Only live rows take time, and one that
    has lapsed (`lapses_at`) takes none from that instant on.
    """

    # Found by the indexes below.
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
            # Every promise that nothing is sold twice rests on this one.
            NoOverlap(name="allocation_no_overlap"),
            ResourceOfVenue(name="allocation_resource_of_venue"),
            models.CheckConstraint(
                name="allocation_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))
            ),
            models.CheckConstraint(
                name="allocation_within_max_span",
                condition=Q(ends_at__lte=F("starts_at") + MAX_SPAN),
            ),
            # A reservation's time and a closure's are freed by different verbs.
            models.CheckConstraint(
                name="allocation_of_reservation_or_closure",
                condition=Q(reservation__isnull=False) ^ Q(closure_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.starts_at:%Y-%m-%d %H:%M} {self.ends_at:%Y-%m-%d %H:%M}"


class Event(models.Model):
    """Something that happened, written in the transaction of the change: audit and outbox."""

    # Found by the first index below.
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    reservation = models.ForeignKey(
        Reservation, on_delete=models.PROTECT, related_name="events", null=True, blank=True
    )
    name = models.CharField(max_length=40)
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
            # Whether anything has happened at a venue lately, which every remembered answer asks.
            models.Index(fields=["venue", "recorded_at"], name="event_of_venue"),
            # Ids commit out of order, so the outbox looks for what is not sent, never past a mark.
            models.Index(
                fields=["id"], name="event_not_dispatched", condition=Q(dispatched_at__isnull=True)
            ),
            # The judge of the state-change rate counts here, under the reservation's lock.
            models.Index(
                fields=["reservation", "recorded_at"],
                name="event_limited",
                condition=Q(is_limited=True),
            ),
        ]
        constraints: ClassVar = [
            # Two sweeps, or a sweep and an action, never tell the same thing twice.
            models.UniqueConstraint(
                fields=["reservation", "name"], name="event_once", condition=Q(name__in=ONCE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"


class StoredAnswer(models.Model):
    """The answer to a request that made something, kept so that a repeat gets the same one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    guest = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True
    )

    class Meta:
        constraints: ClassVar = [
            # The winner of two equal requests is whoever inserts first.
            models.UniqueConstraint(fields=["caller", "key"], name="stored_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key[:20]}"
