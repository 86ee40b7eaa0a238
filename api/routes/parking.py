"""Parking: the field names of lots and spots over the general engine. No rules of its own."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

import ninja
import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from api import contacts, documents, idempotency_keys, languages, logins, verbs
from api.auth import KnownRequest, allow
from api.contacts import ContactIn
from api.idempotency_keys import Key
from api.replies import reply
from api.routes import lots
from api.routes.occupancy import STATS_DAYS, StatsOut, stats_of
from api.routes.people import LogIn, TokenPair
from api.schemas import Id, Instant, InstantOut, Money, Schema, money, parse_id, problems, to_z
from api.time_ranges import Category as CategoryCode
from guests import tokens
from reservations import actions, clock
from reservations.alternatives.search import Alternative
from reservations.errors import Invalid, NotFound
from reservations.idempotency import Answer, Once
from reservations.inventory.spots import HANDICAP, Spot, spots_of
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.reports import occupancy
from reservations.requests import Booking, Times
from reservations.rules.guest_fields import longest
from reservations.status import Status as Stage
from venues import kinds
from venues.hours import Window
from venues.models import Resource, Venue

router = Router(tags=["parking"])

READ = allow(scope="reservations:read")
WRITE = allow(scope="reservations:write")

Word = Literal["Booked", "Completed", "Missed", "Expired", "Cancelled"]

WORDS: dict[Stage, Word] = {
    Stage.UPCOMING: "Booked",
    Stage.PRESENT: "Booked",
    Stage.HELD: "Booked",
    Stage.LEFT: "Completed",
    Stage.NO_SHOW: "Missed",
    Stage.EXPIRED: "Expired",
    Stage.CANCELLED: "Cancelled",
}
"""The status words of the parking operations."""

_FIELDS = {"starts_at": "start_time", "ends_at": "end_time", "resource": "spot_id"}
"""The names of the engine's fields in these operations, for errors."""


class SpotOut(ninja.Schema):
    id: int
    lot_id: str
    spot_number: str
    floor_number: int
    type: Literal["Regular", "Handicap"]
    status: Literal["free", "taken"]


class ParkingIn(ContactIn):
    """Reserve a spot, or give a lot and get its first available spot, of a `type` if you want.

    In a lot, the range by default starts now and has the lot's usual length. In a lot that sells
    slots, it is the next slot of today that can be booked. `category` is the code of one of the
    lot's categories.

    Only partners and staff, who book for others, need the contact fields.
    """

    spot_id: Id | None = None
    lot_id: Annotated[str, Field(max_length=63)] | None = None
    type: Literal["Regular", "Handicap"] | None = None
    category: CategoryCode | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    vehicle_plate: Annotated[str, Field(max_length=longest("vehicle_plate"))] = ""
    remarks: Annotated[str, Field(max_length=longest("remarks"))] = ""


class ParkingOut(ninja.Schema):
    """`cost` is the price of the reserved range, and after departure that of the time used.

    Of a cancelled one it is the fee.
    """

    id: int
    user_id: int | None
    lot_id: str
    spot_id: int | None
    spot_number: str | None
    start_time: InstantOut
    end_time: InstantOut
    status: Word
    occupied_at: InstantOut | None
    released_at: InstantOut | None
    cost: Money


class LotQuery(Schema):
    lot: Annotated[str, Field(max_length=63)] | None = None


@router.post(
    "/login",
    operation_id="logInDriver",
    auth=None,
    response={200: TokenPair, **problems(400, 401, 413, 422, 429)},
)
def log_in(request: HttpRequest, response: HttpResponse, data: LogIn) -> tokens.Pair:
    """Log in as a driver. Returns a pair of tokens."""
    response["Cache-Control"] = "no-store"
    return logins.log_in(request, response, **data.model_dump())


@router.get(
    "/spots",
    operation_id="listSpots",
    auth=READ,
    response={200: list[SpotOut], **problems(401, 403, 404, 422)},
)
def spots(request: KnownRequest, asked: Query[LotQuery]) -> HttpResponse:
    """List the spots of one lot or of all lots, with their status at this moment."""
    found = lots.named(asked.lot)
    slugs = {lot.pk: lot.slug for lot in found}
    return reply([_spot(spot, slugs) for spot in spots_of(found, now=clock.now())])


