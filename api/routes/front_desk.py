"""The front desk: walk-ins, who are placed and arrive in one act, and swaps of two units."""

from functools import partial
from typing import Annotated

import ninja
from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api import documents, idempotency_keys, verbs
from api.auth import KnownRequest
from api.documents import ReservationOut
from api.idempotency_keys import Key
from api.openapi import answering_with
from api.replies import reply
from api.routes.reservations import WRITE, created
from api.schemas import Id, Instant, Schema, parse_id, problems
from api.time_ranges import Category as CategoryCode
from api.wishes.parties import PartyIn
from guests.phones import LONGEST_INPUT
from reservations import actions
from reservations.idempotency import Repeated
from reservations.reports import cautions
from reservations.requests import Booking, Contact, Reprice, Times
from reservations.rules.guest_fields import longest

router = Router(tags=["reservations"])

Reason = Annotated[str, Field(min_length=1, max_length=200)]


class WalkInIn(PartyIn):
    """Who stands at the desk. Without an end, the usual length of the venue, or this night.

    Without category and unit, the cheapest category that has a place. Opening hours hold unless
    `override_reason` says why not.
    """

    ends_at: Instant | None = None
    category: CategoryCode | None = None
    resource: Id | None = None
    first_name: Annotated[str, Field(max_length=longest("first_name"))] = ""
    last_name: Annotated[str, Field(max_length=longest("last_name"))] = ""
    phone: Annotated[str, Field(max_length=LONGEST_INPUT)] = ""
    vehicle_plate: Annotated[str, Field(max_length=longest("vehicle_plate"))] = ""
    override_reason: Annotated[str, Field(max_length=200)] = ""


class SwapIn(Schema):
    """Two stays of the venue, and why they change units.

    Their prices stay as they are, unless `reprice` says otherwise.
    """

    reservations: Annotated[list[Id], Field(min_length=2, max_length=2)]
    reprice: Reprice = Reprice.KEEP
    reason: Reason


class SwapOut(ninja.Schema):
    """The two stays after the swap, in the order of the request."""

    items: list[ReservationOut]


@router.post(
    "/{slug:slug}/walk-ins",
    operation_id="createWalkIn",
    auth=WRITE,
    response={201: ReservationOut, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
    openapi_extra=answering_with(201, "Location", "ETag"),
)
def create_walk_in(
    request: KnownRequest, slug: str, data: WalkInIn, idempotency_key: Key = None
) -> HttpResponse:
    """Place a guest who is at the desk from now on, and check them in, in one act. Staff only.

    A refusal leaves nothing behind. Where a shorter stay would do, `taken` has its end as `until`.
    """
    by = request.auth
    once = idempotency_keys.once(request, by=by, render=partial(created, by=by))
    try:
        row = verbs.walk_in(booking=_booking(slug, data), by=by, once=once)
    except Repeated as repeated:
        return idempotency_keys.replayed(repeated.answer)
    return idempotency_keys.respond(created(row, by))


@router.post(
    "/{slug:slug}/swap",
    operation_id="swapUnits",
    auth=WRITE,
    response={200: SwapOut, **problems(401, 403, 404, 409, 422, 503)},
)
def swap_units(request: KnownRequest, slug: str, data: SwapIn) -> HttpResponse:
    """Give each of two stays the unit of the other, in one act. Staff only.

    A guest who is here moves from now on.
    """
    rows = actions.swap(
        venue=slug,
        reservations=[parse_id(one) for one in data.reservations],
        reason=data.reason,
        reprice=data.reprice,
        by=request.auth,
    )
    return reply({"items": [documents.reservation(row, by=request.auth) for row in rows]})


def _booking(slug: str, data: WalkInIn) -> Booking:
    first_name, last_name = cautions.nobody()
    return Booking(
        venue=slug,
        times=Times(ends_at=data.ends_at),
        contact=Contact(
            first_name=data.first_name or first_name,
            last_name=data.last_name or last_name,
            phone=data.phone,
            receive_email_updates=False,
            receive_phone_call=bool(data.phone),
        ),
        guest_count=data.party,
        children=data.ages,
        category=data.category,
        resource=None if data.resource is None else parse_id(data.resource),
        vehicle_plate=data.vehicle_plate,
        override_reason=data.override_reason,
        is_walk_in=True,
    )
