"""The names, bounds, defaults and status codes that the contract with other programs promises."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from api.api import api
from reservations.event_types import EVENT_TYPES
from reservations.models import Event, Reservation
from tests.api.calling import BASE, Api, faults, person
from tests.api.conftest import TODAY
from tests.factories import add_hours, hold, make_venue
from tests.guests.factories import StaffFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

MANAGER_VERBS: dict[str, dict[str, Any]] = {
    "undo-check-in": {},
    "undo-check-out": {},
    "reinstate": {},
    "release-rest": {"charge": "all"},
    "adjust-price": {"amount": {"amount": "1.00", "currency": "EUR"}},
    "waive-fee": {},
}
"""What each verb with a reason needs beside it."""

PATHS = {
    ("POST", "/reservations/{reservation_id}/undo-check-in"): ("undoCheckIn", "200"),
    ("POST", "/reservations/{reservation_id}/undo-check-out"): ("undoCheckOut", "200"),
    ("POST", "/reservations/{reservation_id}/reinstate"): ("reinstateReservation", "200"),
    ("POST", "/reservations/{reservation_id}/release-rest"): ("releaseRest", "200"),
    ("POST", "/reservations/{reservation_id}/adjust-price"): ("adjustReservationPrice", "200"),
    ("POST", "/reservations/{reservation_id}/waive-fee"): ("waiveReservationFee", "200"),
    ("GET", "/reservations/{reservation_id}/payments"): ("listPayments", "200"),
    ("POST", "/reservations/{reservation_id}/payments"): ("createPayment", "200", "201"),
    ("POST", "/groups/{group_id}/payments"): ("createGroupPayment", "200", "201"),
    ("POST", "/reservations/{reservation_id}/refunds"): ("createRefund", "201"),
    ("GET", "/reservations/{reservation_id}/documents"): ("listDocuments", "200"),
    ("GET", "/documents/{number}"): ("getDocument", "200"),
    ("POST", "/reservations/{reservation_id}/charge"): ("chargeStoredCard", "201"),
    ("POST", "/reservations/{reservation_id}/check-out"): ("checkOutReservation", "200"),
    ("POST", "/venues/{slug}/walk-ins"): ("createWalkIn", "201"),
    ("POST", "/venues/{slug}/swap"): ("swapUnits", "200"),
    ("POST", "/reservations/groups"): ("createGroup", "201"),
    ("GET", "/groups/{group_id}"): ("getGroup", "200"),
    ("POST", "/groups/{group_id}/confirm"): ("confirmGroup", "200"),
    ("POST", "/groups/{group_id}/cancel"): ("cancelGroup", "200"),
    ("GET", "/clients"): ("listClients", "200"),
    ("GET", "/providers"): ("listProviders", "200"),
    ("PATCH", "/providers/{provider_id}"): ("updateProvider", "200"),
    ("GET", "/providers/{provider_id}/schedule"): ("getSchedule", "200"),
    ("DELETE", "/providers/{provider_id}/schedule"): ("deleteSchedule", "204"),
    ("DELETE", "/providers/{provider_id}/schedule/{block_id}"): ("deleteBlock", "204"),
    ("POST", "/reservations"): ("createReservation", "201"),
    ("POST", "/reservations/{reservation_id}/confirm"): ("confirmReservation", "200"),
    ("GET", "/venues"): ("listVenues", "200"),
}

DEFAULTS = {
    "PARTNER_RATE": "6000/m",
    "LOGIN_FAILURES_PER_PLACE": "60/m",
    "UNPAID_PER_GUEST": 50,
    "SOCKETS_PER_ADDRESS": 200,
    "PASSWORD_HASHES_AT_ONCE": 4,
    "METRICS_FROM": ["127.0.0.0/8", "::1/128"],
}

EVENTS = (
    "check_in_undone", "check_out_undone", "reinstated", "rest_released", "price_adjusted",
    "fee_waived", "swapped",
)  # fmt: skip


@pytest.fixture
def venue() -> Venue:
    """A lot of two spots, open round the clock."""
    return make_venue(units=2)


@pytest.fixture
def manager(venue: Venue) -> Api:
    return person(StaffFactory.create(staff_venues=[venue]))


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_each_call_has_its_name_and_its_status(method: str, path: str) -> None:
    document = json.loads(json.dumps(api.get_openapi_schema(path_prefix=f"{BASE}/"), default=str))
    operation = document["paths"][BASE + path][method.lower()]
    succeeding = [status for status in operation["responses"] if status < "300"]
    assert (operation["operationId"], succeeding) == (
        PATHS[method, path][0],
        [*PATHS[method, path][1:]],
    )


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_limit_has_its_default(settings: Any, name: str) -> None:
    assert getattr(settings, name) == DEFAULTS[name]


def test_each_event_has_its_name() -> None:
    names = {kind.name for kind in EVENT_TYPES}
    assert {f"reservation.{name}" for name in EVENTS} <= names


@pytest.mark.parametrize("verb", MANAGER_VERBS)
@pytest.mark.parametrize("reason", [None, "", "x" * 201])
def test_a_reason_has_1_to_200_characters(
    manager: Api, venue: Venue, verb: str, reason: str | None
) -> None:
    row = hold(venue, TODAY)
    body = MANAGER_VERBS[verb] | ({} if reason is None else {"reason": reason})
    assert set(faults(manager.post(f"/reservations/{row.pk}/{verb}", body))) == {"reason"}


@pytest.mark.parametrize("verb", MANAGER_VERBS)
def test_what_stands_against_a_verb_is_409(manager: Api, venue: Venue, verb: str) -> None:
    row = hold(venue, TODAY)
    Reservation.objects.update(cancelled_at=TODAY, confirmed_at=TODAY)
    if verb in ("reinstate", "adjust-price", "waive-fee"):
        Reservation.objects.update(cancelled_at=None, ends_at=TODAY + timedelta(hours=1))
    answer = manager.post(
        f"/reservations/{row.pk}/{verb}", MANAGER_VERBS[verb] | {"reason": "x" * 200}
    )
    # The reason is taken. A price can be adjusted at any time, and a fee of nothing be waived.
    assert answer.status_code == (200 if verb in ("adjust-price", "waive-fee") else 409)


def test_a_reservation_says_what_cancelling_costs_and_what_is_due(
    manager: Api, venue: Venue
) -> None:
    body = manager.get(f"/reservations/{hold(venue, TODAY).pk}").json()
    assert set(body["cancellation"]) == {"free_until", "fee_now", "fee_due", "steps"}
    assert body["cancellation"]["steps"] == [] and body["cancellation"]["free_until"] is None
    money = ("price", "paid", "due", "due_now")
    assert all(set(body[name]) == {"amount", "currency"} for name in money)
    assert body["paid"]["amount"] == "0.00" and body["due"] == body["price"]
    assert (body["replaces"], body["warnings"]) == (None, [])


def test_a_walk_in_is_placed_and_arrived_and_called_guest(manager: Api, venue: Venue) -> None:
    answer = manager.post(f"/venues/{venue.slug}/walk-ins", {"guest_count": 1})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["last_name"], body["status"]) == ("Guest", "present")
    events = Event.objects.filter(reservation_id=body["id"])
    assert [event.name for event in events] == ["reservation.created", "reservation.checked_in"]
    assert all(event.data["walk_in"] for event in events.filter(name="reservation.created"))


def test_a_walk_in_meets_the_hours_unless_a_reason_sets_them_aside(
    manager: Api, venue: Venue, clock: FrozenDateTimeFactory
) -> None:
    add_hours(venue, (TODAY + timedelta(hours=1)).time(), (TODAY + timedelta(hours=5)).time())
    there = f"/venues/{venue.slug}/walk-ins"
    assert manager.post(there, {"guest_count": 1}).status_code == 409
    told = {"guest_count": 1, "override_reason": "He is at the door."}
    assert manager.post(there, told).status_code == 201


@pytest.mark.parametrize("reason", ["x" * 201])
def test_an_override_reason_has_at_most_200_characters(
    manager: Api, venue: Venue, reason: str
) -> None:
    row = hold(venue, TODAY)
    for path in (f"/reservations/{row.pk}/check-in", f"/reservations/{row.pk}/confirm"):
        assert set(faults(manager.post(path, {"override_reason": reason}))) == {"override_reason"}


def test_unknown_names_are_refused_with_the_nearest_known_one(manager: Api, venue: Venue) -> None:
    told = faults(manager.post(f"/venues/{venue.slug}/walk-ins", {"guest_cuont": 1}))
    assert "guest_count" in told["guest_cuont"]
    assert (
        "date" in faults(manager.get(f"/venues/{venue.slug}/slots", {"dat": "2027-03-01"}))["dat"]
    )


def test_the_probes_are_at_the_root(client: Client) -> None:
    parts = client.get("/readyz?parts=database").json()
    assert parts["status"] == "ready"
    measured = client.get("/metrics")
    assert measured.status_code == 200
    assert b"\nholdfast_" in measured.content or measured.content.startswith(b"# HELP holdfast_")
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
