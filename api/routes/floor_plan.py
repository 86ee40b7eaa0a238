"""The floor plan of a venue: the place of each unit and its state in a range."""

from typing import Any, Literal

import ninja
from django.http import HttpResponse
from ninja import Query, Router

from api.auth import OPTIONAL, KnownRequest
from api.documents import UnitOut, unit_of
from api.replies import reply
from api.schemas import InstantOut, to_z
from api.time_ranges import ANSWERS, Steps, heading, told, window_of
from reservations import clock, records
from reservations.availability import floor_plan
from reservations.availability.floor_plan import Standing
from reservations.rules import permissions

router = Router(tags=["venues"])


class PlanUnit(UnitOut):
    """Only staff of the venue receive `vehicle` and `guest`.

    `is_overstay` says that a guest is still in the unit whose end has passed, and `since` when that
    guest arrived on it (else null). A range that does not contain now has no such units.
    """

    category: str
    capacity: int
    place: dict[str, float] | None
    state: Literal["free", "taken", "held", "closed"]
    is_overstay: bool
    since: InstantOut | None
    vehicle: str | None = None
    guest: str | None = None


class PlanOut(ninja.Schema):
    venue: str
    time_zone: str
    starts_at: InstantOut
    ends_at: InstantOut
    units: list[PlanUnit]


@router.get(
    "/{slug:slug}/plan",
    operation_id="getFloorPlan",
    auth=OPTIONAL,
    response={200: PlanOut, **ANSWERS},
)
def read_plan(request: KnownRequest, slug: str, asked: Query[Steps]) -> HttpResponse:
    """List every unit with its place and its state in a range, by default now."""
    venue, now = records.find_venue(slug), clock.now()
    window = window_of(asked, now)
    found = floor_plan.stand(
        venue, window, now=now, is_for_staff=permissions.is_staff(request.auth, venue.pk)
    )
    units = [_plan_unit(standing) for standing in found]
    return reply({**heading(venue), **told(window), "units": units})


def _plan_unit(standing: Standing) -> dict[str, Any]:
    unit = standing.unit
    placed = unit.plan_x is not None and unit.plan_y is not None
    known = {"vehicle": standing.vehicle, "guest": standing.guest}
    return {
        **unit_of(unit),
        "category": unit.category.code,
        "capacity": unit.capacity,
        "place": {"x": unit.plan_x, "y": unit.plan_y} if placed else None,
        "state": standing.state,
        "is_overstay": standing.is_overstay,
        "since": to_z(standing.since) if standing.since else None,
        **(known if standing.guest is not None else {}),
    }
