"""Appointments: the field names of practices over the general engine. No rules of their own."""

from functools import partial
from typing import Annotated, Any, Literal

import ninja
import orjson
from django.http import HttpResponse
from ninja import Router

from api import contacts, documents, idempotency_keys, languages, verbs
from api.auth import KnownRequest, allow
from api.contacts import ContactIn
from api.idempotency_keys import Key
from api.replies import reply
from api.schemas import (
    BOOLEAN,
    Id,
    Instant,
    InstantOut,
    Money,
    Schema,
    money,
    parse_id,
    problems,
    to_z,
)
from guests.callers import Caller
from guests.models import PracticeClient
from reservations import actions, clock
from reservations.alternatives.search import Alternative
from reservations.errors import Invalid, NotFound
from reservations.idempotency import Answer
from reservations.inventory import clients, schedules
from reservations.models import Reservation
from reservations.requests import Booking, Contact, Times
from reservations.rules.guest_fields import CONTACT, WHO
from venues import kinds
from venues.models import Resource

router = Router(tags=["appointments"])

READ = allow(scope="reservations:read")
WRITE = allow(scope="reservations:write")


class AppointmentIn(ContactIn):
    """Leave `client_id` out to book for yourself. Staff give it to book for a client.

    Partners give the contact fields. So do staff for a person who is not a client yet.
    """

    provider_id: Id
    client_id: Id | None = None
    starts_at: Instant


class AppointmentPatch(Schema):
    is_confirmed: Annotated[Literal[True], BOOLEAN]


class AppointmentOut(ninja.Schema):
    id: int
    provider_id: int | None
    client_id: int | None
    starts_at: InstantOut
    ends_at: InstantOut
    time_zone: str
    status: str
    is_confirmed: bool
    hold_expires_at: InstantOut | None
    replaces: int | None
    price: Money


@router.post(
    "/appointments",
    operation_id="createAppointment",
    auth=WRITE,
    response={201: AppointmentOut, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def create(request: KnownRequest, data: AppointmentIn, idempotency_key: Key = None) -> HttpResponse:
    """Hold a slot of a provider for thirty minutes. Confirm it within that time."""
    by = request.auth
    booking = _booking(data, request)
    act = partial(verbs.hold, booking=booking, by=by, show=_alternative)
    return idempotency_keys.carried_out(request, act, by=by, render=_created)


@router.patch(
    "/appointments/{appointment_id}",
    operation_id="confirmAppointment",
    auth=WRITE,
    response={200: AppointmentOut, **problems(400, 401, 403, 404, 409, 412, 422, 429, 503)},
)
def confirm(request: KnownRequest, appointment_id: str, data: AppointmentPatch) -> HttpResponse:
    """Confirm a held appointment. After the hold has lapsed: 409 `hold_expired`."""
    return verbs.carry_out(
        request,
        appointment_id,
        actions.confirm,
        fact="confirmed_at",
        show=_shown,
        kind=kinds.PRACTICE.code,
    )


def _booking(data: AppointmentIn, request: KnownRequest) -> Booking:
    unit = schedules.find_provider(parse_id(data.provider_id))
    client = _client(data, request.auth, unit)
    return Booking(
        venue=unit.venue.slug,
        times=Times(starts_at=data.starts_at),
        contact=_contact(client, data, request, unit),
        guest_count=1,
        resource=unit.pk,
        # A caller who gives their own id books for themselves, also at the desk.
        guest_id=parse_id(data.client_id) if data.client_id else None,
        language=languages.asked(request, account=client.user if client else None),
    )


def _client(data: AppointmentIn, by: Caller, unit: Resource) -> PracticeClient | None:
    """Returns the client for whom staff book. None if the caller books for themselves."""
    if data.client_id is None:
        return None
    key = parse_id(data.client_id)
    if key == by.user_id:
        return None
    client = clients.find_client(unit.venue, key) if by.may_run(unit.venue_id) else None
    if client is None:
        raise NotFound("There is no such client.")
    return client


def _contact(
    client: PracticeClient | None, data: AppointmentIn, request: KnownRequest, unit: Resource
) -> Contact:
    if client is None:
        return contacts.fill(data.model_dump(), request, venue=unit.venue.slug)
    if any(getattr(data, name) is not None for name in CONTACT):
        raise Invalid("client_id", "Give a client or contact fields, not both.")
    # Preferences are not the practice's to read, so the usual ones stand.
    return Contact(**{name: getattr(client, name) for name in WHO})


def _made(document: dict[str, Any]) -> Answer:
    return Answer(201, orjson.dumps(document).decode())


def _created(row: Reservation) -> Answer:
    return _made(_appointment(row))


def _shown(row: Reservation) -> HttpResponse:
    return reply(_appointment(row))


def _appointment(row: Reservation) -> dict[str, Any]:
    taken = row.allocations.order_by("-is_live", "-pk").first()
    return {
        "id": row.pk,
        "provider_id": taken.resource_id if taken else None,
        "client_id": row.guest_id,
        "starts_at": to_z(row.starts_at),
        "ends_at": to_z(row.ends_at),
        "time_zone": row.venue.time_zone,
        "status": row.status_at(clock.now()).word,
        "is_confirmed": row.confirmed_at is not None,
        "hold_expires_at": to_z(row.hold_expires_at) if row.hold_expires_at else None,
        "replaces": None if row.confirmed_at else row.replaces,
        "price": money(row.price_minor, row.currency),
    }


def _alternative(found: Alternative) -> dict[str, Any]:
    provider = found.unit.pk if found.unit else None
    return {**documents.alternative(found), "provider_id": provider}
