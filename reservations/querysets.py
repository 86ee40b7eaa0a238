"""Named filters for reservations and allocations. None of them writes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When

if TYPE_CHECKING:
    from reservations.models import (
        Allocation,  # noqa: F401
        Reservation,  # noqa: F401
    )
from guests.callers import Caller
from reservations.ranges import Overlaps
from reservations.status import Status, status_expression
from spelling import search_filter, search_index, search_text

_STAYING: dict[str, bool] = {
    "checked_in_at__isnull": False,
    "checked_out_at__isnull": True,
    "cancelled_at__isnull": True,
    "is_departure_assumed": False,
}
IS_STAYING = Q(**_STAYING)
_GUEST_STAYS = Q(**{f"reservation__{name}": value for name, value in _STAYING.items()})

# Status is derived from these columns. The model has an index on each condition.
IS_OPEN_HOLD = Q(confirmed_at__isnull=True, expired_at__isnull=True, cancelled_at__isnull=True)

IS_RUNNING = Q(
    is_departure_assumed=True,
    completed_at__isnull=True,
    checked_out_at__isnull=True,
    cancelled_at__isnull=True,
)

HAS_ITS_DAY = Q(
    confirmed_at__isnull=False,
    cancelled_at__isnull=True,
    checked_out_at__isnull=True,
    completed_at__isnull=True,
    missed_at__isnull=True,
)

IS_AWAITED = Q(missed_at__isnull=True, cancelled_at__isnull=True, checked_in_at__isnull=True)


SEARCHED = frozenset(
    {"first_name", "last_name", "phone", "email", "vehicle_plate", "code", "reference"}
)
"""The fields that the search text of a reservation is made of."""


class ReservationQuerySet(models.QuerySet["Reservation"]):
    """Named filters for reservations. Instants are aware, in UTC."""

    def update(self, **values: Any) -> int:
        """Updates as Django does, and the search texts of rows whose guest changes."""
        if SEARCHED.isdisjoint(values) or "search_text" in values:
            return super().update(**values)
        keys = list(self.values_list("pk", flat=True))
        changed = super().update(**values)
        rows = list(self.model._base_manager.filter(pk__in=keys))
        for row in rows:
            row.search_text = row.searched_by()
        self.model._base_manager.bulk_update(rows, ["search_text"], batch_size=500)
        return changed

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

        Accents, capitals and punctuation do not count, nor do the zeros of a phone number as it is
        dialled. An empty text matches all, one without letters and digits none.
        """
        lists = search_text.pieces(asked)
        if not asked.strip():
            return self
        if not lists:
            return self.none()
        return self.filter(search_index.candidates(lists), search_filter.having(lists))

    def of_venue(self, venue_id: int) -> Self:
        """Reservations of a venue, read by another index than the venue's.

        A search names few rows, and the venue has a million.
        """
        return self.alias(of_venue=F("venue_id") + 0).filter(of_venue=venue_id)

    def nearest_first(self, *, at: datetime, today: datetime) -> Self:
        """Orders by who is here, who is due until `today` ends, who comes next, and all others.

        All others, which are over or cancelled, have the latest first. `today` is an instant.
        """
        due = (Status.UPCOMING, Status.HELD)
        # Who is late can still come.
        late = Q(status_number=int(Status.NO_SHOW), ends_at__gt=at)
        is_due = Q(status_number__in=[int(status) for status in due]) | late
        rank = Case(
            When(status_number=int(Status.PRESENT), then=0),
            When(is_due & Q(starts_at__lt=today), then=1),
            When(is_due, then=2),
            default=3,
            output_field=models.SmallIntegerField(),
        )
        soonest = Case(When(rank__lt=3, then=F("starts_at")), output_field=models.DateTimeField())
        rows = self.with_status(at=at).annotate(rank=rank)
        return rows.order_by("rank", soonest, "-starts_at", "-pk")

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

    def overstayed(self, *, at: datetime) -> Self:
        """The units of guests who have arrived and not left, though their end has passed.

        Leaves out units that the guest had before a move. Uses an index by venue of the
        reservation, so filter by `reservation__venue` where you can.
        """
        here = _GUEST_STAYS & Q(reservation__ends_at__lte=at)
        later = self.model._default_manager.filter(
            reservation=OuterRef("reservation"), is_live=True, ends_at__gt=OuterRef("ends_at")
        )
        return self.filter(here, ~Exists(later), is_live=True)

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
