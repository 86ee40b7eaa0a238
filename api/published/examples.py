"""One working example of each operation, with the names of the demonstration and days to come.

A test sends each of them, so an operation without one is found.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

AHEAD = timedelta(days=30)
"""How far from today the examples are: within every venue's notice and horizon."""

_ADA = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31 20 123 4567"}
_PASSWORD = "three words together"  # noqa: S105 - an example
_REFRESH = {"refresh": "eyJhbGciOiJIUzI1NiJ9.eyJ1c2UiOiJyZWZyZXNoIn0.c2lnbmF0dXJl"}

PATHS: Mapping[str, str] = {
    "appointment_id": "41",
    "block_id": "7",
    "export_id": "5",
    "delivery_id": "911",
    "group_id": "3f2b8c1e-5a07-4c8e-9a51-0d6f2b7e9c11",
    "lot_id": "city-lot",
    "provider": "stripe",
    "provider_id": "17",
    "reservation_id": "42",
    "slug": "harbour-hotel",
    "venue": "harbour-hotel",
    "webhook_id": "3",
}
"""An example of each parameter of a path."""


def bodies(today: date) -> dict[str, dict[str, Any]]:
    """Returns an example of each body, by the id of its operation."""
    day = today + AHEAD
    nights = {"check_in": day.isoformat(), "check_out": (day + timedelta(days=2)).isoformat()}
    stay = {"venue": "harbour-hotel", **nights, "guest_count": 2, **_ADA}
    noon, two = f"{day}T12:00:00Z", f"{day}T14:00:00Z"
    person = {**_ADA, "email": "ada.lovelace@example.com"}
    block = {"date": day.isoformat(), "start": "18:00", "end": "20:00"}
    return {
        "adjustReservationPrice": {
            "amount": {"amount": "80.00", "currency": "EUR"},
            "reason": "The lift was out of order.",
        },
        "addSchedule": {"blocks": [block]},
        "cancelReservation": {},
        "checkInReservation": {},
        "checkOutReservation": {},
        "confirmReservation": {},
        "confirmAppointment": {"is_confirmed": True},
        "createAppointment": {"provider_id": "17", "starts_at": f"{day}T09:00:00Z"},
        "createClient": person,
        "createExport": {"kind": "parking", "from": day.isoformat()},
        "createVenueExport": {"from": day.isoformat()},
        "createGroup": {**stay, "items": [{"adults": 2}, {"adults": 1, "children": [4]}]},
        "createGroupPayment": {"method": "card"},
        "createGroupInvoice": {},
        "createInvoice": {
            "recipient": {
                "name": "Analytical Engines Ltd",
                "address": "12 St James's Square\nLondon",
            }
        },
        "createLot": {
            "name": "Station Lot",
            "capacity": 20,
            "price": {"amount": "2.50", "currency": "EUR"},
            "time_zone": "Europe/Amsterdam",
        },
        "createParkingReservation": {
            "lot_id": "city-lot",
            "start_time": noon,
            "end_time": two,
            "vehicle_plate": "AB-12-CD",
        },
        "chargeStoredCard": {
            "amount": {"amount": "2.00", "currency": "EUR"},
            "reason": "The guest did not come.",
        },
        "createPayment": {
            "method": "cash",
            "amount": {"amount": "80.00", "currency": "EUR"},
            "till": "main",
        },
        "createProvider": person,
        "createQuote": {**nights, "guest_count": 2},
        "createRefund": {
            "amount": {"amount": "20.00", "currency": "EUR"},
            "reason": "The lift was out of order.",
        },
        "createReservation": {**stay, "children": [9]},
        "createVenue": {"name": "Hotel Zuid", "kind": "hotel", "city": "Utrecht"},
        "createWebhook": {
            "url": "https://hooks.example.com/holdfast",
            "events": ["reservation.confirmed", "reservation.cancelled"],
        },
        "createWalkIn": {"guest_count": 1, "last_name": "Lovelace"},
        "logIn": {"email": "ada.lovelace@example.com", "password": _PASSWORD},
        "logInDriver": {"email": "ada.lovelace@example.com", "password": _PASSWORD},
        "logOut": _REFRESH,
        "modifyReservation": {"remarks": "We arrive late.", "guest_count": 1},
        "refreshTokens": _REFRESH,
        "reinstateReservation": {"reason": "The guest came after all."},
        "releaseRest": {"charge": "fee", "reason": "Nobody came, and nobody answers."},
        "replayWebhookDeliveries": {"since": noon, "until": two},
        "signUp": {**person, "password": _PASSWORD},
        "swapUnits": {"reservations": ["42", "43"], "reason": "A leak in one of the rooms."},
        "undoCheckIn": {"reason": "The wrong guest was checked in."},
        "undoCheckOut": {"reason": "The wrong guest was checked out."},
        "updateLot": {"name": "City Lot Centre"},
        "updateMyNotices": {"evening_at": "18:30", "evening_channel": "mail"},
        "updateMe": {"receive_text_notification": True},
        "updateProvider": {"last_name": "Lovelace"},
        "updateVenue": {"description": "By the water, two minutes from the ferry."},
        "updateWebhook": {"events": ["*"], "is_active": True},
        "waiveReservationFee": {"reason": "The guest was ill."},
    }


def queries(today: date) -> dict[str, dict[str, str]]:
    """Returns an example of each query that says something, by the id of its operation."""
    day = today + AHEAD
    nights = {"check_in": day.isoformat(), "check_out": (day + timedelta(days=2)).isoformat()}
    hours = {"starts_at": f"{day}T12:00:00Z", "ends_at": f"{day}T14:00:00Z"}
    return {
        "explainAvailability": {**nights, "guests": "2"},
        "getAvailability": {**nights, "guests": "2"},
        "getCalendar": {"month": f"{day:%Y-%m}"},
        "getFloorPlan": hours,
        "getOccupancy": hours | {"step": "3600"},
        "getParkingStats": {"lot": "city-lot"},
        "listEvents": {"type": "reservation.confirmed", "limit": "20"},
        "listProviderSlots": {"date": day.isoformat()},
        "listReservations": {"venue": "harbour-hotel", "status": "upcoming", "limit": "20"},
        "listSlots": {"date": day.isoformat(), "days": "2"},
        "listSpots": {"lot": "city-lot"},
        "listWebhookDeliveries": {"outcome": "failed"},
        "listVenues": {"q": "hotel", "guests": "2"},
    }


def add_to(operation: dict[str, Any], today: date) -> None:
    """Adds the example of an operation to its parameters and its body."""
    name = operation["operationId"]
    asked = queries(today).get(name, {})
    for parameter in operation["parameters"]:
        given = PATHS if parameter["in"] == "path" else asked
        if parameter["in"] in ("path", "query") and parameter["name"] in given:
            parameter["example"] = given[parameter["name"]]
    body = bodies(today).get(name)
    if "requestBody" in operation and body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = body
