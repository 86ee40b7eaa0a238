"""The JSON documents of endpoints and deliveries, and what is received about them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.paging import Page
from api.schemas import Instant, InstantOut, Schema, to_z
from hooks.endpoints import MOST_VENUES
from hooks.models import Endpoint
from notices.models import Delivery
from notices.outbound_http import LONGEST_ADDRESS

Address = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_ADDRESS,
        description="Where events are sent: https, without user name and fragment, and not inward.",
        examples=["https://hooks.example.com/holdfast"],
    ),
]
Events = Annotated[
    list[Annotated[str, Field(max_length=60)]],
    Field(
        min_length=1,
        max_length=100,
        description='Types of events, as `GET /event-types` lists them, or `["*"]` for all.',
        examples=[["reservation.confirmed", "reservation.cancelled"]],
    ),
]
Venues = Annotated[
    list[Annotated[str, Field(max_length=80)]] | None,
    Field(
        max_length=MOST_VENUES,
        description="Slugs of venues of yours; null for all of them, also those to come. For a key "
        "that is limited to some, null is stored as these.",
    ),
]
Note = Annotated[str, Field(max_length=200, description="A note for yourself.")]
Include = Annotated[
    list[Literal["reservation"]],
    Field(
        max_length=1,
        description="`reservation` puts the whole reservation into each body. It needs the scope "
        "`reservations:read`. Without, bodies hold no personal data.",
    ),
]


class WebhookIn(Schema):
    """An endpoint to make."""

    url: Address
    events: Events
    venues: Venues = None
    description: Note = ""
    include: Annotated[Include, Field(default_factory=list)]


_LEFT_OUT: Any = Field(default=None)
"""The field was not sent."""


class WebhookPatch(Schema):
    """Fields that you leave out stay as they are."""

    removable = frozenset({"description", "include"})

    url: Address = _LEFT_OUT
    events: Events = _LEFT_OUT
    venues: Venues = _LEFT_OUT
    description: Note = _LEFT_OUT
    include: Include = _LEFT_OUT
    is_active: Annotated[
        bool, Field(strict=True, description="False: nothing is sent. True forgets its failures.")
    ] = _LEFT_OUT


class ReplayIn(Schema):
    """Which deliveries to send again."""

    since: Annotated[
        Instant, Field(description="From when they were made.", examples=["2027-03-01T12:00:00Z"])
    ]
    until: Annotated[
        Instant | None,
        Field(description="Up to when they were made, at most 30 days after `since`; null: now."),
    ] = None


class WebhookOut(Schema):
    """An endpoint."""

    id: str
    url: Address
    events: Events
    venues: Venues
    description: Note
    include: Include
    is_active: Annotated[bool, Field(description="False: nothing is sent.")]
    disabled_reason: Annotated[
        str | None, Field(description="Why the system switched it off; null where it did not.")
    ]
    failing_since: Annotated[
        InstantOut | None, Field(description="Since when nothing but failures came back, or null.")
    ]
    created_at: InstantOut


class NewWebhookOut(WebhookOut):
    """An endpoint that was just made."""

    secret: Annotated[
        str | None,
        Field(
            description="What signs its webhooks. Shown this once; null in the answer to a repeat.",
            examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
    ]


class SecretOut(Schema):
    """A new secret."""

    secret: Annotated[
        str | None, Field(description="Shown this once; null in the answer to a repeat.")
    ]


class WebhookPage(Schema):
    items: list[WebhookOut]
    next_cursor: str | None


class AttemptOut(Schema):
    """One try of a delivery."""

    at: InstantOut
    status: Annotated[int | None, Field(description="The HTTP status; null without an answer.")]
    took_ms: Annotated[int, Field(description="Milliseconds until the answer or the failure.")]
    detail: Annotated[
        str, Field(description="The start of the answer's body, or why there was none.")
    ]


Word = Literal["waiting", "sent", "failed", "dropped"]


class DeliveryOut(Schema):
    """A webhook that was sent or waits."""

    id: str
    webhook_id: Annotated[
        str, Field(description="The header `webhook-id`: the same for ever, replays included.")
    ]
    type: Annotated[str, Field(description="The type of its event.")]
    created_at: InstantOut
    outcome: Annotated[Word, Field(description="`dropped`: not sent. Its attempt says why.")]
    next_try_at: Annotated[
        InstantOut | None, Field(description="When it is tried next; null once it is done.")
    ]
    replay_of: Annotated[
        str | None, Field(description="The id of the delivery that it repeats, or null.")
    ]
    attempts: list[AttemptOut]


class DeliveryPage(Schema):
    items: list[DeliveryOut]
    next_cursor: str | None


class ReplayOut(Schema):
    count: Annotated[int, Field(description="How many are sent again.")]


class DeliveryFilter(Page):
    outcome: Annotated[Word | None, Field(description="Those that ended so.")] = None


def described(endpoint: Endpoint) -> dict[str, Any]:
    """Returns the document of an endpoint, as WebhookOut describes it."""
    slugs = sorted(venue.slug for venue in endpoint.venues.all())
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "events": endpoint.types,
        "venues": None if endpoint.has_all_venues else slugs,
        "description": endpoint.description,
        "include": endpoint.include,
        "is_active": endpoint.is_active,
        "disabled_reason": endpoint.disabled_reason or None,
        "failing_since": _z(endpoint.failing_since),
        "created_at": _z(endpoint.created_at),
    }


def delivered(row: Delivery) -> dict[str, Any]:
    """Returns the document of a delivery, as DeliveryOut describes it."""
    return {
        "id": str(row.pk),
        "webhook_id": row.message_id,
        "type": row.kind,
        "created_at": _z(row.created_at),
        "outcome": row.outcome if row.done_at else "waiting",
        "next_try_at": None if row.done_at else _z(row.next_try_at),
        "replay_of": str(row.replay_of_id) if row.replay_of_id else None,
        "attempts": [
            {
                "at": _z(one.at),
                "status": one.status,
                "took_ms": one.took_ms,
                "detail": one.detail,
            }
            for one in row.tries.all()
        ],
    }


def _z(at: datetime | None) -> str | None:
    return to_z(at) if at else None
