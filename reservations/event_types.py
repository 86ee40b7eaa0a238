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
    """True when it happens at most once to a reservation, until the stay is undone or reinstated.

    A constraint of the database enforces this, for each `round` of the reservation.
    """

    def __call__(self, data: D) -> Entry:
        return Entry(self.name, data)


_Override = Annotated[str, "why staff set the venue's policy aside; absent where they did not"]
_WalkIn = Annotated[bool, "true for a walk-in, who is placed and arrives in one act; else absent"]
_Reason = Annotated[str, "why, as staff gave it; absent where they gave none"]
_Why = Annotated[str, "why staff did it"]
_Closure = Annotated[str, "the id of the closure, which its allocations have too"]
_PaymentId = Annotated[str, "the id of the payment"]
_AmountMinor = Annotated[int, "the amount, in minor units of the reservation's currency"]
_Units = Annotated[list[str], "the ids of the units"]
_Capacity = Annotated[int | None, "the number of spots that was asked for; null where none was"]


FromTo = TypedDict(
    # Written as a call, since `from` is a keyword of Python.
    "FromTo",
    {"from": object, "to": object},
)
"""The value of a field before and after a change."""

Changed = dict[str, FromTo]
"""What a change changed, by field. `reservations.rules.differences` makes it."""


class NoData(TypedDict):
    """An event without data of its own."""


class BookedData(TypedDict):
    """The data of a confirmed reservation."""

    override_reason: NotRequired[_Override]


class CreatedData(BookedData):
    """The data of a new reservation."""

    walk_in: NotRequired[_WalkIn]


class ConfirmedData(BookedData):
    """The data of a confirmation."""

    changed: NotRequired[
        Annotated[Changed, "what else differs, such as the end of the grace; absent if nothing"]
    ]


class CheckedInData(TypedDict):
    """The data of an arrival."""

    changed: NotRequired[
        Annotated[Changed, "what else differs, such as the unit of a late guest; absent if nothing"]
    ]
    was_movable: NotRequired[
        Annotated[bool, "true where arrival fixed a unit that could be changed; else absent"]
    ]
    override_reason: NotRequired[
        Annotated[
            str,
            "why staff gave a unit whose guest had not gone, or let in what was not paid; else "
            "absent",
        ]
    ]
    walk_in: NotRequired[_WalkIn]


class CheckedOutData(TypedDict):
    """The data of a departure."""

    overstay_minor: NotRequired[
        Annotated[
            int,
            "what the price changed by as the guest left, in minor units of the reservation's "
            "currency; absent where it was replayed",
        ]
    ]
    charge: NotRequired[
        Annotated[str, "what staff charged: `all`, `used`, or an amount; absent for the default"]
    ]
    reason: NotRequired[_Reason]


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
    given_back: NotRequired[
        Annotated[bool, "true where the reservation was completed before its start; else absent"]
    ]
    by_venue: NotRequired[
        Annotated[bool, "true where the venue cancelled it to close that time; else absent"]
    ]
    reason: NotRequired[_Reason]


class PriceAdjustedData(TypedDict):
    """The data of a price that a manager set."""

    before_minor: Annotated[int, "the price before, in minor units of the reservation's currency"]
    after_minor: Annotated[int, "the price now, in minor units of the reservation's currency"]
    reason: Annotated[str, "why, as the manager gave it"]


class FeeWaivedData(TypedDict):
    """The data of fees that a manager waived."""

    fee_minor: Annotated[int, "what was owed, in minor units of the reservation's currency"]
    reason: Annotated[str, "why, as the manager gave it"]


class PaymentCapturedData(TypedDict):
    """The data of a payment that was recorded."""

    payment: _PaymentId
    method: Annotated[
        str, "how the guest paid: `cash`, `terminal`, `voucher`, `transfer` or `card`"
    ]
    amount_minor: _AmountMinor


class PaymentRefundedData(TypedDict):
    """The data of money that was given back."""

    refund: Annotated[str, "the id of the refund"]
    payment: Annotated[str, "the id of the payment that it was given back of"]
    method: NotRequired[Annotated[str, "the way it went back; absent before 0.3"]]
    amount_minor: _AmountMinor
    reason: NotRequired[
        Annotated[str, "why, as the manager gave it; absent where cancelling gave it back"]
    ]


class PaymentFailedData(TypedDict):
    """The data of a payment that the provider refused or the guest let lapse."""

    payment: _PaymentId
    amount_minor: _AmountMinor
    reason: Annotated[str, "why, in the provider's word; may be empty"]


class PaymentVoidedData(TypedDict):
    """The data of a payment that was given up: the guest was not charged."""

    payment: _PaymentId
    amount_minor: _AmountMinor


class PaymentLinkData(TypedDict):
    """The data of a link by which the guest pays or authenticates."""

    payment: _PaymentId
    amount_minor: _AmountMinor
    purpose: Annotated[str, "`pay`, or `guarantee` to store a card"]
    is_authentication: Annotated[bool, "true where the guest's bank asks for a charge of staff"]


class PaymentRefundFailedData(TypedDict):
    """The data of a refund that the provider refused. It stays open until the desk sees to it."""

    refund: Annotated[str, "the id of the refund"]
    payment: _PaymentId
    amount_minor: _AmountMinor
    reason: Annotated[str, "why, in the provider's word; may be empty"]


class PaymentDisputedData(TypedDict):
    """The data of a payment that the guest disputes at their bank."""

    payment: _PaymentId
    amount_minor: Annotated[
        int, "what is disputed, in minor units of the reservation's currency; 0 once it is over"
    ]


