"""Opens, changes and closes lots: parking venues with one price per hour."""

from dataclasses import dataclass

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import idempotency
from reservations.errors import Invalid
from reservations.event_types import LOT_CHANGED, LOT_CLOSED, LOT_OPENED
from reservations.idempotency import Once
from reservations.inventory import spots, venues
from reservations.inventory.venues import VenueWish
from reservations.rules import permissions
from reservations.rules.permissions import Act
from reservations.transactions import in_transaction
from venues import kinds
from venues.models import Rate, Venue

_HOURLY = (Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotWish:
    """The values to set for a lot; None leaves a value as it is.

    `price_minor` is per started hour, in minor units. `capacity` is the number of spots.
    """

    name: str | None = None
    address: str | None = None
    capacity: int | None = None
    price_minor: int | None = None
    currency: str | None = None
    time_zone: str | None = None


def open_lot(*, wish: LotWish, by: Caller, once: Once | None = None) -> Venue:
    """Creates a lot with `capacity` spots, numbered from 1. Administrators only.

    Opens its own transaction. Raises Forbidden, Invalid, or what `idempotency.claim` raises.
    """
    permissions.judge_administrator(by)
    return idempotency.carry_out(lambda: _open_lot(wish, by=by), once)


def change_lot(*, slug: str, wish: LotWish, by: Caller) -> Venue:
    """Changes a lot. Managers only. Opens its own transaction.

    Raises LotInUse, which names the spots in use, when too few are empty; NotFound, Invalid or
    Forbidden.
    """
    return in_transaction(lambda: _change_lot(slug, wish, by=by))


def close_lot(*, slug: str, by: Caller) -> None:
    """Closes a lot whose spots are all empty; its history stays. Administrators only.

    Opens its own transaction. Raises LotInUse, NotFound or Forbidden.
    """
    permissions.judge_administrator(by)
    in_transaction(lambda: _close_lot(slug, by=by))


def _open_lot(wish: LotWish, *, by: Caller) -> Venue:
    venue = venues.make(
        kinds.PARKING.code, _of_venue(wish, "time_zone", "currency"), charges_time_used=True
    )
    _set_price(venue, wish.price_minor or 0)
    venues.tell(venue, LOT_OPENED({"capacity": wish.capacity}), by)
    return venue


def _change_lot(slug: str, wish: LotWish, *, by: Caller) -> Venue:
    venue = venues.locked(slug, kind=kinds.PARKING.code)
    permissions.judge(by, Act.VENUE, venue.pk)
    if wish.currency not in (None, venue.currency):
        raise Invalid(
            "price",
            gettext("This lot's prices are in %(currency)s. Give the price in that currency.")
            % {"currency": venue.currency},
        )
    venues.alter(venue, _of_venue(wish))
    if wish.price_minor is not None:
        _set_price(venue, wish.price_minor)
    venues.tell(venue, LOT_CHANGED({"capacity": wish.capacity}), by)
    return venue


def _close_lot(slug: str, *, by: Caller) -> None:
    venue = venues.locked(slug, kind=kinds.PARKING.code)
    venues.give_up(venue)
    venues.tell(venue, LOT_CLOSED({}), by)


def _of_venue(wish: LotWish, *more: str) -> VenueWish:
    """The values that belong to the venue. The price belongs to its categories."""
    named = {name: getattr(wish, name) for name in ("name", "address", *more)}
    given = {name: value for name, value in named.items() if value is not None}
    return VenueWish(fields=given, capacity=wish.capacity)


def _set_price(venue: Venue, amount_minor: int) -> None:
    """Sets the hourly price of every category. Other prices, and those of single spots, stay."""
    hourly = venue.rates.filter(unit__in=_HOURLY, resource__isnull=True)
    hourly.update(amount_minor=amount_minor)
    spots.category_of(venue)
    for category in venue.categories.exclude(rates__in=venue.rates.filter(resource__isnull=True)):
        Rate.objects.create(
            venue=venue,
            category=category,
            unit=Rate.Unit.STARTED_HOUR,
            amount_minor=amount_minor,
        )
