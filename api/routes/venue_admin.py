"""Venues for administrators and staff: create, change and close them."""

from functools import partial
from typing import Annotated, Any

import orjson
from django.http import HttpResponse
from ninja import Status
from pydantic import Field

from api import idempotency_keys
from api.auth import KnownRequest, allow
from api.idempotency_keys import Key
from api.openapi import answering_with
from api.replies import reply
from api.routes import venues
from api.routes.venues import Kind, VenueOut
from api.schemas import WHOLE, Schema, problems, zone
from reservations.idempotency import Answer
from reservations.inventory import venues as inventory_venues
from reservations.inventory.spots import LARGEST_LOT
from reservations.inventory.venues import VenueWish
from venues.models import Venue

router = venues.router
"""The router of `venues`: Django needs one view for all methods of an address."""

ADMINISTRATOR = allow("administrator")
STAFF = allow("staff", "administrator")

Name = Annotated[str, Field(min_length=1, max_length=120)]
Address = Annotated[str, Field(max_length=200)]
City = Annotated[str, Field(max_length=80)]
Description = Annotated[str, Field(max_length=2000)]
Zone = Annotated[str, Field(max_length=64)]
Region = Annotated[str, Field(min_length=2, max_length=2, examples=["NL"])]
Currency = Annotated[str, Field(min_length=3, max_length=3, examples=["EUR"])]
Stars = Annotated[int, Field(ge=1, le=5, strict=True), WHOLE]
Capacity = Annotated[int, Field(ge=1, le=LARGEST_LOT, strict=True), WHOLE]


class VenueIn(Schema):
    """The venue gets the usual policy of its kind. In parking, `capacity` makes the spots."""

    name: Name
    kind: Kind
    city: City = ""
    address: Address = ""
    description: Description = ""
    time_zone: Zone = "UTC"
    currency: Currency = "EUR"
    phone_region: Region = "US"
    stars: Stars | None = None
    capacity: Capacity | None = None


_LEFT_OUT: Any = Field(default=None)
"""The field was not sent."""


class VenuePatch(Schema):
    """Fields that you leave out stay as they are. `stars: null` removes the stars."""

    removable = frozenset({"city", "address", "description"})

    name: Name = _LEFT_OUT
    city: City = _LEFT_OUT
    address: Address = _LEFT_OUT
    description: Description = _LEFT_OUT
    time_zone: Zone = _LEFT_OUT
    currency: Currency = _LEFT_OUT
    phone_region: Region = _LEFT_OUT
    stars: Stars | None = _LEFT_OUT
    capacity: Capacity = _LEFT_OUT


@router.post(
    "",
    operation_id="createVenue",
    auth=ADMINISTRATOR,
    response={201: VenueOut, **problems(400, 401, 403, 409, 413, 422, 503)},
    openapi_extra=answering_with(201, "Location"),
)
def open_venue(request: KnownRequest, data: VenueIn, idempotency_key: Key = None) -> HttpResponse:
    """Create a venue. Administrators only."""
    act = partial(
        inventory_venues.open_venue, kind=data.kind, wish=_wish(data.model_dump()), by=request.auth
    )

    def made(venue: Venue) -> Answer:
        body = orjson.dumps(venues.described(venue.slug, request)).decode()
        return Answer(201, body, {"Location": f"{request.path}/{venue.slug}"})

    return idempotency_keys.carried_out(request, act, by=request.auth, render=made)


@router.patch(
    "/{slug:slug}",
    operation_id="updateVenue",
    auth=STAFF,
    response={200: VenueOut, **problems(401, 403, 404, 409, 422, 503)},
)
def change_venue(request: KnownRequest, slug: str, data: VenuePatch) -> HttpResponse:
    """Change a venue. For its staff and for administrators; `capacity` for administrators only.

    409 `venue_in_use`: upcoming reservations depend on the time zone or currency. 409 `lot_in_use`:
    more spots are in use than you ask for.
    """
    given = {name: getattr(data, name) for name in data.model_fields_set}
    inventory_venues.change_venue(slug=slug, wish=_wish(given), by=request.auth)
    return reply(venues.described(slug, request))


@router.delete(
    "/{slug:slug}",
    operation_id="deleteVenue",
    auth=ADMINISTRATOR,
    response={204: None, **problems(401, 403, 404, 409, 503)},
)
def close_venue(request: KnownRequest, slug: str) -> Status[None]:
    """Close a venue. Its history stays. Administrators only.

    If there are upcoming reservations or spots in use, 409 names them.
    """
    inventory_venues.close_venue(slug=slug, by=request.auth)
    return Status(204, None)


def _wish(given: dict[str, Any]) -> VenueWish:
    fields = {name: value for name, value in given.items() if name not in ("kind", "capacity")}
    if "time_zone" in fields:
        fields["time_zone"] = zone(fields["time_zone"], field="time_zone").key
    return VenueWish(fields=fields, capacity=given.get("capacity"))
