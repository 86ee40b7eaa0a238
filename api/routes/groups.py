"""Groups: several reservations in one request, all or none, such as two rooms for one family."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import ninja
import orjson
from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api import documents, idempotency_keys, limits, verbs
from api.auth import KnownRequest
from api.documents import ReservationOut
from api.idempotency_keys import Key
from api.replies import reply
from api.routes.reservations import READ, WRITE, booking_of
from api.schemas import Id, problems
from api.time_ranges import Category as CategoryCode
from api.wishes.parties import Party, PartyIn
from api.wishes.references import ReferenceOrNone
from api.wishes.reservations import StayIn
from guests.callers import Caller
from reservations import actions
from reservations.errors import Invalid, NotFound
from reservations.idempotency import Answer, Repeated
from reservations.lifecycle import groups
from reservations.models import Reservation
from reservations.privacy import access_log
from reservations.requests import LARGEST_GROUP, Booking

router = Router(tags=["reservations"])
of_group = Router(tags=["reservations"])


class Member(PartyIn):
    """The fields in which the reservations of a group differ."""

    category: CategoryCode | None = None
    resource: Id | None = None
    reference: ReferenceOrNone = ""


class GroupIn(StayIn):
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
    once = idempotency_keys.once(request, by=by, render=partial(_created, by=by))
    _judge_references(data.items)
    bookings = [_booking(data, member, request) for member in data.items]
    try:
        rows = verbs.hold_group(bookings=bookings, by=by, once=once)
    except Repeated as repeated:
        return idempotency_keys.replayed(repeated.answer)
    return idempotency_keys.respond(_created(rows, by))


@of_group.get(
    "/groups/{group_id}",
    operation_id="getGroup",
    auth=READ,
    response={200: GroupOut, **problems(401, 403, 404)},
)
def retrieve(request: KnownRequest, group_id: str) -> HttpResponse:
    """Return the reservations of a group, each with its status at this moment."""
    rows = groups.members(group_key(group_id), by=request.auth)
    seen = [(row.venue_id, row.pk) for row in rows]
    access_log.record_call(request.auth, "api:getGroup", access_log.OPEN, seen)
    return reply(_document(rows, request.auth))


@of_group.post(
    "/groups/{group_id}/confirm",
    operation_id="confirmGroup",
    auth=WRITE,
    response={200: GroupOut, **problems(401, 403, 404, 409, 429, 503)},
)
def confirm(request: KnownRequest, group_id: str) -> HttpResponse:
    """Confirm all reservations of a group that are held, or none. Repeating it changes nothing."""
    return _verb(request, group_id, actions.confirm_group)


@of_group.post(
    "/groups/{group_id}/cancel",
    operation_id="cancelGroup",
    auth=WRITE,
    response={200: GroupOut, **problems(401, 403, 404, 409, 429, 503)},
)
def cancel(request: KnownRequest, group_id: str) -> HttpResponse:
    """Cancel all reservations of a group, or none. Repeating it changes nothing."""
    return _verb(request, group_id, actions.cancel_group)


def _verb(
    request: KnownRequest, group_id: str, act: Callable[..., list[Reservation]]
) -> HttpResponse:
    key, by = group_key(group_id), request.auth
    before = {row.pk: row.version for row in groups.members(key, by=by)}
    rows = act(group_id=key, by=by)
    for row in rows:
        if row.version != before.get(row.pk):
            limits.count_state_change(request, row, by=by)
    return reply(_document(rows, by))


def group_key(group_id: str) -> UUID:
    """Returns the key of a group that was named. Raises NotFound for what cannot be one."""
    try:
        return UUID(group_id)
    except ValueError:
        raise NotFound from None


def _document(rows: list[Reservation], by: Caller) -> dict[str, Any]:
    return {
        "group_id": str(rows[0].group_id),
        "items": [documents.reservation(row, by=by) for row in rows],
    }


def _created(rows: list[Reservation], by: Caller) -> Answer:
    return Answer(201, orjson.dumps(_document(rows, by)).decode())


def _booking(data: GroupIn, member: Member, request: KnownRequest) -> Booking:
    own = {"category": member.category, "resource": member.resource}
    return booking_of(data.model_copy(update=own), member, request, reference=member.reference)


def _judge_references(members: list[Member]) -> None:
    """Raises Invalid for the first reference that the request gives twice."""
    given: set[str] = set()
    for number, member in enumerate(members):
        if member.reference and member.reference in given:
            raise Invalid(f"items/{number}/reference", "Another item has this reference too.")
        given.add(member.reference or "")
