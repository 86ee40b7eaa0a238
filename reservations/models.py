"""The engine's tables: reservations, allocations, events, and answers to repeated requests."""

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
    """A new code of ten letters and digits, easy to read out and hard to guess."""
    # There are 32 letters, and 32 divides 256, so each is equally likely.
    return "".join(_CODE_LETTERS[byte % 32] for byte in secrets.token_bytes(10))


class Reservation(models.Model):
    """A guest, a party and a range that was sold, with its price and the instants of what happened.

    Instants are UTC; money is in minor units of `currency`.
    """

    # The index reservation_of_venue serves queries by venue.
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
    # Null rather than empty, since a unique index allows many nulls.
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
    # A digest of the address that made the hold, kept while a limit counts by it. Null, since
    # servers of the version before do not write it.
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
    """The allocations of a reservation that was just made, so that its answer needs no query."""

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["venue", "starts_at"], name="reservation_of_venue"),
            # Here rather than on the field, which would add a second index for prefixes.
            models.Index(fields=["phone"], name="reservation_of_phone"),
            # Finds a person who asks for their data or to be erased.
            models.Index(fields=["email"], name="reservation_of_email", condition=~Q(email="")),
            # One index for each sweep, which runs every minute and mostly finds nothing.
            models.Index(
                fields=["hold_expires_at"],
                name="reservation_held",
                condition=IS_OPEN_HOLD,
            ),
            # One index for each limit of open holds.
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
            # The limit of unpaid reservations of nobody's account counts by address too.
            models.Index(
                fields=["held_from", "ends_at"],
                name="reservation_unpaid_from",
                condition=Q(confirmed_at__isnull=False, held_from__isnull=False),
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
            # The desk reads guests who stay past their end. A new booking adds nothing to this
            # index.
            models.Index(
                fields=["venue", "ends_at"], name="reservation_staying", condition=IS_STAYING
            ),
            models.Index(fields=["partner", "-id"], name="reservation_of_partner"),
        ]
        constraints: ClassVar = [
            # The exclusion constraint does not see an empty range.
            models.CheckConstraint(
                name="reservation_starts_before_it_ends", condition=Q(starts_at__lt=F("ends_at"))
            ),
            models.CheckConstraint(
                name="reservation_within_max_span",
                condition=Q(ends_at__lte=F("starts_at") + MAX_SPAN),
            ),
            models.UniqueConstraint(fields=["code"], name="reservation_code_once"),
            # limits.one_per_day relies on it: one a guest, unit and day where the policy says so.
            models.UniqueConstraint(
                fields=["day_key"],
                name="reservation_one_a_day",
                condition=Q(cancelled_at__isnull=True, expired_at__isnull=True),
            ),
            # Sweeps and status rely on it: without this instant a hold would never lapse.
            models.CheckConstraint(
                name="reservation_held_until_or_confirmed",
                condition=Q(confirmed_at__isnull=False) | Q(hold_expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def status_at(self, now: datetime) -> Status:
        """The status at `now` (UTC), worked out from the facts. Runs no query."""
        return status_of(self, now)


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
                fields=["reservation", "name"], name="event_once", condition=Q(name__in=ONCE)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"


class StoredAnswer(models.Model):
    """The stored answer to a request that changed something, for when it is repeated."""

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
            # idempotency.claim relies on it: of two equal requests the first to insert wins.
            models.UniqueConstraint(fields=["caller", "key"], name="stored_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key[:20]}"


class AccessRecord(models.Model):
    """Somebody at work opened, searched or exported what is held of other people.

    Ids without foreign keys: to write it locks nothing, and it outlasts what it is about.
    """

    class Why(models.TextChoices):
        SEARCH = "search"
        OPEN = "open"
        EXPORT = "export"

    reader = models.CharField(max_length=80)
    reader_kind = models.CharField(max_length=16)
    # The page or operation, such as `desk:today` or `api:getReservation`.
    place = models.CharField(max_length=60)
    why = models.CharField(max_length=8, choices=Why.choices)
    venue_id = models.BigIntegerField(null=True, blank=True)
    reservation_id = models.BigIntegerField(null=True, blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        # To look at, nothing else: rows go when they are old enough.
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["reader", "at"], name="access_by_reader"),
            models.Index(
                fields=["reservation_id", "at"],
                name="access_of_reservation",
                condition=Q(reservation_id__isnull=False),
            ),
            models.Index(
                fields=["user_id", "at"],
                name="access_of_user",
                condition=Q(user_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reader} {self.why} {self.at:%Y-%m-%d %H:%M}"


class DataLink(models.Model):
    """A link asked for by somebody who says an e-mail address is theirs, to be sent there.

    Deleted once it is used or over.
    """

    email = models.CharField(max_length=254)
    digest = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"link of {self.asked_at:%Y-%m-%d %H:%M}"
