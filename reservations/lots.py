"""Lots whose spots are made from a number: grown, shrunk and given up, by empty spots only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import F
from django.utils.text import slugify

from guests.callers import Caller
from reservations import allocation, clock, events, idempotency
from reservations.allocation import Span
from reservations.errors import Forbidden, Invalid, LotInUse, NotFound
from reservations.idempotency import Once
from reservations.models import Allocation, Reservation
from reservations.status import Status
from reservations.transactions import Restart, whole
from venues import presets
from venues.models import Category, Rate, Resource, Venue

LARGEST_LOT = 5_000
_SEATS = 9
_HIGHEST_RANK = 32_767
_HOURLY = (Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotWish:
    """What a lot is to be; None leaves it as it is. `price_minor` is per started hour."""

    name: str | None = None
    address: str | None = None
    capacity: int | None = None
    price_minor: int | None = None
    currency: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A spot that is not retired, and whether nothing takes it at one instant."""

    unit: Resource
    is_free: bool


def open_lot(*, wish: LotWish, by: Caller, once: Once | None = None) -> Venue:
    """Make a lot with `capacity` spots, numbered from 1. Administrators only."""
    _judge_administrator(by)
    return idempotency.carry_out(lambda: _open_lot(wish, by=by), once)


def change_lot(*, slug: str, wish: LotWish, by: Caller) -> Venue:
    """Change a lot; fewer spots only where so many are empty. Raises LotInUse naming the others."""
    _judge_administrator(by)
    return whole(lambda _: _change_lot(slug, wish, by=by))


def close_lot(*, slug: str, by: Caller) -> None:
    """Give a lot up, only while every spot is empty; its history stays. Raises LotInUse."""
    _judge_administrator(by)
    whole(lambda _: _close_lot(slug, by=by))


def spots_of(lots: Sequence[Venue], *, now: datetime) -> list[Spot]:
    """The spots of some lots as they stand at `now`, lot by lot as given. Two queries."""
    order = {lot.pk: place for place, lot in enumerate(lots)}
    units = Resource.objects.filter(venue_id__in=order, retired_at__isnull=True)
    moment = Span(start=now, end=now + timedelta(microseconds=1), now=now)
    free = set(allocation.free_units(units, moment).values_list("pk", flat=True))
    every = units.select_related("category").order_by("rank", "pk")
    found = [Spot(unit, unit.pk in free) for unit in every]
    return sorted(found, key=lambda spot: order[spot.unit.venue_id])


def _open_lot(wish: LotWish, *, by: Caller) -> Venue:
    venue = _new_venue(wish)
    _set_price(venue, wish.price_minor or 0)
    _grow(venue, wish.capacity or 0)
    _tell(venue, "lot.opened", by, {"capacity": wish.capacity})
    return venue


def _change_lot(slug: str, wish: LotWish, *, by: Caller) -> Venue:
    venue = _find(slug)
    if wish.currency not in (None, venue.currency):
        raise Invalid("price", f"Prices of this lot are in {venue.currency}.")
    if wish.capacity is not None:
        spots = _spots(venue)
        _shrink(venue, spots, len(spots) - wish.capacity)
        _grow(venue, wish.capacity - len(spots))
    if wish.price_minor is not None:
        _set_price(venue, wish.price_minor)
    venue.name = venue.name if wish.name is None else _name(wish.name)
    venue.address = venue.address if wish.address is None else wish.address
    venue.save(update_fields=["name", "address"])
    _tell(venue, "lot.changed", by, {"capacity": wish.capacity})
    return venue


def _close_lot(slug: str, *, by: Caller) -> None:
    venue = _find(slug)
    spots = _spots(venue)
    _shrink(venue, spots, len(spots))
    venue.is_active = False
    venue.save(update_fields=["is_active"])
    _tell(venue, "lot.closed", by, {})


