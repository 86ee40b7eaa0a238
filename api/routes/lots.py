"""Lots, whose spots are made from a number: listed, opened, changed and given up."""

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
from api.schemas import Money, Schema, money, money_minor, problems, zone
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


class LotIn(Schema):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    address: Annotated[str, Field(max_length=200)] = ""
    capacity: Annotated[int, Field(ge=1, le=LARGEST_LOT, strict=True)]
    price: Money
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"


_LEFT_OUT: Any = Field(default=None)


class LotPatch(Schema):
    """Only what is given changes."""

    name: Annotated[str, Field(min_length=1, max_length=120)] = _LEFT_OUT
    address: Annotated[str, Field(max_length=200)] = _LEFT_OUT
    capacity: Annotated[int, Field(ge=1, le=LARGEST_LOT, strict=True)] = _LEFT_OUT
    price: Money = _LEFT_OUT


class LotOut(ninja.Schema):
    """`price` is per hour; `free` counts the spots that nothing takes at this moment."""

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
    """The lots, newest first, each with its price per hour and how many spots are free now."""
    found = page(in_use(), asked, lambda lot: lot)
    return reply({**found, "items": _described(found["items"])})


@router.post(
    "/lots",
    operation_id="createLot",
    auth=ADMINISTRATOR,
    response={201: LotOut, **problems(400, 401, 403, 409, 413, 422, 503)},
)
def open_lot(request: KnownRequest, data: LotIn, idempotency_key: Key = None) -> HttpResponse:
    """Make a lot; its spots are made from `capacity`."""
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
    auth=ADMINISTRATOR,
    response={200: LotOut, **problems(401, 403, 404, 409, 422)},
)
def change_lot(request: KnownRequest, lot_id: str, data: LotPatch) -> HttpResponse:
    """Change a lot; fewer spots only while so many are empty (409 names those in use)."""
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
    """Give a lot up while every spot is empty (409 names those in use)."""
    lots.close_lot(slug=lot_id, by=request.auth)
    return Status(204, None)


def in_use() -> QuerySet[Venue]:
    """The lots that take reservations."""
    return Venue.objects.filter(kind=kinds.PARKING.code, is_active=True).select_related("policy")


def named(slug: str | None) -> list[Venue]:
    """The lot of that slug, every one where none is given. Raises NotFound."""
    if slug is None:
        return list(in_use())
    found = list(in_use().filter(slug=slug))
    if not found:
        raise NotFound("There is no such lot.")
    return found


def _described(found: Sequence[Venue]) -> list[dict[str, Any]]:
    """Lots as they go out; as many queries for all of them as for one."""
    spots = spots_of(found, now=clock.now())
    capacity = Counter(spot.unit.venue_id for spot in spots)
    free = Counter(spot.unit.venue_id for spot in spots if spot.is_free)
    rates = Rate.objects.filter(venue__in=found).order_by("-category__position", "-pk")
    # The last one wins, which is the first category's first.
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
