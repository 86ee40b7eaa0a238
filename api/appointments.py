"""A practice's own words over the same engine: clients, providers, schedules, appointments."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import ninja
import orjson
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from api import contacts, instead, presenting, repeats, verbs
from api.auth import KnownRequest, allow
from api.contacts import ContactIn
from api.paging import Page
from api.people import Email, Name, Phone
from api.presenting import reply
from api.repeats import Key
from api.schemas import (
    Day,
    Id,
    Instant,
    InstantOut,
    LocalTime,
    Money,
    Schema,
    money,
    parse_id,
    problems,
    to_z,
    zone,
)
from guests import accounts
from guests.callers import Caller
from guests.models import User
from reservations import actions, availability, clock, idempotency, schedules
from reservations.alternatives import Alternative
from reservations.errors import Forbidden, Invalid, NotFound
from reservations.finding import judge_staff
from reservations.idempotency import Answer
from reservations.models import Reservation
from reservations.requests import Booking, Contact, Times
from reservations.schedules import Block
from venues.models import Provider, Resource, Venue

router = Router(tags=["appointments"])

READ = allow(scope="reservations:read")
WRITE = allow(scope="reservations:write")
STAFF = allow("staff", "administrator")

USUAL_DAYS = 31
"""How far open slots are listed where no date is asked for."""


class ClientIn(Schema):
    first_name: Name
    last_name: Name
    email: Email
    phone: Phone


class ProviderIn(ClientIn):
    """`venue` may be left out where there is only one practice."""

    time_zone: Annotated[str, Field(max_length=64)] | None = None
    venue: Annotated[str, Field(max_length=63)] | None = None


class ClientOut(ninja.Schema):
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str


class ProviderOut(ClientOut):
    venue: str
    time_zone: str


class BlockIn(Schema):
    """Local times of the provider, `HH:MM`, on a day that is not past there."""

    date: Day
    start: LocalTime
    end: LocalTime


class ScheduleIn(Schema):
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    blocks: Annotated[list[BlockIn], Field(min_length=1, max_length=schedules.MOST_BLOCKS)]


class BlockOut(ninja.Schema):
    date: date
    start: str
    end: str


class ScheduleOut(ninja.Schema):
    """All blocks of the days that were sent."""

    time_zone: str
    blocks: list[BlockOut]


class SlotQuery(Page):
    """`date` is a day of `tz`; without `tz`, of the provider's zone."""

    date: Day | None = None
    tz: Annotated[str, Field(max_length=64)] | None = None


class OpenSlot(ninja.Schema):
    """`local_start` is the start as clocks in `time_zone` show it."""

    starts_at: InstantOut
    ends_at: InstantOut
    local_start: str


class OpenSlots(ninja.Schema):
    time_zone: str
    items: list[OpenSlot]
    next_cursor: str | None


class AppointmentIn(ContactIn):
    """`client_id` is for the practice; a client books for themselves.

    The contact fields are for partners, and for whom the practice has not entered as a client.
    """

    provider_id: Id
    client_id: Id | None = None
    starts_at: Instant


class AppointmentPatch(Schema):
    is_confirmed: Literal[True]


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
    price: Money


@router.post(
    "/clients", auth=STAFF, response={201: ClientOut, **problems(400, 401, 403, 409, 413, 422)}
)
def enter_client(
    request: KnownRequest, data: ClientIn, idempotency_key: Key = None
) -> HttpResponse:
    """Enter a client. The same e-mail address or phone number twice is 409."""
    by = request.auth
    enter = partial(accounts.enter_client, **data.model_dump(), region=_region(by))
    act = partial(idempotency.carry_out, enter)
    return repeats.carried_out(request, act, by=by, render=_client_entered)


@router.post(
    "/providers",
    auth=STAFF,
    response={201: ProviderOut, **problems(400, 401, 403, 404, 409, 413, 422)},
)
def enter_provider(
    request: KnownRequest, data: ProviderIn, idempotency_key: Key = None
) -> HttpResponse:
    """Enter a provider of a practice. The same e-mail address or phone number twice is 409."""
    venue = _practice(data.venue)
    judge_staff(venue.pk, request.auth)
    person = accounts.read_person(
        **data.model_dump(include={"email", "first_name", "last_name", "phone"}),
        region=venue.phone_region,
    )
    there = zone(data.time_zone, field="time_zone").key if data.time_zone else ""
    by = request.auth
    act = partial(schedules.enter_provider, venue=venue, person=person, time_zone=there, by=by)
    return repeats.carried_out(request, act, by=by, render=_provider_entered)


@router.post(
    "/providers/{provider_id}/schedule",
    auth=STAFF,
    response={201: ScheduleOut, **problems(400, 401, 403, 404, 413, 422)},
)
def add_schedule(
    request: KnownRequest, provider_id: str, data: ScheduleIn, idempotency_key: Key = None
) -> HttpResponse:
    """Open a provider for several blocks and days at once; a further call adds to them."""
    key = parse_id(provider_id)
    there = zone(data.time_zone, field="time_zone").key if data.time_zone else ""
    blocks = [Block(block.date, block.start, block.end) for block in data.blocks]
    by = request.auth
    act = partial(schedules.add_blocks, provider_id=key, blocks=blocks, time_zone=there, by=by)

    def render(found: list[Block]) -> Answer:
        zone_of_provider = schedules.find_provider(key).zone.key
        return _made({"time_zone": zone_of_provider, "blocks": [_block(one) for one in found]})

    return repeats.carried_out(request, act, by=by, render=render)