def _new_venue(wish: LotWish) -> Venue:
    name = _name(wish.name or "")
    try:
        return presets.create_venue(
            slug=_free_slug(name),
            name=name,
            kind=Venue.Kind.PARKING,
            address=wish.address or "",
            time_zone=wish.time_zone or "UTC",
            currency=wish.currency or "EUR",
            policy={"charges_time_used": True},
        )
    except IntegrityError:
        raise Restart from None
    except ValidationError as fault:
        # Another lot got the name for its address in between.
        if "slug" not in fault.message_dict:
            raise
        raise Restart from None


def _set_price(venue: Venue, amount_minor: int) -> None:
    """The price per hour of every category; prices of nights and flat ones stay as they are."""
    hourly = venue.rates.filter(unit__in=_HOURLY)
    hourly.update(amount_minor=amount_minor)
    _category(venue)
    for category in venue.categories.filter(rates__isnull=True):
        Rate.objects.create(
            venue=venue,
            category=category,
            unit=Rate.Unit.STARTED_HOUR,
            amount_minor=amount_minor,
        )


def _shrink(venue: Venue, spots: Sequence[Resource], count: int) -> None:
    """Retire `count` empty spots, the highest numbers first."""
    if count <= 0:
        return
    now = clock.now()
    locked = {unit.pk for unit in allocation.lock_units(spot.pk for spot in spots)}
    in_use = _in_use(locked, now)
    empty = [spot.pk for spot in spots if spot.pk not in in_use]
    if len(empty) < count:
        names = [spot.name for spot in spots if spot.pk in in_use]
        raise LotInUse(f"Spots {', '.join(names[:20])} are taken or reserved.", spots=names)
    Resource.objects.filter(pk__in=empty[-count:]).update(retired_at=now)


def _in_use(units: set[int], now: datetime) -> set[int]:
    """The units that are taken now or later, or on which somebody has stayed past their end."""
    rows = Allocation.objects.filter(resource_id__in=units)
    to_come = rows.taking_time(at=now).filter(ends_at__gt=now)
    parked = Reservation.objects.filter(ends_at__lte=now, checked_in_at__isnull=False)
    staying = rows.filter(
        reservation__in=parked.in_status(Status.PRESENT, at=now).values("pk"),
        # Not what they had before they were moved.
        ends_at__gte=F("reservation__ends_at"),
        is_live=True,
    )
    return {*to_come.values_list("resource_id", flat=True)} | {
        *staying.values_list("resource_id", flat=True)
    }


def _grow(venue: Venue, count: int) -> None:
    """Put retired spots back first, then number new ones on from the highest."""
    if count <= 0:
        return
    retired = list(venue.resources.filter(retired_at__isnull=False).order_by("pk")[:count])
    Resource.objects.filter(pk__in=[spot.pk for spot in retired]).update(retired_at=None)
    category = _category(venue)
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


def _category(venue: Venue) -> Category:
    """What new spots are: the first category there is."""
    found = venue.categories.order_by("position", "pk").first()
    return found or Category.objects.create(venue=venue, code="regular", name="Regular")


def _numbers(venue: Venue) -> list[str]:
    return [name for name in venue.resources.values_list("name", flat=True) if name.isdecimal()]


def _spots(venue: Venue) -> list[Resource]:
    return list(venue.resources.filter(retired_at__isnull=True).order_by("rank", "pk"))


def _find(slug: str) -> Venue:
    # Locked, so that two administrators change a lot one after the other.
    lots = Venue.objects.select_for_update(no_key=True)
    venue = lots.filter(slug=slug, kind=Venue.Kind.PARKING, is_active=True).first()
    if venue is None:
        raise NotFound("There is no such lot.")
    return venue


def _name(given: str) -> str:
    name = given.strip()
    if not name or not name.isprintable():
        raise Invalid("name", "Give the lot a name of printable characters.")
    return name


def _free_slug(name: str) -> str:
    base = slugify(name)[:50] or "lot"
    slug, number = base, 1
    while Venue.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


def _judge_administrator(by: Caller) -> None:
    if by.kind not in ("administrator", "system"):
        raise Forbidden("Only administrators make, change and give up lots.")


def _tell(venue: Venue, name: str, by: Caller, data: dict[str, object]) -> None:
    events.record_of_venue(venue.pk, name, at=clock.now(), by=by, data=data)
