"""Explains why a range can or cannot be booked."""

from typing import Any, Literal

import ninja
from django.http import HttpResponse
from ninja import Query, Router

from api.auth import OPTIONAL, KnownRequest
from api.replies import reply
from api.schemas import Id, InstantOut, parse_id, to_z
from api.time_ranges import ANSWERS, Party, Range, times_of, told
from reservations import clock, records
from reservations.availability import explanations
from reservations.availability.busy import BusyRange
from reservations.rules import permissions

router = Router(tags=["venues"])


class RangeOfUnit(Range):
    guests: Party = 1
    resource: Id | None = None


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


@router.get(
    "/{slug:slug}/explain",
    operation_id="explainAvailability",
    auth=OPTIONAL,
    response={200: ExplainOut, **ANSWERS},
)
def explain(request: KnownRequest, slug: str, asked: Query[RangeOfUnit]) -> HttpResponse:
    """Say whether a range can be booked now, and if not, which rule or reservation prevents it."""
    venue = records.find_venue(slug)
    resource = None if asked.resource is None else parse_id(asked.resource)
    is_staff = permissions.is_staff(request.auth, venue.pk)
    why = explanations.explain(
        venue,
        times_of(asked),
        resource=resource,
        party=asked.guests,
        now=clock.now(),
        is_desk=is_staff,
    )
    return reply(
        {
            **told(why.window),
            "bookable": why.refusal is None,
            "code": why.refusal.code if why.refusal else None,
            "detail": why.refusal.detail if why.refusal else None,
            "against": [_against(row, is_staff=is_staff) for row in why.against],
        }
    )


def _against(row: BusyRange, *, is_staff: bool) -> dict[str, Any]:
    kind = "closure" if row.is_closure else "hold" if row.is_held else "reservation"
    return {
        "kind": kind,
        "resource": str(row.unit),
        "starts_at": to_z(row.start),
        "ends_at": to_z(row.end),
        **({"reservation": str(row.reservation)} if is_staff and row.reservation else {}),
    }
