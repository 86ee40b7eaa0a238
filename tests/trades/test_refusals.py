"""A refused spot or slot comes with what could be booked instead, in the words of its trade."""

from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from config.demonstration import venues
from reservations import actions
from tests.api.calling import Api, faults, person, problem
from tests.factories import DESK, hold
from tests.guests.factories import UserFactory
from tests.reservations.facts import HOUR, MINUTE
from tests.trades.asking import block, made, open_for
from venues.models import Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

EIGHT = datetime(2027, 2, 2, 8, tzinfo=UTC)
SPOTS = "/parking/reservations"


def to_park(other: dict[str, Any]) -> dict[str, Any]:
    """An alternative as a request of its own: what it says in parking's words."""
    named = "spot_id" if other["spot_id"] else "category"
    return {name: other[name] for name in ("lot_id", "type", "start_time", "end_time", named)}


def all_are_taken(said: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives, after each was booked by somebody and given back."""
    for other in said["alternatives"]:
        answer = person(UserFactory.create()).post(SPOTS, to_park(other))
        assert answer.status_code == 201, answer.content
        assert answer.json()["cost"] == other["price"]
        actions.cancel(reservation_id=answer.json()["id"], by=DESK)
    found: list[dict[str, Any]] = said["alternatives"]
    return found


def test_a_taken_spot_comes_with_another_and_with_other_slots(guest: Api) -> None:
    lot = venues.smart_parking()
    spot = lot.resources.get(name="101")
    hold(lot, EIGHT + 4 * HOUR, 4, resource=spot.pk)
    times = {"start_time": "2027-02-02T12:00:00Z", "end_time": "2027-02-02T16:00:00Z"}
    found = all_are_taken(problem(guest.post(SPOTS, {"spot_id": spot.pk} | times), 409, "taken"))
    assert [(one["start_time"][11:16], one["resource"]["name"]) for one in found] == [
        ("12:00", "102"), ("08:00", "101"), ("16:00", "101"),
    ]  # fmt: skip


def test_a_full_lot_comes_with_other_times_and_never_what_is_given_on_request(guest: Api) -> None:
    lot = venues.city_lot()
    for _ in range(30):
        hold(lot, EIGHT, 2, category="regular")
    times = {"start_time": "2027-02-02T08:00:00Z", "end_time": "2027-02-02T10:00:00Z"}
    wish = {"lot_id": lot.slug} | times
    found = all_are_taken(problem(guest.post(SPOTS, wish), 409, "taken"))
    assert [one["start_time"][11:16] for one in found[:2]] == ["06:00", "10:00"]
    assert {one["type"] for one in found} == {"Regular"}
    # Who needs such a spot asks for it by its type, in a lot that gives no choice of spot too.
    spot = Resource.objects.get(pk=made(guest.post(SPOTS, wish | {"type": "Handicap"}))["spot_id"])
    assert spot.category.code == "handicap"


def test_a_driver_at_the_gate_is_offered_what_begins_now(
    guest: Api, clock: FrozenDateTimeFactory
) -> None:
    lot = venues.city_lot()
    for _ in range(6):
        hold(
            lot,
            clock().replace(tzinfo=UTC) - 30 * MINUTE,
            4,
            category="handicap",
            override_reason="x",
        )
    said = problem(guest.post(SPOTS, {"lot_id": lot.slug, "type": "Handicap"}), 409, "taken")
    found = all_are_taken(said)
    assert (found[0]["start_time"], found[0]["type"]) == (None, "Regular")


def test_a_taken_appointment_comes_with_the_next_and_with_another_provider(
    guest: Api, desk: Api, practice: Venue, provider: Resource
) -> None:
    other = Resource.objects.create(venue=practice, category=provider.category, name="Dr. Bos")
    for who in (provider, other):
        made(open_for(desk, who.pk, block("2027-02-03", "08:00", "09:00")))
    start = datetime(2027, 2, 3, 7, 30, tzinfo=UTC)
    hold(practice, start, 0.25, resource=provider.pk)
    body = {"provider_id": provider.pk, "starts_at": "2027-02-03T07:30:00Z"}
    said = problem(guest.post("/appointments", body), 409, "held_by_other")
    told = [(one["starts_at"][11:16], one["provider_id"]) for one in said["alternatives"]]
    assert told == [("07:30", other.pk), ("07:15", provider.pk), ("07:45", provider.pk)]
    for one in said["alternatives"]:
        wish = {name: one[name] for name in ("provider_id", "starts_at")}
        caller = person(UserFactory.create())
        assert made(caller.post("/appointments", wish))["starts_at"] == one["starts_at"]


@pytest.mark.parametrize(
    ("at", "slot"), [("07:59", "08:00"), ("08:00", "08:00"), ("08:01", "12:00"), ("15:00", "16:00")]
)
def test_a_lot_of_slots_gives_the_next_that_can_be_booked(
    guest: Api, clock: FrozenDateTimeFactory, at: str, slot: str
) -> None:
    lot = venues.smart_parking()
    clock.move_to(f"2027-02-02T{at}:00Z")
    stay = made(guest.post(SPOTS, {"lot_id": lot.slug}))
    start = datetime.fromisoformat(stay["start_time"])
    assert stay["start_time"] == f"2027-02-02T{slot}:00Z"
    assert datetime.fromisoformat(stay["end_time"]) - start == 4 * HOUR


def test_after_the_last_slot_a_start_must_be_given(
    guest: Api, clock: FrozenDateTimeFactory
) -> None:
    lot = venues.smart_parking()
    clock.move_to("2027-02-02T16:01:00Z")
    assert set(faults(guest.post(SPOTS, {"lot_id": lot.slug}))) == {"start_time"}


def test_a_grid_without_a_length_ends_with_the_slot(guest: Api) -> None:
    lot = venues.smart_parking()
    lot.policy.slot_length = lot.policy.default_length = None
    lot.policy.save()
    stay = made(guest.post(SPOTS, {"lot_id": lot.slug, "start_time": "2027-02-02T08:00:00Z"}))
    assert stay["end_time"] == "2027-02-02T20:00:00Z"
    beside = {"lot_id": lot.slug, "start_time": "2027-02-02T09:00:00Z"}
    assert set(faults(guest.post(SPOTS, beside))) == {"end_time"}


def test_an_hourly_lot_begins_now_for_its_usual_length(
    guest: Api, clock: FrozenDateTimeFactory
) -> None:
    lot = venues.city_lot()
    clock.tick(7 * MINUTE)
    stay = made(guest.post(SPOTS, {"lot_id": lot.slug}))
    assert (stay["start_time"], stay["end_time"]) == (
        "2027-02-01T09:07:00Z", "2027-02-01T11:07:00Z",
    )  # fmt: skip


def test_a_type_is_given_or_refused_but_never_ignored(guest: Api) -> None:
    lot = venues.smart_parking()
    times = {"start_time": "2027-02-02T08:00:00Z", "end_time": "2027-02-02T12:00:00Z"}
    wish = {"lot_id": lot.slug, "type": "Handicap"} | times
    assert made(guest.post(SPOTS, wish))["spot_number"] == "105"
    problem(guest.post(SPOTS, wish), 409, "taken")
    for _ in range(4):
        assert made(guest.post(SPOTS, wish | {"type": "Regular"}))["spot_number"] != "105"
    spot = lot.resources.get(name="101").pk
    assert set(faults(guest.post(SPOTS, wish | {"spot_id": spot}))) == {"type"}
    assert set(faults(guest.post(SPOTS, wish | {"category": "regular"}))) == {"type"}
    other = {"spot_id": spot, "category": "handicap"} | times
    assert set(faults(guest.post(SPOTS, other))) == {"spot_id"}
    assert set(faults(guest.post(SPOTS, wish | {"type": "Large"}))) == {"type"}


def test_a_type_that_a_lot_has_not_is_not_found(guest: Api, administrator: Api) -> None:
    body = {"name": "Plain", "capacity": 1, "price": {"amount": "1.00", "currency": "EUR"}}
    lot = made(administrator.post("/parking/lots", body))["id"]
    problem(guest.post(SPOTS, {"lot_id": lot, "type": "Handicap"}), 404, "not_found")
    assert made(guest.post(SPOTS, {"lot_id": lot, "type": "Regular"}))["spot_number"] == "1"


def test_a_spot_says_of_which_lot_it_is(guest: Api) -> None:
    lots = {venues.smart_parking().slug, venues.city_lot().slug}
    assert {spot["lot_id"] for spot in guest.get("/parking/spots").json()} == lots
