"""Groups: several reservations in one request, all or none, such as two rooms for one family."""

from typing import Annotated, Any

import ninja
import orjson
from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api import documents, idempotency_keys, verbs
from api.auth import KnownRequest
from api.documents import ReservationOut
from api.idempotency_keys import Key
from api.routes.reservations import WRITE, Party, ReservationIn, booking_of
from api.schemas import Id, Schema, problems
from api.time_ranges import Category as CategoryCode
from reservations.idempotency import Answer, Repeated
from reservations.models import Reservation

router = Router(tags=["reservations"])

LARGEST_GROUP = 20


class Member(Schema):
    """The fields in which the reservations of a group differ."""

    category: CategoryCode | None = None
    resource: Id | None = None
    guest_count: Party


class GroupIn(ReservationIn):
    """The fields of a reservation, and in `items` the unit and party of each one."""

    guest_count: Party = 1
    items: Annotated[list[Member], Field(min_length=1, max_length=LARGEST_GROUP)]


class GroupOut(ninja.Schema):
    group_id: str
    items: list[ReservationOut]


@router.post(
    "/groups",
    operation_id="createGroup",
    auth=WRITE,
    response={201: GroupOut, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def create_group(request: KnownRequest, data: GroupIn, idempotency_key: Key = None) -> HttpResponse:
    """Reserve several units of one venue for one range, all or none, under one `group_id`."""
    by = request.auth
    once = idempotency_keys.once(request, by=by, render=_created)
    bookings = [
        booking_of(data.model_copy(update=member.model_dump()), request) for member in data.items
    ]
    try:
        rows = verbs.hold_group(bookings=bookings, by=by, once=once)
    except Repeated as repeated:
        return idempotency_keys.respond(repeated.answer)
    return idempotency_keys.respond(_created(rows))


def _created(rows: list[Reservation]) -> Answer:
    document: dict[str, Any] = {
        "group_id": str(rows[0].group_id),
        "items": [documents.reservation(row) for row in rows],
    }
    return Answer(201, orjson.dumps(document).decode())
