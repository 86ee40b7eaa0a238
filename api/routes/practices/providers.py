"""Practices: clients, providers, their schedules and their open slots."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

import ninja
import orjson
from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from api import idempotency_keys
from api.auth import KnownRequest, allow
from api.idempotency_keys import Key
from api.paging import Page, page
from api.replies import reply
from api.routes.people import Email, Name, Phone
from api.schemas import Day, InstantOut, Schema, parse_id, problems, to_z, zone
from guests import accounts
from guests.callers import Caller
from guests.models import PracticeClient
from reservations import clock
from reservations.availability import slots as availability
from reservations.errors import Forbidden, Invalid, NotFound
from reservations.idempotency import Answer
from reservations.inventory import clients, schedules
from reservations.rules import modes
from reservations.rules.permissions import is_administrator, judge_staff, venues_run_by
from venues import kinds
from venues.models import Provider, Venue

router = Router(tags=["appointments"])

READ = allow(scope="reservations:read")
STAFF = allow("staff", "administrator")

_PERSON = ("first_name", "last_name", "email", "phone")

USUAL_DAYS = 31
"""Days of open slots without a `date`."""


class ClientIn(Schema):
    """You can leave out `venue` if you work at one practice only."""

    first_name: Name
    last_name: Name
    email: Email
    phone: Phone
    venue: Annotated[str, Field(max_length=63)] | None = None


class ProviderIn(ClientIn):
    time_zone: Annotated[str, Field(max_length=64)] | None = None


_LEFT_OUT: Any = Field(default=None)
"""The field was not sent."""


class ProviderPatch(Schema):
    """Fields that you leave out stay as they are."""

    first_name: Name = _LEFT_OUT
    last_name: Name = _LEFT_OUT
    email: Email = _LEFT_OUT
    phone: Phone = _LEFT_OUT
    time_zone: Annotated[str, Field(max_length=64)] = _LEFT_OUT


class ClientOut(ninja.Schema):
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str


class ProviderOut(ClientOut):
    venue: str
    time_zone: str


class ClientOfPractice(ClientOut):
    venue: str


class ClientPage(ninja.Schema):
    items: list[ClientOfPractice]
    next_cursor: str | None


class ProviderPage(ninja.Schema):
    items: list[ProviderOut]
    next_cursor: str | None


class SlotQuery(Page):
    """`date` is a day in the time zone `tz`, by default the provider's."""

    date: Day | None = None
    tz: Annotated[str, Field(max_length=64)] | None = None


class OpenSlot(ninja.Schema):
    """`local_start` is the start in `time_zone`."""

    starts_at: InstantOut
    ends_at: InstantOut
    local_start: str


class OpenSlots(ninja.Schema):
    time_zone: str
    items: list[OpenSlot]
    next_cursor: str | None


@router.post(
    "/clients",
    operation_id="createClient",
    auth=STAFF,
    response={201: ClientOut, **problems(400, 401, 403, 404, 409, 413, 422)},
)
def enter_client(
    request: KnownRequest, data: ClientIn, idempotency_key: Key = None
) -> HttpResponse:
    """Create a client of a practice. One that this practice has already: 409 with its `id`."""
    by = request.auth
    venue = _practice(data.venue, by)
    act = partial(clients.enter_client, venue=venue, person=_read(data, venue), by=by)
    return idempotency_keys.carried_out(request, act, by=by, render=_client_entered)


@router.get(
    "/clients",
    operation_id="listClients",
    auth=STAFF,
    response={200: ClientPage, **problems(401, 403, 422)},
)
def list_clients(request: KnownRequest, asked: Query[Page]) -> HttpResponse:
    """The clients that the caller's practices entered, each as that practice entered them."""
    practices = _practices(request.auth)
    rows = PracticeClient.objects.filter(venue__in=practices).select_related("venue")
    return reply(
        page(rows, asked, lambda row: _person(row.user_id, row) | {"venue": row.venue.slug})
    )


@router.post(
    "/providers",
    operation_id="createProvider",
    auth=STAFF,
    response={201: ProviderOut, **problems(400, 401, 403, 404, 409, 413, 422)},
)
def enter_provider(
    request: KnownRequest, data: ProviderIn, idempotency_key: Key = None
) -> HttpResponse:
    """Create a provider of a practice. One that this practice has already: 409 with its `id`."""
    by = request.auth
    venue = _practice(data.venue, by)
    person = _read(data, venue)
    there = zone(data.time_zone, field="time_zone").key if data.time_zone else ""
    act = partial(schedules.enter_provider, venue=venue, person=person, time_zone=there, by=by)
    return idempotency_keys.carried_out(request, act, by=by, render=_provider_entered)


