"""Reading a venue's time: availability, calendar, slots, occupancy, plan, explain, quote, stats."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import ninja
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from api.auth import OPTIONAL, KnownRequest
from api.presenting import UnitOut, reply, unit_of
from api.schemas import (
    Day,
    Id,
    Instant,
    InstantOut,
    Money,
    Schema,
    money,
    parse_id,
    problems,
    to_z,
    zone,
)
from guests.callers import Caller
from reservations import (
    availability,
    board,
    clock,
    drafting,
    explaining,
    judging,
    occupancy,
    quotes,
)
from reservations.board import Taken
from reservations.errors import Invalid, Refusal
from reservations.models import Reservation
from reservations.requests import Times
from venues.hours import Window
from venues.models import Resource, Venue

router = Router(tags=["venues"])

MOST_DAYS = 31
STATS_DAYS = 90

Party = Annotated[int, Field(ge=1, le=32_767)]
Category = Annotated[str, Field(max_length=40)]


class Range(Schema):
    """Instants, or the dates of nights."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    check_in: Day | None = None
    check_out: Day | None = None


class RangeOfParty(Range):
    guests: Party = 1
    category: Category | None = None


class RangeOfUnit(Range):
    guests: Party = 1
    resource: Id | None = None


class QuoteIn(Range):
    guest_count: Annotated[int, Field(ge=1, le=32_767, strict=True)] = 1
    category: Category | None = None