@router.post(
    "/reservations",
    operation_id="createParkingReservation",
    auth=WRITE,
    response={201: ParkingOut, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def create(request: KnownRequest, data: ParkingIn, idempotency_key: Key = None) -> HttpResponse:
    """Reserve a spot for a range, or the first available spot in a lot."""
    by = request.auth
    booking = _booking(data, request)

    def act(once: Once | None) -> Reservation:
        try:
            return verbs.hold(booking=booking, by=by, once=once, show=_alternative)
        except Invalid as fault:
            raise Invalid(_FIELDS.get(fault.field, fault.field), fault.detail) from None

    return idempotency_keys.carried_out(request, act, by=by, render=_created)


_VERB = {200: ParkingOut, **problems(401, 403, 404, 409, 412, 429, 503)}


@router.put(
    "/reservations/{reservation_id}/complete",
    operation_id="completeParkingReservation",
    auth=WRITE,
    response=_VERB,
)
def complete(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """End the reservation. The spot is free at once.

    Before its start the reservation is cancelled, and the answer still says `Completed`.
    """
    return _ended(request, reservation_id, actions.complete)


@router.put(
    "/reservations/{reservation_id}/occupy", operation_id="occupySpot", auth=WRITE, response=_VERB
)
def occupy(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Record that the vehicle has parked on the spot."""
    return _verb(request, reservation_id, actions.check_in, "checked_in_at")


@router.put(
    "/reservations/{reservation_id}/release", operation_id="releaseSpot", auth=WRITE, response=_VERB
)
def release(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Record that the vehicle has left. The answer has the cost. Before the start as `complete`."""
    return _ended(request, reservation_id, actions.release)


@router.get(
    "/stats",
    operation_id="getParkingStats",
    auth=READ,
    response={200: list[StatsOut], **problems(401, 403, 404, 422)},
)
def stats(request: KnownRequest, asked: Query[LotQuery]) -> HttpResponse:
    """Tell the peak hours of one lot or of each lot, over the last ninety days."""
    now = clock.now()
    window = Window(now - timedelta(days=STATS_DAYS), now)
    return reply(
        [
            {
                "venue": lot.slug,
                "time_zone": lot.time_zone,
                "starts_at": to_z(window.start),
                "ends_at": to_z(window.end),
                **stats_of(occupancy.stats(lot, window, now=now)),
            }
            for lot in lots.named(asked.lot)
        ]
    )


def _spot(spot: Spot, slugs: Mapping[int, str]) -> dict[str, Any]:
    unit = spot.unit
    return {
        "id": unit.pk,
        "lot_id": slugs[unit.venue_id],
        "spot_number": unit.name,
        "floor_number": unit.floor,
        "type": _type(unit.category.code),
        "status": "free" if spot.is_free else "taken",
    }


def _booking(data: ParkingIn, request: KnownRequest) -> Booking:
    lot, spot = _place(data)
    return Booking(
        venue=lot.slug,
        times=Times(starts_at=data.start_time, ends_at=data.end_time, from_now=spot is None),
        contact=contacts.fill(data.model_dump(), request, venue=lot.slug),
        guest_count=1,
        category=_category(data, lot) if spot is None else data.category,
        resource=spot.pk if spot else None,
        vehicle_plate=data.vehicle_plate,
        remarks=data.remarks,
        language=languages.asked(request),
    )


def _place(data: ParkingIn) -> tuple[Venue, Resource | None]:
    """Returns the lot, and the spot if the request names one. Raises Invalid or NotFound."""
    if data.type is not None and data.category is not None and _type(data.category) != data.type:
        raise Invalid("type", f"Category {data.category!r} has no spots of this type.")
    if data.spot_id is None:
        if data.lot_id is None:
            raise Invalid("spot_id", "Give a spot, or a lot.")
        return lots.named(data.lot_id)[0], None
    spots = Resource.objects.filter(venue__kind=kinds.PARKING.code, venue__is_active=True)
    spots = spots.filter(pk=parse_id(data.spot_id))
    spot = spots.select_related("venue", "category").first()
    if spot is None or data.lot_id not in (None, spot.venue.slug):
        raise NotFound("There is no such spot.")
    if data.type not in (None, _type(spot.category.code)):
        raise Invalid("type", "This spot is not of this type.")
    return spot.venue, spot


def _category(data: ParkingIn, lot: Venue) -> str | None:
    """Returns the category for the requested type. None means the cheapest category."""
    if data.category is not None or data.type is None:
        return data.category
    if data.type == "Handicap":
        return HANDICAP
    kinds = lot.categories.filter(is_on_request=False).exclude(code=HANDICAP)
    codes = list(kinds.values_list("code", flat=True))
    return codes[0] if len(codes) == 1 else "regular" if "regular" in codes else None


def _type(category: str) -> str:
    return "Handicap" if category == HANDICAP else "Regular"


def _alternative(found: Alternative) -> dict[str, Any]:
    """Returns an alternative with the field names of parking too. `start_time` is null if it starts
    now.
    """
    is_from_now = found.window.start <= clock.now()
    return {
        **documents.alternative(found),
        "lot_id": found.category.venue.slug,
        "spot_id": found.unit.pk if found.unit else None,
        "type": _type(found.category.code),
        "start_time": None if is_from_now else to_z(found.window.start),
        "end_time": to_z(found.window.end),
    }


def _ended(
    request: KnownRequest, reservation_id: str, act: Callable[..., Reservation]
) -> HttpResponse:
    """Answers `Completed` whatever the engine recorded: a stay, or a cancelling before it."""
    completed = WORDS[Stage.LEFT]
    return _verb(request, reservation_id, act, ("checked_out_at", "cancelled_at"), status=completed)


def _verb(
    request: KnownRequest,
    reservation_id: str,
    act: Callable[..., Reservation],
    fact: str | tuple[str, ...],
    **told: Any,
) -> HttpResponse:
    def show(row: Reservation) -> HttpResponse:
        return reply(_parking(row) | told)

    return verbs.carry_out(
        request, reservation_id, act, fact=fact, show=show, kind=kinds.PARKING.code
    )


def _created(row: Reservation) -> Answer:
    return Answer(201, orjson.dumps(_parking(row)).decode())


def _parking(row: Reservation) -> dict[str, Any]:
    taken = row.allocations.select_related("resource").order_by("-is_live", "-pk").first()
    return {
        "id": row.pk,
        "user_id": row.guest_id,
        "lot_id": row.venue.slug,
        "spot_id": taken.resource_id if taken else None,
        "spot_number": taken.resource.name if taken else None,
        "start_time": to_z(row.starts_at),
        "end_time": to_z(row.ends_at),
        "status": WORDS[row.status_at(clock.now())],
        "occupied_at": to_z(row.checked_in_at) if row.checked_in_at else None,
        "released_at": to_z(row.checked_out_at) if row.checked_out_at else None,
        "cost": money(owed.owed(row, clock.now()), row.currency),
    }
