"""Availability: of one range, of the nights or days of a month, and of the slots of some days."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import ninja
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from api import replies
from api.auth import OPTIONAL, KnownRequest
from api.documents import UnitOut, units_of
from api.replies import reply
from api.schemas import Day, InstantOut, Money, Schema, money, zone
from api.time_ranges import ANSWERS, Category, Party, Range, heading, times_of, told
from reservations import clock, records
from reservations.availability import calendar_days, offers
from reservations.availability import slots as availability
from reservations.errors import Refusal
from reservations.rules import modes, permissions
from venues.hours import Window
from venues.models import Venue

router = Router(tags=["venues"])

MOST_DAYS = 31
"""Days in one request for slots."""


class RangeOfParty(Range):
    guests: Party = 1
    category: Category | None = None


class WhyNot(ninja.Schema):
    code: str
    detail: str


class NamedOut(ninja.Schema):
    """A free unit with a price of its own."""

    resource: UnitOut
    price: Money


class CategoryOffer(ninja.Schema):
    """`free` counts the units that can be booked. `units` are free without moving another guest.

    `named` are free units with prices of their own, beyond those: booked by `resource` alone.
    """

    code: str
    name: str
    free: int
    units: list[UnitOut]
    price: Money
    named: list[NamedOut]


class AvailabilityOut(ninja.Schema):
    """`free` leaves out categories that are given on request only, unless you named one."""

    venue: str
    time_zone: str
    starts_at: InstantOut
    ends_at: InstantOut
    free: int
    categories: list[CategoryOffer]
    refusal: WhyNot | None


@router.get(
    "/{slug:slug}/availability",
    operation_id="getAvailability",
    auth=OPTIONAL,
    response={200: AvailabilityOut, **ANSWERS},
)
def read_availability(request: KnownRequest, slug: str, asked: Query[RangeOfParty]) -> HttpResponse:
    """Count the free units for one range, with units and price by category."""
    venue = records.find_venue(slug)
    found = offers.of_range(
        venue,
        times_of(asked),
        party=asked.guests,
        category=asked.category,
        now=clock.now(),
        is_desk=permissions.is_staff(request.auth, venue.pk),
    )
    counted = [
        offer for offer in found.offers if asked.category or not offer.category.is_on_request
    ]
    return reply(
        {
            **heading(venue),
            **told(found.window),
            "free": sum(offer.count for offer in counted),
            "categories": [_offer(offer, venue) for offer in found.offers],
            "refusal": _why(found.refusal),
        }
    )


class MonthQuery(Schema):
    month: Annotated[str, Field(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$")]
    category: Category | None = None


class CalendarDayOut(ninja.Schema):
    date: date
    capacity: int
    free: int
    lowest_price: Money | None


class CalendarOut(ninja.Schema):
    venue: str
    time_zone: str
    items: list[CalendarDayOut]


@router.get(
    "/{slug:slug}/calendar",
    operation_id="getCalendar",
    auth=OPTIONAL,
    response={200: CalendarOut, **ANSWERS},
)
def read_calendar(request: KnownRequest, slug: str, asked: Query[MonthQuery]) -> HttpResponse:
    """List the nights or days of a month with capacity, free units and lowest price."""
    venue, now = records.find_venue(slug), clock.now()
    first = date.fromisoformat(f"{asked.month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def document() -> dict[str, Any]:
        days = calendar_days.calendar(venue, first, last, now=now, category=asked.category)
        return {**heading(venue), "items": [_calendar_day(day, venue) for day in days]}

    return replies.answer(request, asked, venue, now, document)


class Days(Schema):
    """`tz` is the time zone of `date`, by default the venue's. Instants are always UTC."""

    date: Day | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 1
    tz: Annotated[str, Field(max_length=64)] | None = None
    category: Category | None = None


class SlotOut(ninja.Schema):
    resource: UnitOut
    starts_at: InstantOut
    ends_at: InstantOut
    state: Literal["free", "taken", "past", "closed"]


class SlotsOut(ninja.Schema):
    venue: str
    time_zone: str
    items: list[SlotOut]


@router.get(
    "/{slug:slug}/slots",
    operation_id="listSlots",
    auth=OPTIONAL,
    response={200: SlotsOut, **ANSWERS},
)
def read_slots(request: KnownRequest, slug: str, asked: Query[Days]) -> HttpResponse:
    """List the slots of each unit for some days, by default for today only."""
    venue, now = records.find_venue(slug), clock.now()
    there = zone(asked.tz, field="tz") if asked.tz else venue.zone
    first = asked.date or now.astimezone(there).date()
    within = modes.days(first, first + timedelta(days=asked.days - 1), there)

    def document() -> dict[str, Any]:
        slots = availability.slots(venue, within, now=now, category=asked.category)
        return {**heading(venue), "items": _slots(slots, venue)}

    return replies.answer(request, asked, venue, now, document)


def _slots(slots: Iterable[availability.Slot], venue: Venue) -> list[dict[str, Any]]:
    """Makes the document of each slot. A day has thousands of slots but few units and ranges, so
    each unit and range is written once.
    """
    units = units_of(venue)
    ranges: dict[Window, dict[str, str]] = {}
    items: list[dict[str, Any]] = []
    for unit, window, state in slots:
        if window not in ranges:
            ranges[window] = told(window)
        items.append({"resource": units[unit.id], **ranges[window], "state": state})
    return items


def _why(refusal: Refusal | None) -> dict[str, str] | None:
    return {"code": refusal.code, "detail": refusal.detail} if refusal else None


def _offer(offer: offers.Offer, venue: Venue) -> dict[str, Any]:
    shown = units_of(venue)
    return {
        "code": offer.category.code,
        "name": offer.category.name,
        "free": offer.count,
        "units": [shown[unit.id] for unit in offer.units],
        "price": money(offer.price_minor, venue.currency),
        "named": [
            {"resource": shown[one.unit.id], "price": money(one.price_minor, venue.currency)}
            for one in offer.named
        ],
    }


def _calendar_day(day: calendar_days.CalendarDay, venue: Venue) -> dict[str, Any]:
    price = day.lowest_price_minor
    return {
        "date": day.day.isoformat(),
        "capacity": day.capacity,
        "free": day.free,
        "lowest_price": None if price is None else money(price, venue.currency),
    }
