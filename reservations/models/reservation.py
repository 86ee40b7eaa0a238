"""The table of reservations."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reservations.querysets import (
    HAS_ITS_DAY,
    IS_AWAITED,
    IS_OPEN_HOLD,
    IS_RUNNING,
    IS_STAYING,
    ReservationQuerySet,
)
from reservations.ranges import MAX_SPAN
from reservations.status import Status, status_of
from spelling import search_text
from spelling.fields import SearchTextField
from spelling.search_index import SearchIndex
from venues.models import Category, Venue

if TYPE_CHECKING:
    from reservations.models.allocation import Allocation

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
    # The id of the confirmed reservation that a hold takes the place of once it is confirmed.
    replaces = models.BigIntegerField(null=True, blank=True, editable=False)
    group_id = models.UUIDField(null=True, blank=True, db_index=True)
    version = models.PositiveIntegerField(default=1)
    # How often the stay was undone or reinstated. Events that happen once happen once a round.
    round = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

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
    search_text = SearchTextField()
    # The plate as plates are compared. Null, since servers of the version before do not write it.
    plate_key = models.CharField(max_length=48, null=True, blank=True, editable=False)  # noqa: DJ001

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    promised_local = models.CharField(max_length=110, null=True, editable=False)  # noqa: DJ001
    is_arrival_assumed = models.BooleanField()
    is_departure_assumed = models.BooleanField()
    is_no_show_released = models.BooleanField()
    price_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    tariff = models.JSONField(null=True, blank=True, editable=False)
    cancel_free_until = models.DateTimeField(null=True, blank=True)
    cancel_fee_minor = models.BigIntegerField(default=0)
    # Fees that are owed already, for late cancelling and late changes, less what was waived.
    fee_due_minor = models.BigIntegerField(default=0, db_default=0)

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

    # In which letters are written: a code of LANGUAGES. Null before 0.3, which is the venue's.
    language = models.CharField(max_length=8, null=True, editable=False)  # noqa: DJ001
    # The newest version that somebody was told of. notices.standing compares and sets it.
    notified_version = models.PositiveIntegerField(null=True, editable=False)
    # The ages of the children among the party. Null for none, and where nobody said.
    children = models.JSONField(null=True, blank=True, editable=False)
    # What the partner calls it. Null rather than empty, since a unique index allows many nulls.
    reference = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    # Notes of the partner's own program, text by name. Null for none.
    metadata = models.JSONField(null=True, blank=True, editable=False)
    # What the policy asked, when it was sold, to be paid before a guest or partner confirms. What
    # is paid of it is not taken off: pricing.due_now says what is left.
    due_now_minor = models.BigIntegerField(default=0, db_default=0, editable=False)
    # True where the policy asks for a stored card before that, and when one was stored.
    asks_guarantee = models.BooleanField(default=False, db_default=False, editable=False)
    guaranteed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ReservationQuerySet.as_manager()

    just_taken: "list[Allocation] | None" = None
    """The allocations of a reservation that was just made, so that its answer needs no query."""
    is_as_expected = False  # True once `records.save` has judged the version of this object

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
                fields=["hold_expires_at"], name="reservation_held", condition=IS_OPEN_HOLD
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
            models.Index(fields=["no_show_at"], name="reservation_awaited", condition=IS_AWAITED),
            models.Index(fields=["ends_at"], name="reservation_running", condition=IS_RUNNING),
            # The desk reads guests who stay past their end. A new booking adds nothing to this
            # index.
            models.Index(
                fields=["venue", "ends_at"], name="reservation_staying", condition=IS_STAYING
            ),
            models.Index(fields=["partner", "-id"], name="reservation_of_partner"),
            # The sweep of refunds: cancelled after a payment.
            models.Index(
                fields=["cancelled_at"],
                name="reservation_cancelled_paid",
                condition=Q(cancelled_at__isnull=False, paid_minor__gt=0),
            ),
            SearchIndex(fields=["search_text"], name="reservation_searched"),
            # Finds the other reservations of a vehicle.
            models.Index(
                fields=["plate_key", "ends_at"],
                name="reservation_of_plate",
                condition=Q(plate_key__isnull=False),
            ),
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
            # limits.one_per_day relies on both. A hold may stand beside what it will replace.
            models.UniqueConstraint(
                fields=["day_key"],
                name="reservation_one_confirmed_a_day",
                condition=HAS_ITS_DAY,
            ),
            models.UniqueConstraint(
                fields=["day_key"],
                name="reservation_one_held_a_day",
                condition=IS_OPEN_HOLD,
            ),
            # A search by reference reads it as well.
            models.UniqueConstraint(
                fields=["reference", "partner"],
                name="reservation_reference_once",
                condition=Q(reference__isnull=False),
            ),
            # Sweeps and status rely on it: without this instant a hold would never lapse.
            models.CheckConstraint(
                name="reservation_held_until_or_confirmed",
                condition=Q(confirmed_at__isnull=False) | Q(hold_expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def searched_by(self) -> str:
        """Returns the search text: names, phone, e-mail, plate, code and reference, folded."""
        return search_text.of_person(
            self.first_name,
            self.last_name,
            phone=self.phone,
            email=self.email,
            marks=(self.vehicle_plate, self.code, self.reference or ""),
        )

    def status_at(self, now: datetime) -> Status:
        """The status at `now` (UTC), worked out from the facts. Runs no query."""
        return status_of(self, now)
