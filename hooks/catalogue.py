"""The types of events that partners' systems are told of. Names are never changed, only added."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PING = "webhook.ping"

Properties = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PublicType:
    """A type of event as partners see it: what happened, and the properties of its `data`."""

    name: str
    description: str
    properties: Properties


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _texts(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _number(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}


_VENUE: Properties = {
    "venue": _text("The slug of the venue."),
    "sequence": _number("Sorts events: the one that was recorded later has the larger number."),
}
_RESERVATION: Properties = {
    "id": _text("The id of the reservation."),
    "code": _text("The code by which the guest finds it."),
    **_VENUE,
    "status": _text("The status when this was written."),
    "version": _number("The version of the reservation, as in its ETag."),
    "starts_at": _text("The start of its range, UTC.", format="date-time"),
    "ends_at": _text("The end of its range, UTC.", format="date-time"),
    "resource": {
        "type": ["string", "null"],
        "description": "The id of its unit; null where it has none.",
    },
    "changed": _texts("The names of the fields that changed; [] where the event says it all."),
    "reservation": {
        "type": "object",
        "description": "The reservation as `GET /reservations/{id}` answers it. Only for endpoints "
        "with `include`, whose key has `reservations:read`.",
    },
}
_CAPACITY: Properties = {
    **_VENUE,
    "capacity": {
        "type": ["integer", "null"],
        "description": "The number of spots that was asked for; null where none was.",
    },
}
_CLOSURE: Properties = {
    **_VENUE,
    "closure": _text("The id of the closure."),
    "units": _texts("The ids of its units, the first 25."),
}

_OF_RESERVATIONS = {
    "created": "A reservation was made: it takes time from now on.",
    "confirmed": "The reservation is a promise.",
    "modified": "Details, party, range, category or unit were changed.",
    "reseated": "The venue moved the reservation to another unit to make room.",
    "swapped": "Staff gave the reservation and another one each other's unit.",
    "checked_in": "The guest is here.",
    "checked_out": "The guest has left; what is left of the time is free.",
    "cancelled": "The reservation was cancelled; its time is free.",
    "expired": "A hold was not confirmed in time; its time is free.",
    "completed": "The stay ended where the venue records no departure.",
    "missed": "The guest did not come within the grace time.",
    "price_adjusted": "A manager set the price of the stay.",
    "fee_waived": "A manager waived the fees that were owed.",
    "check_in_undone": "Staff took back an arrival: the guest is awaited again.",
    "check_out_undone": "Staff took back a departure: the guest is here again.",
    "reinstated": "Staff brought back a reservation that was cancelled, lapsed or missed.",
    "rest_released": "Staff gave the rest of a no-show's time to others.",
}

TYPES: Mapping[str, PublicType] = {
    one.name: one
    for one in (
        *(
            PublicType(f"reservation.{verb}", description, _RESERVATION)
            for verb, description in _OF_RESERVATIONS.items()
        ),
        PublicType("payment.captured", "A payment was recorded.", _RESERVATION),
        PublicType("payment.refunded", "Money was given back.", _RESERVATION),
        PublicType("payment.failed", "A card was refused, or not paid in time.", _RESERVATION),
        PublicType("payment.voided", "A payment was given up: nothing was taken.", _RESERVATION),
        PublicType("payment.link", "The guest has a link to pay or authenticate.", _RESERVATION),
        PublicType("payment.refund_failed", "The provider refused a refund.", _RESERVATION),
        PublicType("payment.disputed", "The guest disputes a payment.", _RESERVATION),
        PublicType(
            "payment.refunded_outside",
            "Money was given back at the provider by other means than ours.",
            _RESERVATION,
        ),
        PublicType("closure.made", "Units were taken out of use for some time.", _CLOSURE),
        PublicType(
            "closure.ended",
            "A closure was ended, so that its units can be booked again from now on.",
            {**_CLOSURE, "before": _texts("Start and end of the time that was given back.")},
        ),
        PublicType("lot.opened", "A parking lot was opened with its spots.", _CAPACITY),
        PublicType("lot.changed", "Name, address, price or number of spots changed.", _CAPACITY),
        PublicType("lot.closed", "A lot was closed for good. Its history stays.", _VENUE),
        PublicType("venue.opened", "A venue was opened.", _CAPACITY),
        PublicType(
            "venue.changed",
            "A venue's facts were changed.",
            {**_CAPACITY, "fields": _texts("The fields of the venue that were sent.")},
        ),
        PublicType("venue.closed", "A venue was closed for good. Its history stays.", _VENUE),
        PublicType(
            PING,
            "A trial that you asked for. It is no event and stands in no feed.",
            {"webhook": _text("The id of the endpoint.")},
        ),
    )
}
"""Every type, in the order in which the API lists them."""

OPTIONAL = frozenset({"reservation", "capacity", "units", "before", "fields"})
"""Properties that may be absent."""

OF_ITS_MAKER = ("reservation.", "payment.")
"""How the names begin of what only the partner sees that made the reservation."""


def schema_of(told: PublicType) -> dict[str, Any]:
    """Returns the JSON schema of the `data` of a type."""
    return {
        "type": "object",
        "properties": {name: dict(shape) for name, shape in told.properties.items()},
        "required": [name for name in told.properties if name not in OPTIONAL],
    }
