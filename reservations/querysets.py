"""Named filters for reservations and allocations. None of them writes."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from reservations.models import (
        Allocation,  # noqa: F401
        Reservation,  # noqa: F401
    )
from guests.callers import Caller
from reservations.ranges import Overlaps
from reservations.status import Status, status_expression

_DIALLED = re.compile(r"^[+\d\s().-]{4,}$")

IS_STAYING = Q(
    checked_in_at__isnull=False,
    checked_out_at__isnull=True,
    cancelled_at__isnull=True,
    is_departure_assumed=False,
)

# Status is derived from these columns. The model has an index on each condition.
IS_OPEN_HOLD = Q(confirmed_at__isnull=True, expired_at__isnull=True, cancelled_at__isnull=True)

IS_AWAITED = Q(missed_at__isnull=True, cancelled_at__isnull=True, checked_in_at__isnull=True)


class ReservationQuerySet(models.QuerySet["Reservation"]):
    """Named filters for reservations. Instants are aware, in UTC."""

    def visible_to(self, caller: Caller) -> Self:
        """The reservations that a caller may see: a guest's, a partner's, or their venues'.

        A guest also sees those whose ids are in `caller.proven`. Staff also see their own.
        """
        if caller.kind == "guest":
            theirs = Q(guest_id=caller.user_id) if caller.user_id else Q(pk__in=[])
            return self.filter(theirs | Q(pk__in=caller.proven) if caller.proven else theirs)
        rows = self.filter(partner=caller.partner) if caller.kind == "partner" else self
        if caller.venue_ids is None:
            return rows
        run = Q(venue_id__in=caller.venue_ids)
        # Staff book for themselves too, at venues they do not run.
        own = Q(guest_id=caller.user_id) if caller.user_id else Q(pk__in=[])
        return rows.filter(run | own)

    def with_status(self, *, at: datetime) -> Self:
        """Adds `status_number`, the number of the status at that instant, to each reservation."""
        return self.annotate(status_number=status_expression(at))

    def in_status(self, status: Status, *, at: datetime) -> Self:
        """Reservations with this status at that instant."""
        return self.with_status(at=at).filter(status_number=int(status))

    def in_one_of(self, statuses: Iterable[Status], *, at: datetime) -> Self:
        """Reservations with any of these statuses at that instant; none for no status."""
        numbers = [int(status) for status in statuses]
        return self.with_status(at=at).filter(status_number__in=numbers)

    def open_holds(self) -> Self:
        """Holds that are not confirmed, cancelled or recorded as expired. They may have lapsed."""
        return self.filter(IS_OPEN_HOLD)

    def awaited(self) -> Self:
        """Reservations without arrival, cancellation or recorded no-show. They may be holds."""
        return self.filter(IS_AWAITED)

    def held(self, *, at: datetime) -> Self:
        """Reservations with the status `held` at that instant. Uses an index."""
        return self.open_holds().filter(hold_expires_at__gt=at)

    def unpaid(self, *, at: datetime) -> Self:
        """Those to come or in house that cost money, holds included.

        Until payments are recorded, all that cost money are unpaid.
        """
        stands = Q(confirmed_at__isnull=False) | Q(hold_expires_at__gt=at)
        return self.filter(
            stands,
            ends_at__gt=at,
            price_minor__gt=0,
            cancelled_at__isnull=True,
            expired_at__isnull=True,
            checked_out_at__isnull=True,
            missed_at__isnull=True,
        )

    def lapsed(self, *, at: datetime) -> Self:
        """Holds that have lapsed at that instant but are not recorded as expired."""
        return self.open_holds().filter(hold_expires_at__lte=at)

    def staying(self) -> Self:
        """Guests who have arrived and not left, where the venue records departures.

        Uses an index.
        """
        return self.filter(IS_STAYING)

    def matching(self, asked: str) -> Self:
        """Reservations whose name, phone, code, plate or e-mail contains every word of the text.

        A text that looks like a phone number is compared without spaces and leading zeros. An empty
        text matches all.
        """
        rows = self
        digits = re.sub(r"\D", "", asked).lstrip("0")
        if digits and _DIALLED.match(asked.strip()):
            # A number as people dial it. Stored numbers begin with the country code.
            plain = Q(code__icontains=asked) | Q(vehicle_plate__icontains=asked)
            return self.filter(Q(phone__contains=digits) | plain)
        for word in asked.split():
            rows = rows.filter(
                Q(code__istartswith=word)
                | Q(first_name__icontains=word)
                | Q(last_name__icontains=word)
                | Q(phone__contains=word)
                | Q(email__istartswith=word)
                | Q(vehicle_plate__icontains=word)
            )
        return rows

    def missed(self, *, at: datetime) -> Self:
        """Confirmed reservations past their grace without arrival, not yet recorded as missed."""
        return self.awaited().filter(
            confirmed_at__isnull=False, checked_out_at__isnull=True, no_show_at__lte=at
        )

    def ended(self, *, at: datetime) -> Self:
        """Stays past their end, where departure is assumed, that are not recorded as completed."""
        arrived = Q(checked_in_at__isnull=False) | Q(is_arrival_assumed=True)
        return self.filter(
            arrived,
            is_departure_assumed=True,
            confirmed_at__isnull=False,
            completed_at__isnull=True,
            checked_out_at__isnull=True,
            cancelled_at__isnull=True,
            ends_at__lte=at,
        )


class AllocationQuerySet(models.QuerySet["Allocation"]):
    """Named filters for allocations. Instants are aware, in UTC."""

    def taking_time(self, *, at: datetime) -> Self:
        """Allocations that take time at that instant: live, and not lapsed."""
        return self.filter(Q(lapses_at__isnull=True) | Q(lapses_at__gt=at), is_live=True)

    def lapsed(self, *, at: datetime) -> Self:
        """Live allocations that have lapsed at that instant, so that others may take their time."""
        return self.filter(is_live=True, lapses_at__lte=at)

    def overlapping(
        self, start: datetime, end: datetime, *, venues: Collection[int] | None = None
    ) -> Self:
        """Allocations that overlap `[start, end)`, live or not. The indexes hold live ones only.

        Pass `venues` (ids) to use the index by venue; None uses the one by unit, so filter by unit
        as well.
        """
        if venues is None:
            return self.filter(Overlaps(start, end, by_venue=False))
        return self.filter(Overlaps(start, end, by_venue=True), venue__in=venues)