@router.get(
    "/providers/{provider_id}/slots",
    auth=READ,
    response={200: OpenSlots, **problems(401, 403, 404, 422)},
)
def open_slots(request: KnownRequest, provider_id: str, asked: Query[SlotQuery]) -> HttpResponse:
    """A provider's open slots, earliest first: on a day, or in the next month."""
    unit = schedules.find_provider(parse_id(provider_id))
    there = zone(asked.tz, field="tz") if asked.tz else unit.zone
    now = clock.now()
    after = _after(asked.cursor)
    first = asked.date or now.astimezone(there).date()
    last = asked.date or first + timedelta(days=USUAL_DAYS)
    within = availability.days(first, last, there)
    slots = [
        slot.window
        for slot in availability.of_unit(unit, within, now=now)
        if slot.state == "free" and slot.window.start > after
    ]
    shown = slots[: asked.limit]
    return reply(
        {
            "time_zone": there.key,
            "items": [
                {
                    "starts_at": to_z(window.start),
                    "ends_at": to_z(window.end),
                    "local_start": window.start.astimezone(there).isoformat(),
                }
                for window in shown
            ],
            "next_cursor": to_z(shown[-1].start) if len(slots) > len(shown) else None,
        }
    )


@router.post(
    "/appointments",
    auth=WRITE,
    response={201: AppointmentOut, **problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
def create(request: KnownRequest, data: AppointmentIn, idempotency_key: Key = None) -> HttpResponse:
    """Hold a slot of a provider for thirty minutes; confirm it in that time."""
    by = request.auth
    booking = _booking(data, request)
    act = partial(instead.hold, booking=booking, by=by, show=_alternative)
    return repeats.carried_out(request, act, by=by, render=_created)


@router.patch(
    "/appointments/{appointment_id}",
    auth=WRITE,
    response={200: AppointmentOut, **problems(400, 401, 403, 404, 409, 422, 429, 503)},
)
def confirm(request: KnownRequest, appointment_id: str, data: AppointmentPatch) -> HttpResponse:
    """Confirm a held appointment; once lapsed it is 409 hold_expired."""
    return verbs.carry_out(
        request,
        appointment_id,
        actions.confirm,
        fact="confirmed_at",
        show=_shown,
        kind=Venue.Kind.PRACTICE,
    )


def _practice(slug: str | None) -> Venue:
    practices = Venue.objects.filter(kind=Venue.Kind.PRACTICE, is_active=True)
    if slug is not None:
        practices = practices.filter(slug=slug)
    found = list(practices.select_related("policy")[:2])
    if not found:
        raise NotFound("There is no such practice.")
    if len(found) > 1:
        raise Invalid("venue", "There are several practices; say which.")
    return found[0]


def _region(by: Caller) -> str:
    """The phone region of the practice whose staff this is; that of the first for others."""
    practices = Venue.objects.filter(kind=Venue.Kind.PRACTICE, is_active=True)
    if by.venue_ids is not None:
        practices = practices.filter(pk__in=by.venue_ids)
    region = practices.values_list("phone_region", flat=True).first()
    if region is None:
        raise Forbidden("Only administrators and staff of a practice enter clients.")
    return region


def _booking(data: AppointmentIn, request: KnownRequest) -> Booking:
    unit = schedules.find_provider(parse_id(data.provider_id))
    client = _client(data, request.auth, unit)
    return Booking(
        venue=unit.venue.slug,
        times=Times(starts_at=data.starts_at),
        contact=_contact(client, data, request, unit),
        guest_count=1,
        resource=unit.pk,
        # Whoever gives their own id books for themselves, also at the desk.
        guest_id=parse_id(data.client_id) if data.client_id else None,
    )


def _client(data: AppointmentIn, by: Caller, unit: Resource) -> User | None:
    """The client the practice books for; None for whoever books for themselves."""
    if data.client_id is None:
        return None
    key = parse_id(data.client_id)
    if key == by.user_id:
        return None
    if not by.may_run(unit.venue_id):
        raise NotFound("There is no such client.")
    client = User.objects.filter(pk=key, is_active=True, client__isnull=False).first()
    if client is None:
        raise NotFound("There is no such client.")
    return client


def _contact(
    client: User | None, data: AppointmentIn, request: KnownRequest, unit: Resource
) -> Contact:
    if client is None:
        return contacts.fill(data.model_dump(), request, venue=unit.venue.slug)
    if any(getattr(data, name) is not None for name in contacts.FIELDS):
        raise Invalid("client_id", "Give a client, or contact fields; not both.")
    return Contact(**{name: getattr(client, name) for name in contacts.FIELDS})


def _after(cursor: str | None) -> datetime:
    if cursor is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        after = datetime.fromisoformat(cursor)
        if after.tzinfo is not None:
            return after
    except ValueError:
        pass
    raise Invalid("cursor", "This is not a cursor that this server gave out.")


def _made(document: dict[str, Any]) -> Answer:
    return Answer(201, orjson.dumps(document).decode())


def _client_entered(user: User) -> Answer:
    return replace(_made(_person(user.pk, user)), about=user.pk)


def _provider_entered(provider: Provider) -> Answer:
    unit = provider.resource
    place = {"venue": unit.venue.slug, "time_zone": unit.zone.key}
    return _made({**_person(provider.pk, provider), **place})


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
        "price": money(row.price_minor, row.currency).model_dump(),
    }


def _alternative(found: Alternative) -> dict[str, Any]:
    provider = found.unit.pk if found.unit else None
    return {**presenting.alternative(found), "provider_id": provider}


def _person(key: int, person: Any) -> dict[str, Any]:
    names = ("first_name", "last_name", "email", "phone")
    return {"id": key, **{name: getattr(person, name) for name in names}}


def _block(block: Block) -> dict[str, str]:
    return {
        "date": block.date.isoformat(),
        "start": f"{block.start:%H:%M}",
        "end": f"{block.end:%H:%M}",
    }
