"""The plan of a venue over HTTP: each unit in its place, and how it stands in a range."""

from typing import Any, Literal

import ninja
from django.http import HttpResponse
from ninja import Query, Router

from api.auth import OPTIONAL, KnownRequest, is_staff_of
from api.presenting import UnitOut, reply, unit_of
from api.ranges import ANSWERS, Steps, heading, told, window_of
from api.schemas import InstantOut
from guests.callers import Caller
from reservations import clock, judging, reading
from reservations.board import Taken
from reservations.models import Reservation
from venues.models import Resource, Venue

router = Router(tags=["venues"])


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


@router.get("/{slug:slug}/plan", auth=OPTIONAL, response={200: PlanOut, **ANSWERS})
def read_plan(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """Every unit with its place and its state in a range; now where no range is given."""
    venue, now = judging.find_venue(slug), clock.now()
    window = window_of(asked, now)
    found = reading.board(venue, window, now=now)
    rows = {unit.pk: found.taken(unit.pk, window) for unit in found.units}
    known = _for_staff(rows, venue, request.auth)
    units = [_plan_unit(unit, rows[unit.pk], known) for unit in found.units]
    return reply({**heading(venue), **told(window), "units": units})


def _for_staff(rows: dict[int, list[Taken]], venue: Venue, by: Caller) -> dict[int, dict[str, str]]:
    """Vehicle and guest of each reservation in the rows, for staff; nothing for anybody else."""
    if not is_staff_of(by, venue.pk):
        return {}
    ids = {row.reservation for taken in rows.values() for row in taken if row.reservation}
    found = Reservation.objects.filter(pk__in=ids)
    names = found.values_list("pk", "vehicle_plate", "first_name", "last_name")
    return {
        pk: {"vehicle": plate, "guest": f"{first_name} {last_name}"}
        for pk, plate, first_name, last_name in names
    }


def _plan_unit(
    unit: Resource, taken: list[Taken], known: dict[int, dict[str, str]]
) -> dict[str, Any]:
    placed = unit.plan_x is not None and unit.plan_y is not None
    return {
        **unit_of(unit),
        "category": unit.category.code,
        "capacity": unit.capacity,
        "place": {"x": unit.plan_x, "y": unit.plan_y} if placed else None,
        "state": _state(taken),
        **next((known[row.reservation] for row in taken if row.reservation in known), {}),
    }


def _state(taken: list[Taken]) -> str:
    if not taken:
        return "free"
    if any(not row.is_closure and not row.is_held for row in taken):
        return "taken"
    return "held" if any(row.is_held for row in taken) else "closed"
