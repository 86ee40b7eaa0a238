"""The reservations of an export, a slice at a time."""

from datetime import datetime

from django.db.models import Prefetch, Q

from notices.models import Export
from notices.models.export import ExportKind
from reservations.models import Allocation, Reservation
from reservations.querysets import ReservationQuerySet
from reservations.status import Status
from venues import kinds

_PARKED = (Status.UPCOMING, Status.PRESENT, Status.LEFT, Status.NO_SHOW)


def after(export: Export, last_id: int, *, most: int, now: datetime) -> list[Reservation]:
    """Returns the next reservations of an export, by id, as they are at `now` (UTC)."""
    rows = _of(export, now).filter(pk__gt=last_id)
    if export.since:
        rows = rows.filter(starts_at__gte=export.since)
    if export.until:
        rows = rows.filter(starts_at__lt=export.until)
    units = Allocation.objects.select_related("resource")
    rows = rows.select_related("venue", "category").prefetch_related(Prefetch("allocations", units))
    return list(rows.order_by("pk")[:most])


def _of(export: Export, now: datetime) -> ReservationQuerySet:
    if export.kind == ExportKind.VENUE:
        return Reservation.objects.filter(venue=export.venue_id)
    mine = Reservation.objects.filter(guest=export.user_id)
    if export.kind == ExportKind.RESERVATIONS:
        return mine
    # What was given up is told only where it costs something.
    parked = mine.filter(venue__kind=kinds.PARKING.code)
    ids = parked.in_one_of(_PARKED, at=now).values("pk")
    return parked.filter(Q(pk__in=ids) | Q(fee_due_minor__gt=0))
