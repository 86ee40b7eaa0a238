"""The bodies that make and change reservations."""

from typing import Annotated, Any

from pydantic import Field

from api.contacts import TYPES, ContactIn, having
from api.languages import Language
from api.schemas import Day, Id, Instant, Schema
from api.time_ranges import Category as CategoryCode
from api.wishes.parties import Adults, ChildrenOrNone, Party, PartyIn
from api.wishes.references import MetadataOrNone, ReferenceOrNone
from reservations.requests import Reprice
from reservations.rules.guest_fields import DETAILS, EXTRAS, PREFERENCES
from venues.models.charges import CODE, MOST_EXTRAS

Extras = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=CODE)], ...],
    Field(
        max_length=MOST_EXTRAS,
        examples=[[]],
        description="The codes of extras to sell with the stay, such as breakfast.",
    ),
]
"""Received: what the guest chooses besides the stay."""

_LEFT_OUT: Any = Field(default=None)
"""The field was not sent. Null is a value of its own."""


@having({name: (TYPES[name], "") for name in EXTRAS})
class _WishIn(ContactIn):
    venue: Annotated[str, Field(max_length=63, examples=["harbour-hotel"])]
    category: CategoryCode | None = None
    resource: Id | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    check_in: Day | None = None
    check_out: Day | None = None


class StayIn(_WishIn):
    """What the reservations of one request share."""

    metadata: MetadataOrNone = None
    extras: Extras = ()
    language: Language | None = None
    quote: Annotated[str, Field(max_length=1000)] = ""
    override_reason: Annotated[str, Field(max_length=200)] = ""


class ReservationIn(StayIn, PartyIn):
    """Which venue, category or unit, which range, and for whom.

    Contact fields that a guest leaves out come from `/me`. Partners give every required field.
    Staff who give any field give every required field: the reservation is then for somebody else.
    """

    reference: ReferenceOrNone = ""


@having({name: (TYPES[name], _LEFT_OUT) for name in DETAILS})
class _ChangeIn(Schema):
    category: CategoryCode = _LEFT_OUT
    resource: Id = _LEFT_OUT
    starts_at: Instant = _LEFT_OUT
    ends_at: Instant = _LEFT_OUT
    check_in: Day = _LEFT_OUT
    check_out: Day = _LEFT_OUT
    guest_count: Party = _LEFT_OUT
    adults: Adults = _LEFT_OUT
    children: ChildrenOrNone = _LEFT_OUT
    language: Language = _LEFT_OUT
    reference: ReferenceOrNone = _LEFT_OUT
    metadata: MetadataOrNone = _LEFT_OUT


class ReservationPatch(_ChangeIn):
    """Fields that you leave out stay as they are. `metadata` is replaced as a whole.

    `adults` or `children` alone: the other stays, and `guest_count` follows. `guest_count` alone:
    the children stay, and `adults` follows.
    """

    removable = frozenset({"email", *PREFERENCES, *EXTRAS})

    override_reason: Annotated[str, Field(max_length=200)] = ""
    reprice: Annotated[
        Reprice | None,
        Field(description="Staff: which tariff prices the change. Give a `reason` with it."),
    ] = None
    accept_fee: Annotated[
        bool | None,
        Field(
            strict=True,
            description="True to owe the fee of a late change. Staff may waive it with false and a "
            "`reason`.",
        ),
    ] = None
    reason: Annotated[str, Field(max_length=200, description="Staff: why.")] = ""