@router.get(
    "/providers",
    operation_id="listProviders",
    auth=STAFF,
    response={200: ProviderPage, **problems(401, 403, 422)},
)
def list_providers(request: KnownRequest, asked: Query[Page]) -> HttpResponse:
    """The providers of the caller's practices who have not left."""
    rows = Provider.objects.filter(
        resource__venue__in=_practices(request.auth), resource__retired_at=None
    )
    return reply(page(rows.select_related("resource__venue"), asked, _provider))


@router.patch(
    "/providers/{provider_id}",
    operation_id="updateProvider",
    auth=STAFF,
    response={200: ProviderOut, **problems(401, 403, 404, 409, 422)},
)
def change_provider(request: KnownRequest, provider_id: str, data: ProviderPatch) -> HttpResponse:
    """Change a provider. Fields that you leave out stay. The time zone is fixed by a schedule."""
    unit, by = schedules.find_provider(parse_id(provider_id)), request.auth
    judge_staff(unit.venue_id, by)
    given = {name: getattr(data, name) for name in data.model_fields_set}
    there = given.pop("time_zone", None)
    person: dict[str, str] = {}
    provider = Provider.objects.filter(pk=unit.pk).first()
    if given and provider is not None:
        known = {name: getattr(provider, name) for name in _PERSON}
        read = accounts.read_person(**known | given, region=unit.venue.phone_region)
        person = {name: read[name] for name in given}
    changed = schedules.change_provider(
        provider_id=unit.pk,
        person=person,
        time_zone=zone(there, field="time_zone").key if there is not None else None,
        by=by,
    )
    return reply(_provider(changed))


@router.get(
    "/providers/{provider_id}/slots",
    operation_id="listProviderSlots",
    auth=READ,
    response={200: OpenSlots, **problems(401, 403, 404, 422)},
)
def open_slots(request: KnownRequest, provider_id: str, asked: Query[SlotQuery]) -> HttpResponse:
    """List a provider's open slots, earliest first: of one day, or of the next 31 days."""
    unit = schedules.find_provider(parse_id(provider_id))
    there = zone(asked.tz, field="tz") if asked.tz else unit.zone
    now = clock.now()
    after = _after(asked.cursor)
    first = asked.date or now.astimezone(there).date()
    last = asked.date or first + timedelta(days=USUAL_DAYS)
    within = modes.days(first, last, there)
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


def _practice(slug: str | None, by: Caller) -> Venue:
    """The practice of this slug, or the caller's only one. Raises Forbidden for another's."""
    if slug is not None:
        venue = _open_practices().select_related("policy").filter(slug=slug).first()
        if venue is None:
            raise NotFound("There is no such practice.")
        judge_staff(venue.pk, by)
        return venue
    found = list(_practices(by).select_related("policy")[:2])
    if not found and not is_administrator(by):
        raise Forbidden("Only administrators and staff of a practice do this.")
    if not found:
        raise NotFound("There is no practice.")
    if len(found) > 1:
        raise Invalid("venue", "There are several practices. Name one.")
    return found[0]


def _practices(by: Caller) -> QuerySet[Venue]:
    return _open_practices().filter(pk__in=venues_run_by(by).values("pk"))


def _open_practices() -> QuerySet[Venue]:
    return Venue.objects.filter(kind=kinds.PRACTICE.code, is_active=True)


def _read(data: ClientIn, venue: Venue) -> dict[str, str]:
    sent = data.model_dump(include={"email", "first_name", "last_name", "phone"})
    return accounts.read_person(**sent, region=venue.phone_region)


def _after(cursor: str | None) -> datetime:
    if cursor is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        after = datetime.fromisoformat(cursor)
        if after.tzinfo is not None:
            return after
    except ValueError:
        pass
    raise Invalid("cursor", "This cursor is not valid. Use `next_cursor` from an earlier answer.")


def _made(document: dict[str, Any]) -> Answer:
    return Answer(201, orjson.dumps(document).decode())


def _client_entered(client: PracticeClient) -> Answer:
    return replace(_made(_person(client.user_id, client)), about=client.user_id)


def _provider_entered(provider: Provider) -> Answer:
    return _made(_provider(provider))


def _provider(provider: Provider) -> dict[str, Any]:
    unit = provider.resource
    place = {"venue": unit.venue.slug, "time_zone": unit.zone.key}
    return {**_person(provider.pk, provider), **place}


def _person(key: int, person: Any) -> dict[str, Any]:
    return {"id": key, **{name: getattr(person, name) for name in _PERSON}}
