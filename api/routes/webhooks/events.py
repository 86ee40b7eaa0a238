"""What happens, for partners' systems: the catalogue of types, and the feed."""

import base64
import binascii
from typing import Annotated, Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from api.auth import OPTIONAL, KnownRequest, allow
from api.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from api.replies import reply
from api.schemas import LARGEST_ID, InstantOut, Schema, problems
from hooks import catalogue, fan_out, feed
from hooks.errors import EventsExpired
from hooks.models import FeedEntry
from reservations.errors import Invalid, NotFound
from venues.models import Venue

router = Router(tags=["webhooks"])


class EventTypeOut(Schema):
    """A type of event."""

    type: Annotated[str, Field(description="Its name, which never changes.")]
    description: Annotated[str, Field(description="What happened.")]
    data: Annotated[dict[str, Any], Field(description="The JSON schema of `data` in its body.")]


class EventTypePage(Schema):
    items: list[EventTypeOut]
    next_cursor: str | None


class FeedFilter(Schema):
    """Which events of the feed, and from where."""

    after: Annotated[
        str | None,
        Field(
            max_length=40,
            description="`next_after` of the page before; left out: the oldest kept.",
        ),
    ] = None
    venue: Annotated[
        str | None, Field(max_length=80, description="Of this venue of yours (slug).")
    ] = None
    type: Annotated[str | None, Field(max_length=60, description="Of this type alone.")] = None
    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT


class FeedEventOut(Schema):
    """An event, as a webhook's body has it."""

    id: Annotated[str, Field(description="The `webhook-id` of its webhooks.")]
    type: Annotated[str, Field(description="The type of event.")]
    timestamp: Annotated[InstantOut, Field(description="When it happened.")]
    data: Annotated[dict[str, Any], Field(description="What happened, as `GET /event-types` says.")]


class FeedPage(Schema):
    items: list[FeedEventOut]
    next_after: Annotated[
        str | None,
        Field(description="Ask with it for what follows. An empty page repeats it."),
    ]


@router.get(
    "/event-types",
    operation_id="listEventTypes",
    auth=OPTIONAL,
    response={200: EventTypePage, **problems(401, 503)},
)
def types(request: HttpRequest) -> HttpResponse:
    """List the types of events, each with the shape of its data. New ones and fields are added."""
    items = [
        {"type": one.name, "description": one.description, "data": catalogue.schema_of(one)}
        for one in catalogue.TYPES.values()
    ]
    return reply({"items": items, "next_cursor": None})


@router.get(
    "/events",
    operation_id="listEvents",
    auth=allow("partner", scope="reservations:read"),
    response={200: FeedPage, **problems(401, 403, 404, 410, 422, 503)},
)
def events(request: KnownRequest, asked: Query[FeedFilter]) -> HttpResponse:
    """Read what happened to your reservations and venues, oldest first.

    Nothing is ever inserted behind an answer: keep `next_after`, and ask for what follows. 410
    `events_expired`: some of that is deleted. It has the `next_after` to go on with.
    """
    caller = request.auth
    venue_ids = caller.venue_ids
    if asked.venue is not None:
        key = Venue.objects.filter(slug=asked.venue).values_list("pk", flat=True).first()
        if key is None or not caller.may_run(key):
            raise NotFound
        venue_ids = frozenset({key})
    if asked.type is not None and asked.type not in catalogue.TYPES:
        raise Invalid("type", "There is no such type of event.")
    try:
        rows = feed.page(
            caller.partner or "",
            after=0 if asked.after is None else _read(asked.after),
            limit=asked.limit,
            venue_ids=venue_ids,
            type_name=asked.type or "",
        )
    except EventsExpired as refusal:
        refusal.facts |= {
            "next_after": _write(refusal.position),
            "kept_days": settings.FEED_KEPT.days,
        }
        raise
    last = _write(rows[-1].position or 0) if rows else asked.after
    return reply({"items": [_shown(row) for row in rows], "next_after": last})


def _shown(row: FeedEntry) -> dict[str, Any]:
    return {"id": fan_out.webhook_id(row.event_id), **orjson.loads(row.body)}


def _write(position: int) -> str:
    return base64.urlsafe_b64encode(f"e{position}".encode()).decode().rstrip("=")


def _read(after: str) -> int:
    try:
        text = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True)
        position = int(text.removeprefix(b"e"))
    except (binascii.Error, ValueError):
        position = 0
    if not 1 <= position <= LARGEST_ID or _write(position) != after:
        raise Invalid("after", "This is not valid. Use `next_after` of an earlier answer.")
    return position
