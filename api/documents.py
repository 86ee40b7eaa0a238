"""The JSON documents of reservations, events and units, and the schemas that describe them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import ninja
from pydantic import Field

from api.answers import prices
from api.contacts import having
from api.schemas import InstantOut, Money, money, to_z
from guests.callers import Caller
from reservations import clock
from reservations.alternatives.group_search import Arrangement
from reservations.alternatives.search import Alternative
from reservations.models import Allocation, Event, Reservation
from reservations.pricing import due_now, nightly, owed, payment_terms, price_lines
from reservations.reports import cautions
from reservations.reports.cautions import Caution
from reservations.rules import languages, modes, parties
from reservations.rules.guest_fields import GIVEN
from reservations.rules.references import may_see_notes
from reservations.status import status_of
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue


class UnitOut(ninja.Schema):
    id: str
    name: str
    floor: int


@having({name: (told, ...) for name, told in GIVEN.items()})
@having({"adults": (int, ...), "children": (list[int], ...)})
class _BookedOut(ninja.Schema):
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
    replaces: str | None
    language: str
    reference: str | None
    metadata: dict[str, str]


class WarningOut(ninja.Schema):
    """The reservation stands, but somebody should look at it. `code` is stable: `plate_twice`,
    `no_plate`.
    """

    code: str
    detail: str


class ReservationOut(_BookedOut):
    """A reservation with its status at the moment of the answer."""

    price: Money
    paid: Annotated[Money, Field(description="What was paid of it.")]
    due: Annotated[Money, Field(description="What is owed and not paid, never negative.")]
    due_now: Annotated[Money, Field(description="What must be paid before it is confirmed.")]
    lines: Annotated[
        list[prices.LineOut],
        Field(description="What the price is made of: stay, extras, fees, taxes."),
    ]
    extras: Annotated[list[str], Field(description="The codes of the extras that were chosen.")]
    terms: prices.TermsOut
    cancellation: prices.CancellationOut
    nightly: Annotated[
        list[prices.NightOut],
        Field(description="The price night by night; [] where none are sold."),
    ]
    warnings: list[WarningOut]
    created_at: InstantOut
    confirmed_at: InstantOut | None
    checked_in_at: InstantOut | None
    checked_out_at: InstantOut | None
    cancelled_at: InstantOut | None


class ReservationPage(ninja.Schema):
    items: list[ReservationOut]
    next_cursor: str | None


class EventOut(ninja.Schema):
    """`data` is empty unless you run the venue. `by` is guest, staff, partner or system."""

    name: str
    at: InstantOut
    recorded_at: InstantOut
    by: str
    data: dict[str, Any]


class EventPage(ninja.Schema):
    items: list[EventOut]
    next_cursor: str | None


_Row = TypeVar("_Row", "_Took", Allocation)


class Shown(due_now.DueNowColumns, Protocol):
    """The fields of a reservation that `_document` reads, besides `_PLAIN` and `_INSTANTS`."""

    pk: int
    group_id: UUID | None
    replaces: int | None
    currency: str
    tariff: dict[str, Any] | None
    language: str | None
    guest_count: int
    children: list[int] | None
    partner: str
    reference: str | None
    metadata: dict[str, str] | None


_PLAIN = ("code", *GIVEN)
_INSTANTS = (
    "starts_at", "ends_at", "hold_expires_at", "created_at", "confirmed_at", "checked_in_at",
    "checked_out_at", "cancelled_at",
)  # fmt: skip
_plain, _instants = attrgetter(*_PLAIN), attrgetter(*_INSTANTS)

COLUMNS = (
    "pk", "group_id", "venue_id", "category_id", "price_minor", "paid_minor", "currency",
    "no_show_at", "expired_at", "replaces", "is_arrival_assumed", "is_departure_assumed",
    "is_no_show_released", "fee_due_minor", "cancel_free_until", "cancel_fee_minor", "tariff",
    "language", "children", "partner", "reference", "metadata", "due_now_minor",
    "asks_guarantee", "guaranteed_at", *_PLAIN, *_INSTANTS,
)  # fmt: skip
"""The columns to read for a list of reservations. Reading full model rows costs twice as much."""


def reservations(rows: Sequence[Any], now: datetime, *, by: Caller) -> list[dict[str, Any]]:
    """Returns the documents of many rows, in their order. Each row has the COLUMNS as named values.

    They are for `by`: not everybody sees the metadata.

    Two queries, however many rows, because venues and units are in memory.
    """
    taken: dict[int, list[_Took]] = {row.pk: [] for row in rows}
    found = Allocation.objects.filter(reservation__in=taken).order_by("pk")
    for key, unit, end, is_live in found.values_list(
        "reservation_id", "resource_id", "ends_at", "is_live"
    ):
        taken[key or 0].append(_Took(unit, end, is_live))
    # Read venues after the rows that refer to them, so that none is missing.
    venues = {venue.pk: venue for venue in catalogue.by_ids(row.venue_id for row in rows)}
    categories = {one.pk: one for venue in venues.values() for one in venue.categories.all()}
    documents = []
    warned = cautions.of(rows, venues, now)
    for row in rows:
        venue, category = venues[row.venue_id], categories[row.category_id]
        units = units_of(venue)
        shown = [units[took.resource_id] for took in _last(taken[row.pk])]
        # Instants stay datetimes here: the writer of the page formats them.
        told = _document(row, venue, category, shown, now, _instants(row), by)
        documents.append(told | {"warnings": _warnings(warned[row.pk])})
    return documents


def reservation(
    row: Reservation, now: datetime | None = None, *, by: Caller | None = None
) -> dict[str, Any]:
    """Returns the document of one reservation, as ReservationOut describes it.

    The status is that at `now`, by default at this moment. It is for `by`, and without metadata
    for nobody in particular.
    """
    taken = row.just_taken or list(row.allocations.select_related("resource").order_by("pk"))
    units = [unit_of(one.resource) for one in _last(taken)]
    instants, now = map(_instant, _instants(row)), now or clock.now()
    told = _document(row, row.venue, row.category, units, now, instants, by)
    return told | {"warnings": _warnings(cautions.of_one(row, now))}


def _warnings(found: Iterable[Caution]) -> list[dict[str, str]]:
    return [{"code": one.code, "detail": one.detail} for one in found]


def alternative(found: Alternative) -> dict[str, Any]:
    """Returns the document of one alternative. `resource` is None unless the request
    named a unit.
    """
    return {
        **times(found.window, found.category.venue),
        "category": found.category.code,
        "resource": unit_of(found.unit) if found.unit else None,
        "price": money(found.price_minor, found.category.venue.currency),
    }


def arrangement(found: Arrangement) -> dict[str, Any]:
    """Returns the document of an alternative for a group: one range, and one item for each
    reservation in the order of the request.
    """
    currency = found.places[0].category.venue.currency
    parts = ("category", "resource", "price")
    items = [alternative(place) for place in found.places]
    return {
        **times(found.window, found.places[0].category.venue),
        "items": [{part: item[part] for part in parts} for item in items],
        "price": money(found.price_minor, currency),
    }


def times(window: Window, venue: Venue) -> dict[str, str]:
    """Returns a range with the keys that a booking takes; for nights also the local dates."""
    told = {"starts_at": to_z(window.start), "ends_at": to_z(window.end)}
    if nights := modes.dates(venue, window):
        told |= {"check_in": nights[0].isoformat(), "check_out": nights[1].isoformat()}
    return told


def event(row: Event, *, with_data: bool) -> dict[str, Any]:
    """Returns the document of one event, as EventOut describes it. Without `with_data`, `data` is
    empty.
    """
    return {
        "name": row.name,
        "at": to_z(row.at),
        "recorded_at": to_z(row.recorded_at),
        "by": row.by_kind,
        "data": row.data if with_data else {},
    }


def etag(row: Reservation) -> str:
    """Returns the ETag of this version of a reservation, for If-Match."""
    return f'"{row.pk}-{row.version}"'


def _document(
    row: Shown,
    venue: Venue,
    category: Category,
    units: list[dict[str, Any]],
    now: datetime,
    instants: Iterable[datetime | str | None],
    by: Caller | None,
) -> dict[str, Any]:
    status = status_of(row, now)
    notes = row.metadata if row.metadata and may_see_notes(row.partner, venue.pk, by) else {}
    return {
        "id": str(row.pk),
        "group_id": str(row.group_id) if row.group_id else None,
        "venue": venue.slug,
        "category": category.code,
        "resource": units[0] if units else None,
        "resources": units,
        "time_zone": venue.time_zone,
        "replaces": None if row.confirmed_at or row.replaces is None else str(row.replaces),
        "language": languages.of_reservation(row.language, venue),
        "reference": row.reference,
        "metadata": notes,
        "adults": parties.adults_of(row),
        "children": parties.children_of(row),
        "status": status.word,
        "status_code": int(status),
        "price": money(row.price_minor, row.currency),
        "paid": money(row.paid_minor, row.currency),
        "due": money(owed.due(row, now), row.currency),
        "due_now": money(due_now.minor(row, now), row.currency),
        "lines": _lines(row, venue, category),
        "extras": price_lines.extras_of(row),
        "terms": prices.terms(payment_terms.as_sold(row.tariff), row.currency),
        "cancellation": prices.cancellation(owed.cancellation(row, now), row.currency),
        "nightly": _nightly(row, venue, category),
        **dict(zip(_PLAIN, _plain(row), strict=True)),
        **dict(zip(_INSTANTS, instants, strict=True)),
    }


def _lines(row: Shown, venue: Venue, category: Category) -> list[dict[str, Any]]:
    window = Window(row.starts_at, row.ends_at)
    return prices.lines(price_lines.of(row, venue, category), window, venue, category)


def _nightly(row: Shown, venue: Venue, category: Category) -> list[dict[str, Any]]:
    if not modes.sells_nights(venue):
        return []
    return [
        {"date": night.isoformat(), "price": money(amount, row.currency)}
        for night, amount in nightly.prices_of(row, venue, category)
    ]


class _Took(NamedTuple):
    """The columns of an allocation that a document needs."""

    resource_id: int
    ends_at: datetime
    is_live: bool


def _last(taken: Sequence[_Row]) -> list[_Row]:
    """Returns the live allocations that end last. Without a live one, returns the newest only."""
    if len(taken) == 1:
        return list(taken)
    shown = [one for one in taken if one.is_live] or list(taken[-1:])
    last = max((one.ends_at for one in shown), default=None)
    return [one for one in shown if one.ends_at == last]


def unit_of(unit: Resource) -> dict[str, Any]:
    """Returns the document of a unit. `id` is a string."""
    return {"id": str(unit.pk), "name": unit.name, "floor": unit.floor}


def units_of(venue: Venue) -> dict[int, dict[str, Any]]:
    """Returns the documents of all units of a venue, by id.

    The result is kept with the venue in memory: never change it. An availability has hundreds of
    units, a page of reservations one or two for each row.
    """
    return catalogue.derived(venue, "_units_shown", _shown)


def _shown(venue: Venue) -> dict[int, dict[str, Any]]:
    return {pk: unit_of(unit) for pk, unit in catalogue.units_by_id(venue).items()}


def _instant(value: datetime | None) -> str | None:
    return to_z(value) if value else None
