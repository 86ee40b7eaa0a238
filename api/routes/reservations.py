"""Reservations: create, find, modify, confirm, check in, check out and cancel them."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from django.conf import settings
from django.http import HttpResponse
from ninja import Header, Query, Router
from pydantic import Field

from api import contacts, documents, idempotency_keys, languages, preconditions, verbs
from api.auth import KnownRequest, allow
from api.documents import EventPage, ReservationOut, ReservationPage
from api.idempotency_keys import Key
from api.openapi import answering_with
from api.paging import Page, page, page_of
from api.replies import reply
from api.routes import amounts
from api.routes.amounts import ChargeIn
from api.schemas import Bound, Schema, parse_id, problems
from api.wishes.parties import PartyIn
from api.wishes.references import Reference
from api.wishes.reservations import ReservationIn, ReservationPatch, StayIn
from guests import phones
from guests.callers import Caller
from guests.errors import ContactInvalid
from reservations import actions, clock
from reservations.errors import Invalid
from reservations.idempotency import Answer, Repeated
from reservations.models import Reservation
from reservations.privacy import access_log
from reservations.querysets import ReservationQuerySet
from reservations.records import look
from reservations.requests import Booking, Change, Times
from reservations.rules.guest_fields import EXTRAS
from reservations.status import Status
from spelling import search_text
from venues.models import Venue

log = logging.getLogger(__name__)

router = Router(tags=["reservations"])

READ = allow(scope="reservations:read")
WRITE = allow(scope="reservations:write")

Word = Literal["upcoming", "present", "left", "no_show", "held", "expired", "cancelled"]

_TIMES = ("starts_at", "ends_at", "check_in", "check_out")
_PARTY = ("guest_count", "adults", "children")
_NOTES = ("reference", "metadata", "language")

_WORDS = {"override_reason", "accept_fee", "reason"}
"""Fields of a change that change nothing by themselves."""


class ConfirmIn(Schema):
    """Staff may confirm what is not paid, with a reason. The body may be left out."""

    override_reason: Annotated[str, Field(max_length=200)] = ""


class CheckInIn(Schema):
    """With a reason, staff may give a unit whose guest has not gone, or check in what is not paid.

    The body may be left out.
    """

    override_reason: Annotated[str, Field(max_length=200)] = ""


class Filters(Page):
    """`from` and `to` limit the start: `[from, to)`, instants or dates in UTC."""

    venue: str | None = None
    status: Word | None = None
    since: Annotated[Bound | None, Field(alias="from")] = None
    until: Annotated[Bound | None, Field(alias="to")] = None
    phone: Annotated[str, Field(max_length=phones.LONGEST_INPUT)] | None = None
    code: Annotated[str, Field(max_length=24)] | None = None
    reference: Reference | None = None


Match = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the change is based on.")
]

NoMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag of the document you have.")
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
    once = idempotency_keys.once(request, by=by, render=partial(created, by=by))
    try:
        booking = booking_of(data, data, request, reference=data.reference)
        row = verbs.hold(booking=booking, by=by, once=once)
    except Repeated as repeated:
        return idempotency_keys.replayed(repeated.answer)
    return idempotency_keys.respond(created(row, by))


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
        return documents.reservations(found, now, by=request.auth)

    answer = reply(page_of(named, filters, told))
    access_log.record_call(request.auth, "api:listReservations", access_log.SEARCH, shown)
    return answer


@router.get(
    "/{reservation_id}",
    operation_id="getReservation",
    auth=READ,
    response={200: ReservationOut, 304: None, **problems(401, 403, 404)},
    openapi_extra=_TAGGED,
)
def retrieve(
    request: KnownRequest, reservation_id: str, if_none_match: NoMatch = None
) -> HttpResponse:
    """Return one reservation with its status at this moment; 304 if you have it as it is now."""
    row = look(parse_id(reservation_id), by=request.auth)
    log.info(
        "Reservation %s is %s, told to %s",
        row.pk,
        row.status_at(clock.now()).word,
        request.auth.name,
    )
    seen = [(row.venue_id, row.pk)]
    access_log.record_call(request.auth, "api:getReservation", access_log.OPEN, seen)
    if preconditions.is_known(request, row):
        return preconditions.not_modified(row)
    return shown(row, request.auth)


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
    asked = {name: getattr(data, name) for name in data.model_fields_set - _WORDS}
    is_repeat = bool(asked) and preconditions.is_as_asked(seen, asked, by=by)
    with preconditions.judged(request, seen, is_repeat=is_repeat):
        if is_repeat or not asked:
            return shown(seen, by)
        version = seen.version if if_match and if_match.strip() != "*" else None
        change = _change(data, version)
        return shown(verbs.modify(reservation_id=key, change=change, by=by), by)


_VERB_ANSWERS = {200: ReservationOut, **problems(401, 403, 404, 409, 412, 429, 503)}


@router.post(
    "/{reservation_id}/confirm",
    operation_id="confirmReservation",
    auth=WRITE,
    response=_VERB_ANSWERS | problems(400, 413, 415, 422),
    openapi_extra=_TAGGED,
)
def confirm(
    request: KnownRequest, reservation_id: str, data: ConfirmIn | None = None
) -> HttpResponse:
    """Confirm a hold. Repeating it changes nothing.

    While something is due now, or a card must be stored, the answer is 409 `payment_required` with
    `due_now`, `needs_guarantee` and `pay_url`.
    """
    act = partial(actions.confirm, override_reason=data.override_reason if data else "")
    return _verb(request, reservation_id, act, "confirmed_at")


@router.post(
    "/{reservation_id}/check-in",
    operation_id="checkInReservation",
    auth=WRITE,
    response=_VERB_ANSWERS,
    openapi_extra=_TAGGED,
)
def check_in(
    request: KnownRequest, reservation_id: str, data: CheckInIn | None = None
) -> HttpResponse:
    """Record that the guest has arrived. For staff and partners; in parking also for the driver.

    While the guest before is still in the unit, this one gets another of its pool where their own
    was not promised; else the answer is 409 `occupied`.
    """
    reason = data.override_reason if data else ""
    act = partial(actions.check_in, override_reason=reason)
    return _verb(request, reservation_id, act, "checked_in_at")


@router.post(
    "/{reservation_id}/check-out",
    operation_id="checkOutReservation",
    auth=WRITE,
    response=_VERB_ANSWERS | problems(400, 413, 415, 422),
    openapi_extra=_TAGGED,
)
def check_out(
    request: KnownRequest, reservation_id: str, data: ChargeIn | None = None
) -> HttpResponse:
    """Record that the guest has left. For staff and partners; in parking also for the driver.

    Staff may say what an early departure costs.
    """
    act = partial(actions.check_out, **amounts.charge_of(data, reservation_id, by=request.auth))
    return _verb(request, reservation_id, act, "checked_out_at")


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
    show = partial(shown, by=request.auth)
    return verbs.carry_out(request, reservation_id, act, fact=fact, show=show)


def shown(row: Reservation, by: Caller) -> HttpResponse:
    """Returns the answer with a reservation's document, as `by` sees it, and its ETag."""
    response = reply(documents.reservation(row, by=by))
    response["ETag"] = documents.etag(row)
    return response


