"""Reservations: create, find, modify, confirm, check in, check out and cancel them."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from django.conf import settings
from django.http import HttpResponse
from ninja import Header, Query, Router
from pydantic import Field

from api import contacts, documents, idempotency_keys, verbs
from api.auth import KnownRequest, allow
from api.contacts import TYPES, ContactIn, having
from api.documents import EventPage, ReservationOut, ReservationPage
from api.idempotency_keys import Key
from api.openapi import answering_with
from api.paging import Page, page, page_of
from api.replies import reply
from api.schemas import Bound, Day, Id, Instant, Schema, parse_id, problems
from api.time_ranges import Category as CategoryCode
from guests import phones
from guests.errors import ContactInvalid
from reservations import actions, clock
from reservations.errors import ChangedMeanwhile, Invalid
from reservations.idempotency import Answer, Repeated
from reservations.models import Reservation
from reservations.privacy import access_log
from reservations.querysets import ReservationQuerySet
from reservations.records import look
from reservations.requests import Booking, Change, Times
from reservations.rules.guest_fields import DETAILS, EXTRAS, LARGEST_PARTY, longest
from reservations.status import Status
from venues.models import Venue

log = logging.getLogger(__name__)

router = Router(tags=["reservations"])

READ = allow(scope="reservations:read")
WRITE = allow(scope="reservations:write")

Party = Annotated[int, Field(ge=1, le=LARGEST_PARTY, strict=True)]
Word = Literal["upcoming", "present", "left", "no_show", "held", "expired", "cancelled"]

_TIMES = ("starts_at", "ends_at", "check_in", "check_out")

_LEFT_OUT: Any = Field(default=None)
"""The field was not sent. Null is a value of its own."""


@having({name: (TYPES[name], "") for name in EXTRAS})
class _WishIn(ContactIn):
    venue: Annotated[str, Field(max_length=63, examples=["harbour-hotel"])]
    category: CategoryCode | None = None
    resource: Id | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    check_in: Day | None = None
    check_out: Day | None = None
    guest_count: Party


class ReservationIn(_WishIn):
    """Which venue, category or unit, which range, and for whom.

    Contact fields that a guest leaves out come from `/me`. Partners give every required field.
    Staff who give any field give every required field: the reservation is then for somebody else.
    """

    quote: Annotated[str, Field(max_length=1000)] = ""
    override_reason: Annotated[str, Field(max_length=200)] = ""


@having({name: (TYPES[name], _LEFT_OUT) for name in DETAILS})
class _ChangeIn(Schema):
    category: CategoryCode = _LEFT_OUT
    resource: Id = _LEFT_OUT
    starts_at: Instant = _LEFT_OUT
    ends_at: Instant = _LEFT_OUT
    check_in: Day = _LEFT_OUT
    check_out: Day = _LEFT_OUT
    guest_count: Party = _LEFT_OUT


class ReservationPatch(_ChangeIn):
    """Fields that you leave out stay as they are."""

    override_reason: Annotated[str, Field(max_length=200)] = ""


class Filters(Page):
    """`from` and `to` limit the start: `[from, to)`, instants or dates in UTC."""

    venue: str | None = None
    status: Word | None = None
    since: Annotated[Bound | None, Field(alias="from")] = None
    until: Annotated[Bound | None, Field(alias="to")] = None
    phone: Annotated[str, Field(max_length=phones.LONGEST_INPUT)] | None = None
    code: Annotated[str, Field(max_length=longest("code"))] | None = None


Match = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the change is based on.")
]

_TAGGED = answering_with(200, "ETag")


@router.post(
    "",
    operation_id="createReservation",
    auth=WRITE,
    response={201: ReservationOut, **problems(400, 401, 403, 404, 409, 422, 503)},
    openapi_extra=answering_with(201, "Location", "ETag"),
)
def create(request: KnownRequest, data: ReservationIn, idempotency_key: Key = None) -> HttpResponse:
    """Reserve: the answer is a hold, or confirmed where the venue confirms at once."""
    by = request.auth
    once = idempotency_keys.once(request, by=by, render=_created)
    try:
        row = verbs.hold(booking=booking_of(data, request), by=by, once=once)
    except Repeated as repeated:
        return idempotency_keys.respond(repeated.answer)
    return idempotency_keys.respond(_created(row))


@router.get(
    "",
    operation_id="listReservations",
    auth=READ,
    response={200: ReservationPage, **problems(401, 403, 422)},
)
def search(request: KnownRequest, filters: Query[Filters]) -> HttpResponse:
    """List reservations, newest first: guests their own, partners those they made, staff those of
    their venues.
    """
    now = clock.now()
    rows = _filtered(Reservation.objects.visible_to(request.auth), filters, now)
    named = rows.values_list(*documents.COLUMNS, named=True)
    shown: list[access_log.Row] = []

    def told(found: list[Any]) -> list[dict[str, Any]]:
        shown.extend((row.venue_id, row.pk) for row in found)
        return documents.reservations(found, now)

    answer = reply(page_of(named, filters, told))
    access_log.record_call(request.auth, "api:listReservations", access_log.SEARCH, shown)
    return answer


@router.get(
    "/{reservation_id}",
    operation_id="getReservation",
    auth=READ,
    response={200: ReservationOut, **problems(401, 403, 404)},
    openapi_extra=_TAGGED,
)
def retrieve(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Return one reservation with its status at this moment."""
    row = look(parse_id(reservation_id), by=request.auth)
    log.info(
        "Reservation %s is %s, told to %s",
        row.pk,
        row.status_at(clock.now()).word,
        request.auth.name,
    )
    seen = [(row.venue_id, row.pk)]
    access_log.record_call(request.auth, "api:getReservation", access_log.OPEN, seen)
    return _shown(row)


