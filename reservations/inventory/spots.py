"""Spots that are made from a number: put back or numbered on, and retired only while empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils.translation import gettext

from reservations import clock
from reservations.allocation import ledger
from reservations.allocation.ledger import Span
from reservations.errors import LotInUse
from reservations.models import Allocation, Reservation
from reservations.querysets import AllocationQuerySet
from reservations.status import Status
from venues.models import Category, Resource, Venue

HANDICAP = "handicap"
"""The code of the category that is called so in parking."""
LARGEST_LOT = 5_000
_SEATS = 9
_HIGHEST_RANK = 32_767


@dataclass(frozen=True, slots=True)
class Spot:
    """A spot that is not retired, and whether nothing takes it at one instant."""

    unit: Resource
    is_free: bool


def spots_of(lots: Sequence[Venue], *, now: datetime) -> list[Spot]:
    """The spots of some lots as they stand at `now`, lot by lot as given. Two queries."""
    order = {lot.pk: place for place, lot in enumerate(lots)}
    units = Resource.objects.filter(venue_id__in=order, retired_at__isnull=True)
    moment = Span(start=now, end=now + timedelta(microseconds=1), now=now)
    free = set(ledger.free_units(units, moment).values_list("pk", flat=True))
    every = units.select_related("category").order_by("rank", "pk")
    found = [Spot(unit, unit.pk in free) for unit in every]
    return sorted(found, key=lambda spot: order[spot.unit.venue_id])


def set_capacity(venue: Venue, capacity: int) -> None:
    """Make it so many spots; fewer only where so many are empty. Raises LotInUse naming the others.

    Assumes that the venue is locked.
    """
    spots = _spots(venue)
    _shrink(spots, len(spots) - capacity)
    _grow(venue, capacity - len(spots))


def in_use(rows: AllocationQuerySet, now: datetime) -> AllocationQuerySet:
    """Those that take time now or later, or whose guest has stayed past the end."""
    parked = Reservation.objects.filter(ends_at__lte=now, checked_in_at__isnull=False)
    staying = Q(
        reservation__in=parked.in_status(Status.PRESENT, at=now).values("pk"),
        # Not what they had before they were moved.
        ends_at__gte=F("reservation__ends_at"),
        is_live=True,
    )
    to_come = rows.taking_time(at=now).filter(ends_at__gt=now)
    return rows.filter(Q(pk__in=to_come.values("pk")) | staying)


def category_of(venue: Venue) -> Category:
    """What new spots are: the first category there is."""
    found = venue.categories.order_by("position", "pk").first()
    return found or Category.objects.create(venue=venue, code="regular", name="Regular")


def _shrink(spots: Sequence[Resource], count: int) -> None:
    """Retire `count` empty spots, the highest numbers first."""
    if count <= 0:
        return
    now = clock.now()
    locked = {unit.pk for unit in ledger.lock_units(spot.pk for spot in spots)}
    taken = in_use(Allocation.objects.filter(resource_id__in=locked), now)
    used = set(taken.values_list("resource_id", flat=True))
    empty = [spot.pk for spot in spots if spot.pk not in used]
    if len(empty) < count:
        names = [spot.name for spot in spots if spot.pk in used]
        raise LotInUse(
            gettext("Spots %(names)s are taken or reserved.") % {"names": ", ".join(names[:20])},
            spots=names,
        )
    Resource.objects.filter(pk__in=empty[-count:]).update(retired_at=now)


def _grow(venue: Venue, count: int) -> None:
    """Put retired spots back first, then number new ones on from the highest."""
    if count <= 0:
        return
    retired = list(venue.resources.filter(retired_at__isnull=False).order_by("pk")[:count])
    Resource.objects.filter(pk__in=[spot.pk for spot in retired]).update(retired_at=None)
    category = category_of(venue)
    highest = max((int(name) for name in _numbers(venue)), default=0)
    Resource.objects.bulk_create(
        Resource(
            venue=venue,
            category=category,
            name=str(number),
            floor=1,
            capacity=_SEATS,
            rank=min(number, _HIGHEST_RANK),
            plan_x=(number - 1) % 10,
            plan_y=(number - 1) // 10,
        )
        for number in range(highest + 1, highest + 1 + count - len(retired))
    )


def _numbers(venue: Venue) -> list[str]:
    return [name for name in venue.resources.values_list("name", flat=True) if name.isdecimal()]


def _spots(venue: Venue) -> list[Resource]:
    return list(venue.resources.filter(retired_at__isnull=True).order_by("rank", "pk"))
