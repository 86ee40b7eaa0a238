"""The types of all events: name, whether one happens once, and the shape of its `data`.

`reservations.events` records only these, and mypy checks the data of each. To add a type, write the
shape of its data and a constant here, list it in EVENT_TYPES, and describe it in docs/events.md. A
test compares that page with this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NotRequired, TypedDict, TypeVar

D = TypeVar("D", bound=Mapping[str, object])


@dataclass(frozen=True, slots=True)
class Entry:
    """The name and the data of one event, before it is recorded."""

    name: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EventType(Generic[D]):
    """A type of event. Called with data, it returns the entry that `events.record` takes."""

    name: str
    shape: type[D]
    """A TypedDict. Each key is annotated with its type and its meaning."""
    is_once: bool = False
    """True when it happens at most once to a reservation.

    A constraint of the database enforces this.
    """

    def __call__(self, data: D) -> Entry:
        return Entry(self.name, data)


_Override = Annotated[str, "why staff set the venue's policy aside; absent where they did not"]
_Closure = Annotated[str, "the id of the closure, which its allocations have too"]
_Units = Annotated[list[str], "the ids of the units"]
_Capacity = Annotated[int | None, "the number of spots that was asked for; null where none was"]


class NoData(TypedDict):
    """An event without data of its own."""


class BookedData(TypedDict):
    """The data of a new or confirmed reservation."""

    override_reason: NotRequired[_Override]


class CheckedOutData(TypedDict):
    """The data of a departure."""

    overstay_minor: NotRequired[
        Annotated[
            int,
            "what the price changed by as the guest left, in minor units of the reservation's "
            "currency; absent where the stay was completed before it began, or replayed",
        ]
    ]


class CancelledData(TypedDict):
    """The data of a cancellation."""

    fee_minor: NotRequired[
        Annotated[
            int,
            "the fee due, in minor units of the reservation's currency; absent where the "
            "reservation was replaced",
        ]
    ]
    replaced: NotRequired[
        Annotated[bool, "true where the guest booked the same unit and day anew; else absent"]
    ]


class ModifiedData(TypedDict):
    """The data of a modification."""

    changed: Annotated[list[str], "the fields of the reservation that were written, sorted"]
    before: NotRequired[
        Annotated[
            list[str],
            "start and end before the change, in ISO 8601; absent where only details changed",
        ]
    ]
    override_reason: NotRequired[_Override]


ReseatedData = TypedDict(
    # Written as a call, since `from` is a keyword of Python.
    "ReseatedData",
    {
        "from": Annotated[str, "the id of the unit it had"],
        "to": Annotated[str, "the id of the unit it has now"],
    },
)


class ClosureMadeData(TypedDict):
    """The data of a new closure: its units and its reason."""

    closure: _Closure
    units: _Units
    reason: Annotated[str, "why the units are out of use; may be empty"]


class ClosureEndedData(TypedDict):
    """The data of an ended closure: its units and the range that is free again."""

    closure: _Closure
    units: _Units
    before: Annotated[list[str], "start and end of the time that was given back, in ISO 8601"]


class CapacityData(TypedDict):
    """The data of a new or changed lot: its number of spots."""

    capacity: _Capacity


class VenueChangedData(TypedDict):
    """The data of a changed venue."""

    fields: Annotated[list[str], "the fields of the venue that were sent, sorted"]
    capacity: _Capacity


CREATED = EventType("reservation.created", BookedData, is_once=True)
CONFIRMED = EventType("reservation.confirmed", BookedData, is_once=True)
CHECKED_IN = EventType("reservation.checked_in", NoData, is_once=True)
CHECKED_OUT = EventType("reservation.checked_out", CheckedOutData, is_once=True)
CANCELLED = EventType("reservation.cancelled", CancelledData, is_once=True)
EXPIRED = EventType("reservation.expired", NoData, is_once=True)
COMPLETED = EventType("reservation.completed", NoData, is_once=True)
MISSED = EventType("reservation.missed", NoData, is_once=True)
MODIFIED = EventType("reservation.modified", ModifiedData)
RESEATED = EventType("reservation.reseated", ReseatedData)
CLOSURE_MADE = EventType("closure.made", ClosureMadeData)
CLOSURE_ENDED = EventType("closure.ended", ClosureEndedData)
LOT_OPENED = EventType("lot.opened", CapacityData)
LOT_CHANGED = EventType("lot.changed", CapacityData)
LOT_CLOSED = EventType("lot.closed", NoData)
VENUE_OPENED = EventType("venue.opened", CapacityData)
VENUE_CHANGED = EventType("venue.changed", VenueChangedData)
VENUE_CLOSED = EventType("venue.closed", NoData)

EVENT_TYPES: tuple[EventType[Any], ...] = (
    CREATED, CONFIRMED, CHECKED_IN, CHECKED_OUT, CANCELLED, EXPIRED, COMPLETED, MISSED,
    MODIFIED, RESEATED, CLOSURE_MADE, CLOSURE_ENDED, LOT_OPENED, LOT_CHANGED, LOT_CLOSED,
    VENUE_OPENED, VENUE_CHANGED, VENUE_CLOSED,
)  # fmt: skip

FREE_TEXTS = ("override_reason",)
"""Keys of the data of a reservation's event that people type: erasure and retention blank them."""

ONCE = tuple(one.name for one in EVENT_TYPES if one.is_once)
"""Names of the events that happen at most once to a reservation, in the order of the migration."""