def created(row: Reservation, by: Caller) -> Answer:
    """Returns the answer to whoever made a reservation."""
    return Answer(
        201,
        orjson.dumps(documents.reservation(row, by=by)).decode(),
        {"Location": f"/api/v1/reservations/{row.pk}", "ETag": documents.etag(row)},
    )


def booking_of(
    data: StayIn, party: PartyIn, request: KnownRequest, *, reference: str | None
) -> Booking:
    """Returns the booking that a request asks for. Raises ContactInvalid, or NotFound
    for a bad id.
    """
    return Booking(
        venue=data.venue,
        times=Times(**{name: getattr(data, name) for name in _TIMES}),
        contact=contacts.fill(data.model_dump(), request, venue=data.venue),
        guest_count=party.party,
        children=party.ages,
        extras=data.extras,
        category=data.category,
        resource=None if data.resource is None else parse_id(data.resource),
        **{name: getattr(data, name) for name in EXTRAS},
        quote=data.quote,
        language=languages.asked(request, data.language),
        override_reason=data.override_reason,
        reference=reference or "",
        metadata=data.metadata or {},
    )


def _change(data: ReservationPatch, version: int | None) -> Change:
    given = data.model_fields_set
    values = {name: getattr(data, name) for name in given}
    times = {name: values[name] for name in _TIMES if name in given}
    children = values.get("children")
    apart = {*_TIMES, "category", "resource", "reprice", *_PARTY, *_NOTES, *_WORDS}
    return Change(
        times=Times(**times) if times else None,
        category=values.get("category"),
        resource=parse_id(values["resource"]) if "resource" in given else None,
        guest_count=values.get("guest_count"),
        adults=values.get("adults"),
        children=None if children is None else tuple(children),
        reference=values.get("reference"),
        metadata=values.get("metadata"),
        language=values.get("language"),
        details={name: value for name, value in values.items() if name not in apart},
        version=version,
        override_reason=data.override_reason,
        reprice=data.reprice,
        accept_fee=data.accept_fee,
        reason=data.reason,
    )


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
        rows = rows.filter(code=search_text.code(filters.code))
    if filters.reference is not None:
        rows = rows.filter(reference=filters.reference)
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