class Month(Schema):
    month: Annotated[str, Field(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$")]
    category: Category | None = None


class Days(Schema):
    """`tz` is the zone in which `date` is meant, the venue's unless given; instants stay UTC."""

    date: Day | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 1
    tz: Annotated[str, Field(max_length=64)] | None = None
    category: Category | None = None


class Steps(Schema):
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    step: Annotated[int, Field(ge=60, le=31_622_400)] | None = None


class WhyNot(ninja.Schema):
    code: str
    detail: str


class CategoryOffer(ninja.Schema):
    """`free` counts what can still be booked; `units` are free without moving anyone."""

    code: str
    name: str
    free: int
    units: list[UnitOut]
    price: Money


class AvailabilityOut(ninja.Schema):
    """`free` counts what anybody may have: not what is given on request, unless it was named."""

    venue: str
    time_zone: str
    starts_at: InstantOut
    ends_at: InstantOut
    free: int
    categories: list[CategoryOffer]
    refusal: WhyNot | None


class CalendarDayOut(ninja.Schema):
    date: date
    capacity: int
    free: int
    lowest_price: Money | None


class CalendarOut(ninja.Schema):
    venue: str
    time_zone: str
    items: list[CalendarDayOut]


class SlotOut(ninja.Schema):
    resource: UnitOut
    starts_at: InstantOut
    ends_at: InstantOut
    state: Literal["free", "taken", "past", "closed"]


class SlotsOut(ninja.Schema):
    venue: str
    time_zone: str
    items: list[SlotOut]


class OccupancyStep(ninja.Schema):
    """Shares of unit-time taken, from 0 to 1."""

    starts_at: InstantOut
    ends_at: InstantOut
    rate: float
    floors: dict[str, float]
    categories: dict[str, float]


class OccupancyOut(ninja.Schema):
    venue: str
    time_zone: str
    items: list[OccupancyStep]


class PlanUnit(UnitOut):
    """`vehicle` and `guest` are told to staff of the venue only."""

    category: str
    capacity: int
    place: dict[str, float] | None
    state: Literal["free", "taken", "held", "closed"]
    vehicle: str | None = None
    guest: str | None = None


class PlanOut(ninja.Schema):
    venue: str
    time_zone: str
    starts_at: InstantOut
    ends_at: InstantOut
    units: list[PlanUnit]


class Against(ninja.Schema):
    kind: Literal["reservation", "hold", "closure"]
    resource: str
    starts_at: InstantOut
    ends_at: InstantOut
    reservation: str | None = None


class ExplainOut(ninja.Schema):
    bookable: bool
    starts_at: InstantOut
    ends_at: InstantOut
    code: str | None
    detail: str | None
    against: list[Against]


class QuoteLine(ninja.Schema):
    label: str
    price: Money


class QuoteOut(ninja.Schema):
    quote: str
    category: str
    starts_at: InstantOut
    ends_at: InstantOut
    price: Money
    items: list[QuoteLine]
    expires_at: InstantOut


class StatsOut(ninja.Schema):
    """Of the last 90 days, in the venue's zone: unit-hours taken by hour and by weekday (0 is
    Monday), the fullest hours, and the share of guests who did not come.
    """

    venue: str
    time_zone: str
    starts_at: InstantOut
    ends_at: InstantOut
    reservations: int
    peak_hours: list[int]
    by_hour: dict[str, float]
    by_weekday: dict[str, float]
    no_show_share: float | None


_ANSWERS = problems(400, 401, 404, 422)


@router.get("/{slug:slug}/availability", auth=OPTIONAL, response={200: AvailabilityOut, **_ANSWERS})
def read_availability(request: KnownRequest, slug: str, asked: Query[RangeOfParty]) -> HttpResponse:
    """Free units, and counts and prices per category, for one whole range."""
    venue = judging.find_venue(slug)
    found = availability.of_range(
        venue, _times(asked), party=asked.guests, category=asked.category, now=clock.now()
    )
    counted = [
        offer for offer in found.offers if asked.category or not offer.category.is_on_request
    ]
    return reply(
        {
            **_of(venue),
            **_range(found.window),
            "free": sum(offer.count for offer in counted),
            "categories": [_offer(offer, venue) for offer in found.offers],
            "refusal": _why(found.refusal),
        }
    )


@router.get("/{slug:slug}/calendar", auth=OPTIONAL, response={200: CalendarOut, **_ANSWERS})
def read_calendar(request: KnownRequest, slug: str, asked: Query[Month]) -> HttpResponse:
    """Each night, or day, of a month: capacity, free count, lowest price."""
    venue = judging.find_venue(slug)
    first = date.fromisoformat(f"{asked.month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    days = availability.calendar(venue, first, last, now=clock.now(), category=asked.category)
    return reply({**_of(venue), "items": [_calendar_day(day, venue) for day in days]})


@router.get("/{slug:slug}/slots", auth=OPTIONAL, response={200: SlotsOut, **_ANSWERS})
def read_slots(request: KnownRequest, slug: str, asked: Query[Days]) -> HttpResponse:
    """The grid of units and slots for some days, from today where no date is given."""
    venue = judging.find_venue(slug)
    now = clock.now()
    there = zone(asked.tz, field="tz") if asked.tz else venue.zone
    first = asked.date or now.astimezone(there).date()
    within = availability.days(first, first + timedelta(days=asked.days - 1), there)
    slots = availability.slots(venue, within, now=now, category=asked.category)
    return reply(
        {
            **_of(venue),
            "items": [
                {"resource": unit_of(slot.unit), **_range(slot.window), "state": slot.state}
                for slot in slots
            ],
        }
    )


@router.get("/{slug:slug}/occupancy", auth=OPTIONAL, response={200: OccupancyOut, **_ANSWERS})
def read_occupancy(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """The share of unit-time taken, in total, per floor and per category; now where no range is."""
    venue, now = judging.find_venue(slug), clock.now()
    step = timedelta(seconds=asked.step) if asked.step else None
    steps = occupancy.over(venue, _window(asked, now), step, now=now)
    return reply({**_of(venue), "items": [_occupancy(step) for step in steps]})


@router.get("/{slug:slug}/plan", auth=OPTIONAL, response={200: PlanOut, **_ANSWERS})
def read_plan(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """Every unit with its place and its state in a range; now where no range is given."""
    venue, now = judging.find_venue(slug), clock.now()
    window = _window(asked, now)
    found = board.load(venue, window, now=now)
    rows = {unit.pk: found.taken(unit.pk, window) for unit in found.units}
    told = _for_staff(rows, venue, request.auth)
    units = [_plan_unit(unit, rows[unit.pk], told) for unit in found.units]
    return reply({**_of(venue), **_range(window), "units": units})


@router.get("/{slug:slug}/explain", auth=OPTIONAL, response={200: ExplainOut, **_ANSWERS})
def explain(request: KnownRequest, slug: str, asked: Query[RangeOfUnit]) -> HttpResponse:
    """Whether a range can be booked now, and if not which rule or which taken time is against."""
    venue = judging.find_venue(slug)
    resource = None if asked.resource is None else parse_id(asked.resource)
    why = explaining.explain(
        venue, _times(asked), resource=resource, party=asked.guests, now=clock.now()
    )
    is_staff = _is_staff(request.auth, venue)
    return reply(
        {
            **_range(why.window),
            "bookable": why.refusal is None,
            "code": why.refusal.code if why.refusal else None,
            "detail": why.refusal.detail if why.refusal else None,
            "against": [_against(row, is_staff=is_staff) for row in why.against],
        }
    )


@router.post("/{slug:slug}/quote", auth=OPTIONAL, response={200: QuoteOut, **_ANSWERS})
def quote(request: KnownRequest, slug: str, data: QuoteIn) -> HttpResponse:
    """The price of a range, line by line, promised for fifteen minutes by a token."""
    venue, now = judging.find_venue(slug), clock.now()
    window = judging.resolve(venue, _times(data), now)
    judging.judge_policy(venue, window, now)
    categories = drafting.categories_for(venue, data.category, data.guest_count, window)
    if not categories:
        raise Invalid("category", "This venue has nothing to sell.")
    made = quotes.quote(venue, categories[0], window, data.guest_count, now=now)
    lines = [
        {"label": item.label, "price": money(item.amount_minor, venue.currency).model_dump()}
        for item in made.items
    ]
    return reply(
        {
            "quote": made.token,
            "category": categories[0].code,
            **_range(window),
            "price": money(made.amount_minor, venue.currency).model_dump(),
            "items": lines,
            "expires_at": to_z(made.expires_at),
        }
    )


@router.get("/{slug:slug}/stats", auth=OPTIONAL, response={200: StatsOut, **_ANSWERS})
def read_stats(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """What is usual: peak hours, use by hour and weekday, and the share of no-shows."""
    venue, now = judging.find_venue(slug), clock.now()
    window = Window(
        asked.starts_at or (asked.ends_at or now) - timedelta(days=STATS_DAYS),
        asked.ends_at or now,
    )
    found = occupancy.stats(venue, window, now=now)
    return reply({**_of(venue), **_range(found.window), **stats_of(found)})


def stats_of(found: occupancy.Stats) -> dict[str, Any]:
    """What is usual, as it goes out."""
    return {
        "reservations": found.reservations,
        "peak_hours": found.peak_hours,
        "by_hour": {str(hour): share for hour, share in found.by_hour.items()},
        "by_weekday": {str(day): share for day, share in found.by_weekday.items()},
        "no_show_share": found.no_show_share,
    }


def _times(asked: Range) -> Times:
    return Times(
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        check_in=asked.check_in,
        check_out=asked.check_out,
        # Without a start the question is a walk-in's: from this moment on.
        from_now=True,
    )


def _window(asked: Steps, now: datetime) -> Window:
    """The range asked about; this moment, a minute long, where none is."""
    start = asked.starts_at or now
    end = asked.ends_at or start + timedelta(minutes=1)
    window = Window(start, end)
    occupancy.judge(window)
    return window


def _of(venue: Venue) -> dict[str, str]:
    return {"venue": venue.slug, "time_zone": venue.time_zone}


def _range(window: Window) -> dict[str, str]:
    return {"starts_at": to_z(window.start), "ends_at": to_z(window.end)}


def _why(refusal: Refusal | None) -> dict[str, str] | None:
    return {"code": refusal.code, "detail": refusal.detail} if refusal else None


def _offer(offer: availability.Offer, venue: Venue) -> dict[str, Any]:
    return {
        "code": offer.category.code,
        "name": offer.category.name,
        "free": offer.count,
        "units": [unit_of(unit) for unit in offer.units],
        "price": money(offer.price_minor, venue.currency).model_dump(),
    }


def _calendar_day(day: availability.CalendarDay, venue: Venue) -> dict[str, Any]:
    price = day.lowest_price_minor
    return {
        "date": day.day.isoformat(),
        "capacity": day.capacity,
        "free": day.free,
        "lowest_price": None if price is None else money(price, venue.currency).model_dump(),
    }


def _occupancy(step: occupancy.Step) -> dict[str, Any]:
    return {
        **_range(step.window),
        "rate": step.taken,
        "floors": {str(floor): share for floor, share in step.by_floor.items()},
        "categories": step.by_category,
    }


def _is_staff(by: Caller, venue: Venue) -> bool:
    return by.kind in ("staff", "administrator") and by.may_run(venue.pk)


def _for_staff(rows: dict[int, list[Taken]], venue: Venue, by: Caller) -> dict[int, dict[str, str]]:
    """Vehicle and guest of each reservation in the rows, for staff; nothing for anybody else."""
    if not _is_staff(by, venue):
        return {}
    ids = {row.reservation for taken in rows.values() for row in taken if row.reservation}
    found = Reservation.objects.filter(pk__in=ids)
    names = found.values_list("pk", "vehicle_plate", "first_name", "last_name")
    return {
        pk: {"vehicle": plate, "guest": f"{first_name} {last_name}"}
        for pk, plate, first_name, last_name in names
    }


def _plan_unit(
    unit: Resource, taken: list[Taken], told: dict[int, dict[str, str]]
) -> dict[str, Any]:
    placed = unit.plan_x is not None and unit.plan_y is not None
    return {
        **unit_of(unit),
        "category": unit.category.code,
        "capacity": unit.capacity,
        "place": {"x": unit.plan_x, "y": unit.plan_y} if placed else None,
        "state": _state(taken),
        **next((told[row.reservation] for row in taken if row.reservation in told), {}),
    }


def _state(taken: list[Taken]) -> str:
    if not taken:
        return "free"
    if any(not row.is_closure and not row.is_held for row in taken):
        return "taken"
    return "held" if any(row.is_held for row in taken) else "closed"


def _against(row: Taken, *, is_staff: bool) -> dict[str, Any]:
    kind = "closure" if row.is_closure else "hold" if row.is_held else "reservation"
    return {
        "kind": kind,
        "resource": str(row.unit),
        "starts_at": to_z(row.start),
        "ends_at": to_z(row.end),
        **({"reservation": str(row.reservation)} if is_staff and row.reservation else {}),
    }
