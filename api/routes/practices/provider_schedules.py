"""Schedules of providers: added, read and taken back, in blocks of local days."""

from datetime import date, time
from functools import partial
from typing import Annotated, Any

import ninja
import orjson
from django.http import HttpResponse
from ninja import Query, Status
from pydantic import BeforeValidator, Field, WithJsonSchema

from api import idempotency_keys
from api.auth import KnownRequest
from api.idempotency_keys import Key
from api.replies import reply
from api.routes.practices import providers
from api.routes.practices.providers import STAFF
from api.schemas import Day, LocalTime, Schema, parse_id, problems, zone
from reservations import clock
from reservations.errors import Invalid
from reservations.idempotency import Answer
from reservations.inventory import schedules
from reservations.inventory.schedules import Block
from reservations.models import Reservation
from reservations.rules.permissions import judge_staff
from venues.models import Resource

router = providers.router
"""The router of `providers`: their addresses begin alike."""


def _midnight(value: Any) -> Any:
    return "00:00" if value in ("24:00", "24:00:00") else value


EndTime = Annotated[
    LocalTime,
    BeforeValidator(_midnight),
    WithJsonSchema({"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(:00)?$"}),
]
"""Received: a local time at which something ends. `24:00` and `00:00` are midnight."""


class BlockIn(Schema):
    """Local times of the provider, `HH:MM`, on one day: an `end` of `24:00` or `00:00` is midnight.

    The date must not be past in their time zone. What goes past midnight is another block, of the
    next date.
    """

    date: Day
    start: LocalTime
    end: EndTime


class ScheduleIn(Schema):
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    blocks: Annotated[list[BlockIn], Field(min_length=1, max_length=schedules.MOST_BLOCKS)]


class BlockOut(ninja.Schema):
    """`id` is null for weekly hours, which the desk keeps. An `end` of midnight is `24:00`."""

    id: int | None
    date: date
    start: str
    end: str


class ScheduleOut(ninja.Schema):
    """All blocks of the days that you sent."""

    time_zone: str
    blocks: list[BlockOut]


class BlockOfSchedule(BlockOut):
    """`outside_hours`: ids of the day's reservations that do not lie within the hours."""

    outside_hours: list[str]


class ScheduleListOut(ninja.Schema):
    """`outside_hours` names all reservations to come that do not lie within the hours."""

    time_zone: str
    items: list[BlockOfSchedule]
    outside_hours: list[str]


class ScheduleQuery(Schema):
    """Dates in the provider's time zone, both included. Without `from`, from today."""

    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


@router.post(
    "/providers/{provider_id}/schedule",
    operation_id="addSchedule",
    auth=STAFF,
    response={201: ScheduleOut, **problems(400, 401, 403, 404, 413, 422)},
)
def add_schedule(
    request: KnownRequest, provider_id: str, data: ScheduleIn, idempotency_key: Key = None
) -> HttpResponse:
    """Add blocks to a provider's schedule, on one or several days. Earlier blocks stay."""
    key = parse_id(provider_id)
    there = zone(data.time_zone, field="time_zone").key if data.time_zone else ""
    blocks = [Block(block.date, block.start, block.end) for block in data.blocks]
    by = request.auth
    act = partial(schedules.add_blocks, provider_id=key, blocks=blocks, time_zone=there, by=by)

    def render(found: list[Block]) -> Answer:
        zone_of_provider = schedules.find_provider(key).zone.key
        return _made({"time_zone": zone_of_provider, "blocks": [_block(one) for one in found]})

    return idempotency_keys.carried_out(request, act, by=by, render=render)


@router.get(
    "/providers/{provider_id}/schedule",
    operation_id="getSchedule",
    auth=STAFF,
    response={200: ScheduleListOut, **problems(401, 403, 404, 422)},
)
def read_schedule(
    request: KnownRequest, provider_id: str, asked: Query[ScheduleQuery]
) -> HttpResponse:
    """Return a provider's blocks by date, with the reservations outside their hours."""
    unit, now = schedules.find_provider(parse_id(provider_id)), clock.now()
    judge_staff(unit.venue_id, request.auth)
    first = asked.first or now.astimezone(unit.zone).date()
    if asked.last is not None and asked.last < first:
        raise Invalid("to", "This date is before the first.")
    outside = schedules.outside_hours(unit, now)
    blocks = schedules.blocks_of(unit, first, asked.last)
    touched = _by_block(unit, blocks, outside)
    return reply(
        {
            "time_zone": unit.zone.key,
            "items": [
                {**_block(one), "outside_hours": touched.get(number, [])}
                for number, one in enumerate(blocks)
            ],
            "outside_hours": [str(row.pk) for row in outside],
        }
    )


@router.delete(
    "/providers/{provider_id}/schedule",
    operation_id="deleteSchedule",
    auth=STAFF,
    response={204: None, **problems(401, 403, 404)},
)
def delete_schedule(request: KnownRequest, provider_id: str) -> Status[None]:
    """Take a provider's whole schedule back. Appointments stay."""
    schedules.remove_blocks(provider_id=parse_id(provider_id), by=request.auth)
    return Status(204, None)


@router.delete(
    "/providers/{provider_id}/schedule/{block_id}",
    operation_id="deleteBlock",
    auth=STAFF,
    response={204: None, **problems(401, 403, 404)},
)
def delete_block(request: KnownRequest, provider_id: str, block_id: str) -> Status[None]:
    """Take one block out of a provider's schedule. Its appointments stay."""
    schedules.remove_blocks(
        provider_id=parse_id(provider_id), block_id=parse_id(block_id), by=request.auth
    )
    return Status(204, None)


def _by_block(
    unit: Resource, blocks: list[Block], outside: list[Reservation]
) -> dict[int, list[str]]:
    """Ids of reservations by the place of their day's nearest block. Others are left out."""
    found: dict[int, list[str]] = {}
    for row in outside:
        start = row.starts_at.astimezone(unit.zone)
        near = [
            (abs(_minutes(block.start) - _minutes(start.time())), number)
            for number, block in enumerate(blocks)
            if block.date == start.date()
        ]
        if near:
            found.setdefault(min(near)[1], []).append(str(row.pk))
    return found


def _minutes(clock_time: time) -> int:
    return clock_time.hour * 60 + clock_time.minute


def _made(document: dict[str, Any]) -> Answer:
    return Answer(201, orjson.dumps(document).decode())


def _block(block: Block) -> dict[str, Any]:
    end = "24:00" if block.end == schedules.MIDNIGHT else f"{block.end:%H:%M}"
    return {
        "id": block.id,
        "date": block.date.isoformat(),
        "start": f"{block.start:%H:%M}",
        "end": end,
    }
