"""Sets the number of spots of a lot. Only empty spots are retired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext

from reservations import clock
from reservations.allocation import ledger, presence
from reservations.allocation.ledger import Span
from reservations.errors import LotInUse
from reservations.models import Allocation
from reservations.querysets import AllocationQuerySet
from venues.models import Category, Resource, Venue

HANDICAP = "handicap"
"""The code of the category for accessible spots."""
LARGEST_LOT = 5_000
"""The largest number of spots."""
_SEATS = 9
_HIGHEST_RANK = 32_767


@dataclass(frozen=True, slots=True)
class Spot:
    """A spot that is not retired. `is_free`: nothing takes it at the instant asked about, and the
    vehicle before has left."""

    unit: Resource
    is_free: bool


def spots_of(lots: Sequence[Venue], *, now: datetime) -> list[Spot]:
    """The spots of these lots as of `now`, in the order of the lots, then by rank.

    Runs three queries.
    """
    order = {lot.pk: place for place, lot in enumerate(lots)}
    units = Resource.objects.filter(venue_id__in=order, retired_at__isnull=True)
    moment = Span(start=now, end=now + timedelta(microseconds=1), now=now)
    free = set(ledger.free_units(units, moment).values_list("pk", flat=True))
    free -= {one.unit for one in presence.past_end_at(order, now)}
    every = units.select_related("category").order_by("rank", "pk")
    found = [Spot(unit, unit.pk in free) for unit in every]
    return sorted(found, key=lambda spot: order[spot.unit.venue_id])


def set_capacity(venue: Venue, capacity: int) -> None:
    """Sets the number of spots. Assumes that the venue is locked.

    Restores retired spots first, then adds new numbers. Raises LotInUse, which names the spots in
    use, when too few are empty.
    """
    spots = _spots(venue)
    _shrink(spots, len(spots) - capacity)
    _grow(venue, capacity - len(spots))


def in_use(rows: AllocationQuerySet, now: datetime) -> AllocationQuerySet:
    """The rows that take time now or later, or whose guest is still there past the end."""
    to_come = rows.taking_time(at=now).filter(ends_at__gt=now)
    staying = rows.overstayed(at=now)
    return rows.filter(Q(pk__in=to_come.values("pk")) | Q(pk__in=staying.values("pk")))


def category_of(venue: Venue) -> Category:
    """The category of new spots: the venue's first one, which is created if it has none."""
    found = venue.categories.order_by("position", "pk").first()
    return found or Category.objects.create(venue=venue, code="regular", name="Regular")


def _shrink(spots: Sequence[Resource], count: int) -> None:
    """Retires `count` empty spots, the highest first. Raises LotInUse."""
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
    """Restores retired spots first, then adds spots with numbers after the highest."""
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
