"""Reads of reservations and of taken time, as sentences on their querysets. None of them writes."""

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

# Three columns a status is derived from; an index of the model is on each of these conditions.
IS_OPEN_HOLD = Q(confirmed_at__isnull=True, expired_at__isnull=True, cancelled_at__isnull=True)

IS_AWAITED = Q(missed_at__isnull=True, cancelled_at__isnull=True, checked_in_at__isnull=True)


class ReservationQuerySet(models.QuerySet["Reservation"]):
    """Reads of reservations, as sentences. None of them writes."""

    def visible_to(self, caller: Caller) -> Self:
        """Those a caller may know of: a guest's own, a partner's own, those of staff's venues."""
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
        """Each with `status_number`, the status it has at that instant."""
        return self.annotate(status_number=status_expression(at))

    def in_status(self, status: Status, *, at: datetime) -> Self:
        """Those with this status at that instant."""
        return self.with_status(at=at).filter(status_number=int(status))

    def in_one_of(self, statuses: Iterable[Status], *, at: datetime) -> Self:
        """Those with any of these statuses at that instant."""
        numbers = [int(status) for status in statuses]
        return self.with_status(at=at).filter(status_number__in=numbers)

    def open_holds(self) -> Self:
        """Holds neither confirmed, cancelled nor written down as expired, lapsed or not."""
        return self.filter(IS_OPEN_HOLD)

    def awaited(self) -> Self:
        """Those whose guest has not come and was not written down as missed."""
        return self.filter(IS_AWAITED)

    def held(self, *, at: datetime) -> Self:
        """Those that are `held` at that instant, as an index finds them."""
        return self.open_holds().filter(hold_expires_at__gt=at)

    def lapsed(self, *, at: datetime) -> Self:
        """Held ones past their time, not yet written down as expired."""
        return self.open_holds().filter(hold_expires_at__lte=at)

    def staying(self) -> Self:
        """Those who came and have not left, where leaving is recorded; as an index finds them."""
        return self.filter(IS_STAYING)

    def matching(self, asked: str) -> Self:
        """Those whose name, phone, code, plate or e-mail says what was asked for."""
        rows = self
        digits = re.sub(r"\D", "", asked).lstrip("0")
        if digits and _DIALLED.match(asked.strip()):
            # A number as it is dialled; stored ones begin with the country's code.
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
        """Confirmed ones whose guest did not come, not yet written down as missed."""
        return self.awaited().filter(
            confirmed_at__isnull=False, checked_out_at__isnull=True, no_show_at__lte=at
        )

    def ended(self, *, at: datetime) -> Self:
        """Stays past their end where departure is assumed, not yet written down as completed."""
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
    """Reads of taken time, as sentences. None of them writes."""

    def taking_time(self, *, at: datetime) -> Self:
        """Rows that take their range as seen at that instant: live, and not lapsed."""
        return self.filter(Q(lapses_at__isnull=True) | Q(lapses_at__gt=at), is_live=True)

    def lapsed(self, *, at: datetime) -> Self:
        """Live rows whose time is free to the next guest, but not yet written down as free."""
        return self.filter(is_live=True, lapses_at__lte=at)

    def overlapping(
        self, start: datetime, end: datetime, *, venues: Collection[int] | None = None
    ) -> Self:
        """Rows sharing an instant with `[start, end)`, of some venues or of the units asked for."""
        if venues is None:
            return self.filter(Overlaps(start, end, by_venue=False))
        return self.filter(Overlaps(start, end, by_venue=True), venue__in=venues)