@router.patch(
    "/{reservation_id}",
    operation_id="modifyReservation",
    auth=WRITE,
    response={200: ReservationOut, **problems(400, 401, 403, 404, 409, 412, 422, 503)},
    openapi_extra=_TAGGED,
)
def modify(
    request: KnownRequest, reservation_id: str, data: ReservationPatch, if_match: Match = None
) -> HttpResponse:
    """Change contact, party, range or unit. The rules of a new reservation apply to a new range."""
    key, by = parse_id(reservation_id), request.auth
    seen = look(key, by=by)
    change = _change(data, _version(if_match, seen))
    if not data.model_fields_set - {"override_reason"}:
        return _shown(seen)
    return _shown(verbs.modify(reservation_id=key, change=change, by=by))


_VERB_ANSWERS = {200: ReservationOut, **problems(401, 403, 404, 409, 429, 503)}


@router.post(
    "/{reservation_id}/confirm",
    operation_id="confirmReservation",
    auth=WRITE,
    response=_VERB_ANSWERS,
    openapi_extra=_TAGGED,
)
def confirm(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Confirm a hold. Repeating it changes nothing."""
    return _verb(request, reservation_id, actions.confirm, "confirmed_at")


@router.post(
    "/{reservation_id}/check-in",
    operation_id="checkInReservation",
    auth=WRITE,
    response=_VERB_ANSWERS,
    openapi_extra=_TAGGED,
)
def check_in(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Record that the guest has arrived. For staff and partners; in parking also for the driver."""
    return _verb(request, reservation_id, actions.check_in, "checked_in_at")


@router.post(
    "/{reservation_id}/check-out",
    operation_id="checkOutReservation",
    auth=WRITE,
    response=_VERB_ANSWERS,
    openapi_extra=_TAGGED,
)
def check_out(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Record that the guest has left. For staff and partners; in parking also for the driver."""
    return _verb(request, reservation_id, actions.check_out, "checked_out_at")


@router.post(
    "/{reservation_id}/cancel",
    operation_id="cancelReservation",
    auth=WRITE,
    response=_VERB_ANSWERS,
    openapi_extra=_TAGGED,
)
def cancel(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """Cancel the reservation. Its time is free at once."""
    return _verb(request, reservation_id, actions.cancel, "cancelled_at")


@router.get(
    "/{reservation_id}/events",
    operation_id="listReservationEvents",
    auth=READ,
    response={200: EventPage, **problems(401, 403, 404, 422)},
)
def events(request: KnownRequest, reservation_id: str, asked: Query[Page]) -> HttpResponse:
    """List the events of a reservation, newest first."""
    row = look(parse_id(reservation_id), by=request.auth)
    with_data = request.auth.may_run(row.venue_id)
    seen = [(row.venue_id, row.pk)]
    access_log.record_call(request.auth, "api:listReservationEvents", access_log.OPEN, seen)
    return reply(
        page(row.events.all(), asked, lambda event: documents.event(event, with_data=with_data))
    )


def _verb(
    request: KnownRequest, reservation_id: str, act: Callable[..., Reservation], fact: str
) -> HttpResponse:
    return verbs.carry_out(request, reservation_id, act, fact=fact, show=_shown)


def _shown(row: Reservation) -> HttpResponse:
    response = reply(documents.reservation(row))
    response["ETag"] = documents.etag(row)
    return response


def _created(row: Reservation) -> Answer:
    return Answer(
        201,
        orjson.dumps(documents.reservation(row)).decode(),
        {"Location": f"/api/v1/reservations/{row.pk}", "ETag": documents.etag(row)},
    )


def booking_of(data: ReservationIn, request: KnownRequest) -> Booking:
    """Returns the booking that a request asks for. Raises ContactInvalid, or NotFound
    for a bad id.
    """
    return Booking(
        venue=data.venue,
        times=Times(**{name: getattr(data, name) for name in _TIMES}),
        contact=contacts.fill(data.model_dump(), request, venue=data.venue),
        guest_count=data.guest_count,
        category=data.category,
        resource=None if data.resource is None else parse_id(data.resource),
        **{name: getattr(data, name) for name in EXTRAS},
        quote=data.quote,
        override_reason=data.override_reason,
    )


def _change(data: ReservationPatch, version: int | None) -> Change:
    given = data.model_fields_set
    values = {name: getattr(data, name) for name in given}
    times = {name: values[name] for name in _TIMES if name in given}
    taking = (*_TIMES, "category", "resource", "guest_count", "override_reason")
    return Change(
        times=Times(**times) if times else None,
        category=values.get("category"),
        resource=parse_id(values["resource"]) if "resource" in given else None,
        guest_count=values.get("guest_count"),
        details={name: value for name, value in values.items() if name not in taking},
        version=version,
        override_reason=data.override_reason,
    )


def _version(if_match: str | None, seen: Reservation) -> int | None:
    """Returns the version on which the change is based; None if any is accepted.

    Raises ChangedMeanwhile if the reservation has another version by now.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if documents.etag(seen) not in (tag.strip() for tag in if_match.split(",")):
        raise ChangedMeanwhile
    return seen.version


def _filtered(rows: ReservationQuerySet, filters: Filters, now: datetime) -> ReservationQuerySet:
    if filters.venue is not None:
        rows = rows.filter(venue__slug=filters.venue)
    if filters.status is not None:
        rows = rows.in_status(Status[filters.status.upper()], at=now)
    if filters.since is not None:
        rows = rows.filter(starts_at__gte=filters.since)
    if filters.until is not None:
        rows = rows.filter(starts_at__lt=filters.until)
    if filters.phone is not None:
        rows = rows.filter(phone=_phone(filters.phone, filters.venue))
    if filters.code is not None:
        rows = rows.filter(code=filters.code.upper())
    return rows


def _phone(raw: str, venue: str | None) -> str:
    """Returns a phone number as it is stored. National numbers are read in the venue's region."""
    region = Venue.objects.filter(slug=venue or "").values_list("phone_region", flat=True).first()
    # A plus sign that was not escaped arrives as a space.
    number = f"+{raw[1:]}" if raw.startswith(" ") else raw
    try:
        return phones.parse(number, region or settings.DEFAULT_PHONE_REGION)
    except ContactInvalid as fault:
        raise Invalid("phone", fault.detail) from fault
