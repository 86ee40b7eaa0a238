"""Lots: list, open, change and close them. The capacity of a lot sets its number of spots."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import ninja
import orjson
from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router, Status
from pydantic import Field

from api import idempotency_keys
from api.auth import KnownRequest, allow
from api.idempotency_keys import Key
from api.paging import Page, page
from api.replies import reply
from api.schemas import WHOLE, Money, Schema, money, money_minor, problems, zone
from reservations import clock
from reservations.errors import NotFound
from reservations.idempotency import Answer
from reservations.inventory import lots
from reservations.inventory.lots import LotWish
from reservations.inventory.spots import LARGEST_LOT, spots_of
from venues import kinds
from venues.models import Rate, Venue

router = Router(tags=["parking"])

READ = allow(scope="reservations:read")
ADMINISTRATOR = allow("administrator")
STAFF = allow("staff", "administrator")


class LotIn(Schema):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    address: Annotated[str, Field(max_length=200)] = ""
    capacity: Annotated[int, Field(ge=1, le=LARGEST_LOT, strict=True), WHOLE]
    price: Money
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"


_LEFT_OUT: Any = Field(default=None)
"""The field was not sent."""


class LotPatch(Schema):
    """Fields that you leave out stay as they are."""

    removable = frozenset({"address"})

    name: Annotated[str, Field(min_length=1, max_length=120)] = _LEFT_OUT
    address: Annotated[str, Field(max_length=200)] = _LEFT_OUT
    capacity: Annotated[int, Field(ge=1, le=LARGEST_LOT, strict=True), WHOLE] = _LEFT_OUT
    price: Money = _LEFT_OUT


class LotOut(ninja.Schema):
    """`price` is for one hour. `free` counts the spots that are free at this moment."""

    id: str
    name: str
    address: str
    capacity: int
    free: int
    price: Money
    time_zone: str


class LotPage(ninja.Schema):
    items: list[LotOut]
    next_cursor: str | None


@router.get(
    "/lots", operation_id="listLots", auth=READ, response={200: LotPage, **problems(401, 403, 422)}
)
def list_lots(request: KnownRequest, asked: Query[Page]) -> HttpResponse:
    """List the lots, newest first, with the price of an hour and the spots that are free now."""
    found = page(in_use(), asked, lambda lot: lot)
    return reply({**found, "items": _described(found["items"])})


@router.post(
    "/lots",
    operation_id="createLot",
    auth=ADMINISTRATOR,
    response={201: LotOut, **problems(400, 401, 403, 409, 413, 422, 503)},
)
def open_lot(request: KnownRequest, data: LotIn, idempotency_key: Key = None) -> HttpResponse:
    """Create a lot with `capacity` spots. Administrators only."""
    wish = LotWish(
        name=data.name,
        address=data.address,
        capacity=data.capacity,
        price_minor=money_minor(data.price, field="price"),
        currency=data.price.currency,
        time_zone=zone(data.time_zone, field="time_zone").key,
    )
    by = request.auth
    act = partial(lots.open_lot, wish=wish, by=by)
    return idempotency_keys.carried_out(request, act, by=by, render=_opened)


@router.patch(
    "/lots/{slug:lot_id}",
    operation_id="updateLot",
    auth=STAFF,
    response={200: LotOut, **problems(401, 403, 404, 409, 422)},
)
def change_lot(request: KnownRequest, lot_id: str, data: LotPatch) -> HttpResponse:
    """Change a lot. Administrators only.

    To remove spots, enough of them must be empty: otherwise 409 names the spots in use.
    """
    given = {name: getattr(data, name) for name in data.model_fields_set}
    price = given.pop("price", None)
    if price is not None:
        given["price_minor"] = money_minor(price, field="price")
        given["currency"] = price.currency
    lot = lots.change_lot(slug=lot_id, wish=LotWish(**given), by=request.auth)
    return reply(_described([lot])[0])


@router.delete(
    "/lots/{slug:lot_id}",
    operation_id="deleteLot",
    auth=ADMINISTRATOR,
    response={204: None, **problems(401, 403, 404, 409)},
)
def close_lot(request: KnownRequest, lot_id: str) -> Status[None]:
    """Close a lot. Administrators only. If a spot is in use, 409 names the spots in use."""
    lots.close_lot(slug=lot_id, by=request.auth)
    return Status(204, None)


def in_use() -> QuerySet[Venue]:
    """Returns the lots that take reservations, with their policies."""
    return Venue.objects.filter(kind=kinds.PARKING.code, is_active=True).select_related("policy")


def named(slug: str | None) -> list[Venue]:
    """Returns the lot with this slug as a list, or all lots for None. Raises NotFound."""
    if slug is None:
        return list(in_use())
    found = list(in_use().filter(slug=slug))
    if not found:
        raise NotFound("There is no such lot.")
    return found


def _described(found: Sequence[Venue]) -> list[dict[str, Any]]:
    """Returns the documents of lots. Takes the same number of queries for many lots as for one."""
    spots = spots_of(found, now=clock.now())
    capacity = Counter(spot.unit.venue_id for spot in spots)
    free = Counter(spot.unit.venue_id for spot in spots if spot.is_free)
    rates = Rate.objects.filter(venue__in=found).order_by("-category__position", "-pk")
    # The last rate wins: it is the first one of the first category.
    price = {rate.venue_id: rate.amount_minor for rate in rates}
    return [
        {
            "id": lot.slug,
            "name": lot.name,
            "address": lot.address,
            "capacity": capacity[lot.pk],
            "free": free[lot.pk],
            "price": money(price.get(lot.pk, 0), lot.currency),
            "time_zone": lot.time_zone,
        }
        for lot in found
    ]


def _opened(lot: Venue) -> Answer:
    return Answer(201, orjson.dumps(_described([lot])[0]).decode())