class PaymentRefundedOutsideData(TypedDict):
    """The data of money that was given back at the provider by other means than ours."""

    payment: _PaymentId
    amount_minor: _AmountMinor


class ModifiedData(TypedDict):
    """The data of a modification."""

    changed: Annotated[Changed, "what differs, by field: its value before and after"]
    override_reason: NotRequired[_Override]
    fee_minor: NotRequired[
        Annotated[
            int,
            "the fee owed for what a late change gave up, in minor units of the reservation's "
            "currency; absent where none was",
        ]
    ]
    waived_minor: NotRequired[
        Annotated[
            int,
            "the fee that staff did not ask for, in minor units of the reservation's currency; "
            "absent where there was none",
        ]
    ]
    reprice: NotRequired[
        Annotated[str, "how staff had it priced: `keep`, `added` or `all`; absent for the default"]
    ]
    reason: NotRequired[_Reason]


ReseatedData = TypedDict(
    "ReseatedData",
    {
        "changed": NotRequired[
            Annotated[Changed, "the names of its units before and after; absent before 0.2"]
        ],
        "from": Annotated[str, "the id of the unit it had"],
        "to": Annotated[str, "the id of the unit it has now"],
    },
)


SwappedData = TypedDict(
    "SwappedData",
    {
        "from": Annotated[str, "the name of the unit it had"],
        "to": Annotated[str, "the name of the unit it has now"],
        "with": Annotated[str, "the code of the reservation that it swapped with"],
        "reason": Annotated[str, "why, as staff gave it"],
        "changed": Annotated[Changed, "what differs, by field: its value before and after"],
    },
)


class UndoneData(TypedDict):
    """The data of a verb that was taken back, or of a reservation that was reinstated."""

    reason: _Why
    changed: Annotated[Changed, "what differs, by field: its value before and after"]


class RestReleasedData(TypedDict):
    """The data of the rest of a no-show's time, given to others."""

    reason: _Why
    released_from: Annotated[str, "the instant from which the time is free, in ISO 8601"]
    charge: Annotated[str, "what is charged for it: `nothing`, `fee` or `all`"]
    fee_minor: Annotated[int, "the fee, in minor units of the reservation's currency; often 0"]
    changed: Annotated[Changed, "what differs, by field: its value before and after"]


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


CREATED = EventType("reservation.created", CreatedData, is_once=True)
CONFIRMED = EventType("reservation.confirmed", ConfirmedData, is_once=True)
CHECKED_IN = EventType("reservation.checked_in", CheckedInData, is_once=True)
CHECKED_OUT = EventType("reservation.checked_out", CheckedOutData, is_once=True)
CANCELLED = EventType("reservation.cancelled", CancelledData, is_once=True)
EXPIRED = EventType("reservation.expired", NoData, is_once=True)
COMPLETED = EventType("reservation.completed", NoData, is_once=True)
MISSED = EventType("reservation.missed", NoData, is_once=True)
MODIFIED = EventType("reservation.modified", ModifiedData)
RESEATED = EventType("reservation.reseated", ReseatedData)
SWAPPED = EventType("reservation.swapped", SwappedData)
PRICE_ADJUSTED = EventType("reservation.price_adjusted", PriceAdjustedData)
FEE_WAIVED = EventType("reservation.fee_waived", FeeWaivedData)
CHECK_IN_UNDONE = EventType("reservation.check_in_undone", UndoneData)
CHECK_OUT_UNDONE = EventType("reservation.check_out_undone", UndoneData)
REINSTATED = EventType("reservation.reinstated", UndoneData)
REST_RELEASED = EventType("reservation.rest_released", RestReleasedData, is_once=True)
PAYMENT_CAPTURED = EventType("payment.captured", PaymentCapturedData)
PAYMENT_REFUNDED = EventType("payment.refunded", PaymentRefundedData)
PAYMENT_FAILED = EventType("payment.failed", PaymentFailedData)
PAYMENT_VOIDED = EventType("payment.voided", PaymentVoidedData)
PAYMENT_LINK = EventType("payment.link", PaymentLinkData)
PAYMENT_REFUND_FAILED = EventType("payment.refund_failed", PaymentRefundFailedData)
PAYMENT_DISPUTED = EventType("payment.disputed", PaymentDisputedData)
PAYMENT_REFUNDED_OUTSIDE = EventType("payment.refunded_outside", PaymentRefundedOutsideData)
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
    MODIFIED, RESEATED, SWAPPED, PRICE_ADJUSTED, FEE_WAIVED,
    CHECK_IN_UNDONE, CHECK_OUT_UNDONE, REINSTATED, REST_RELEASED,
    PAYMENT_CAPTURED, PAYMENT_REFUNDED, PAYMENT_FAILED, PAYMENT_VOIDED, PAYMENT_LINK,
    PAYMENT_REFUND_FAILED, PAYMENT_DISPUTED, PAYMENT_REFUNDED_OUTSIDE,
    CLOSURE_MADE, CLOSURE_ENDED, LOT_OPENED, LOT_CHANGED, LOT_CLOSED,
    VENUE_OPENED, VENUE_CHANGED, VENUE_CLOSED,
)  # fmt: skip

FREE_TEXTS = ("override_reason", "reason")
"""Keys of the data of a reservation's event that people type: erasure and retention blank them."""

ONCE = tuple(one.name for one in EVENT_TYPES if one.is_once)
"""Names of the events that happen at most once a round, in the order of the migration."""
