"""A reservation and an event as they go out, and the schemas that describe them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import ninja
import orjson
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse

from api.schemas import InstantOut, Money, money, to_z
from reservations import clock
from reservations.alternatives import Alternative
from reservations.models import Allocation, Event, Reservation
from reservations.status import Status
from reservations.together import Arrangement
from venues.hours import Window
from venues.models import Resource, Venue


class UnitOut(ninja.Schema):
    id: str
    name: str
    floor: int


class ReservationOut(ninja.Schema):
    """A reservation with its status at the moment of the answer."""

    id: str
    code: str
    group_id: UUID | None
    venue: str
    category: str
    resource: UnitOut | None
    resources: list[UnitOut]
    starts_at: InstantOut
    ends_at: InstantOut
    time_zone: str
    status: str
    status_code: int
    hold_expires_at: InstantOut | None
    first_name: str
    last_name: str
    phone: str
    email: str
    guest_count: int
    receive_email_updates: bool
    receive_phone_call: bool
    receive_text_notification: bool
    occasion: str
    vehicle_plate: str
    remarks: str
    price: Money
    paid: bool
    created_at: InstantOut
    confirmed_at: InstantOut | None
    checked_in_at: InstantOut | None
    checked_out_at: InstantOut | None
    cancelled_at: InstantOut | None


class ReservationPage(ninja.Schema):
    items: list[ReservationOut]
    next_cursor: str | None


class EventOut(ninja.Schema):
    """`data` is told to who runs the venue; `by` is a kind: guest, staff, partner, system."""

    name: str
    at: InstantOut
    recorded_at: InstantOut
    by: str
    data: dict[str, Any]


class EventPage(ninja.Schema):
    items: list[EventOut]
    next_cursor: str | None


_PLAIN = (
    "code", "first_name", "last_name", "phone", "email", "guest_count", "receive_email_updates",
    "receive_phone_call", "receive_text_notification", "occasion", "vehicle_plate", "remarks",
)  # fmt: skip
_INSTANTS = (
    "starts_at", "ends_at", "hold_expires_at", "created_at", "confirmed_at", "checked_in_at",
    "checked_out_at", "cancelled_at",
)  # fmt: skip


def with_units(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    """All that `reservation` reads, in a number of queries that does not grow with the rows."""
    units = Allocation.objects.select_related("resource").order_by("pk")
    rows = rows.select_related("venue__policy", "category")
    return rows.prefetch_related(Prefetch("allocations", units))


def reservation(row: Reservation, now: datetime | None = None) -> dict[str, Any]:
    """The document of one reservation, as ReservationOut describes it."""
    status: Status = row.status_at(now or clock.now())
    units = [unit_of(unit) for unit in _units(row.just_taken or row.allocations.all())]
    return {
        "id": str(row.pk),
        "group_id": str(row.group_id) if row.group_id else None,
        "venue": row.venue.slug,
        "category": row.category.code,
        "resource": units[0] if units else None,
        "resources": units,
        "time_zone": row.venue.time_zone,
        "status": status.word,
        "status_code": int(status),
        "price": money(row.price_minor, row.currency).model_dump(),
        "paid": 0 < row.price_minor <= row.paid_minor,
        **{name: getattr(row, name) for name in _PLAIN},
        **{name: _instant(getattr(row, name)) for name in _INSTANTS},
    }


def alternative(found: Alternative) -> dict[str, Any]:
    """What could be booked instead; the unit where one was asked for."""
    return {
        **times(found.window, found.category.venue),
        "category": found.category.code,
        "resource": unit_of(found.unit) if found.unit else None,
        "price": money(found.price_minor, found.category.venue.currency).model_dump(),
    }


def arrangement(found: Arrangement) -> dict[str, Any]:
    """What a group could book instead: one range, and where each of them, in their order."""
    currency = found.places[0].category.venue.currency
    parts = ("category", "resource", "price")
    items = [alternative(place) for place in found.places]
    return {
        **times(found.window, found.places[0].category.venue),
        "items": [{part: item[part] for part in parts} for item in items],
        "price": money(found.price_minor, currency).model_dump(),
    }


def times(window: Window, venue: Venue) -> dict[str, str]:
    """A range as a booking may ask for it; nights by their dates as well."""
    told = {"starts_at": to_z(window.start), "ends_at": to_z(window.end)}
    if venue.mode == Venue.Mode.NIGHT:
        first, last = (at.astimezone(venue.zone).date() for at in (window.start, window.end))
        told |= {"check_in": first.isoformat(), "check_out": last.isoformat()}
    return told


def event(row: Event, *, with_data: bool) -> dict[str, Any]:
    """The document of one event, as EventOut describes it."""
    return {
        "name": row.name,
        "at": to_z(row.at),
        "recorded_at": to_z(row.recorded_at),
        "by": row.by_kind,
        "data": row.data if with_data else {},
    }


def reply(document: Any, *, status: int = 200) -> HttpResponse:
    """A JSON answer, written once and not validated again."""
    return reply_with(as_json(document), status=status)


def as_json(document: Any) -> bytes:
    """A document as it goes out."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def reply_with(body: bytes, *, status: int = 200) -> HttpResponse:
    """A JSON answer that is written already."""
    return HttpResponse(body, status=status, content_type="application/json")


def etag(row: Reservation) -> str:
    """Names this version of a reservation, for If-Match."""
    return f'"{row.pk}-{row.version}"'


def _units(rows: Iterable[Allocation]) -> Sequence[Resource]:
    """The units it takes; of one that takes no time any more, those it had last."""
    every = list(rows)
    shown = [row for row in every if row.is_live] or every[-1:]
    last = max((row.ends_at for row in shown), default=None)
    return [row.resource for row in shown if row.ends_at == last]


def unit_of(unit: Resource) -> dict[str, Any]:
    """A unit as it goes out."""
    return {"id": str(unit.pk), "name": unit.name, "floor": unit.floor}


def _instant(value: datetime | None) -> str | None:
    return to_z(value) if value else None
