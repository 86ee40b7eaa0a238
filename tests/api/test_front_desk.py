"""Walk-ins, swaps, and units whose guest has not gone, as the API tells them."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Reservation
from tests.api.calling import Api, person, problem
from tests.api.conftest import TODAY
from tests.factories import DESK, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HOUR = timedelta(hours=1)


@pytest.fixture
def lot() -> Venue:
    return make_venue("parking", units=2, unit_choice="guest")


@pytest.fixture
def clerk(lot: Venue) -> Api:
    return person(StaffFactory.create(staff_venues=[lot]))


def overstayer(lot: Venue, clock: FrozenDateTimeFactory) -> Reservation:
    """On spot 1 until an hour from TODAY, and still there half an hour later."""
    row = hold(lot, TODAY, 1, resource=lot.resources.get(name="1").pk)
    actions.check_in(reservation_id=row.pk, by=DESK)
    clock.move_to(TODAY + 1.5 * HOUR)
    return row


def walk_in(api: Api, lot: Venue, **body: Any) -> Any:
    return api.post(f"/venues/{lot.slug}/walk-ins", {"guest_count": 1, **body})


def test_a_walk_in_is_answered_as_a_reservation_that_is_present(clerk: Api, lot: Venue) -> None:
    answer = walk_in(clerk, lot, vehicle_plate="AB-12-CD")
    assert answer.status_code == 201
    told = answer.json()
    assert answer["Location"] == f"/api/v1/reservations/{told['id']}" and answer["ETag"]
    assert (told["status"], told["last_name"], told["phone"]) == ("present", "Guest", "")
    assert told["starts_at"] == "2027-02-01T09:00:00Z"
    events = clerk.get(f"/reservations/{told['id']}/events").json()["items"]
    named = {one["name"]: one["data"] for one in events}
    assert named == {
        "reservation.checked_in": {"walk_in": True},
        "reservation.created": {"walk_in": True},
    }


def test_a_walk_in_repeated_with_its_key_is_one(clerk: Api, lot: Venue) -> None:
    body = {"guest_count": 1}
    path = f"/venues/{lot.slug}/walk-ins"
    told = [clerk.post(path, body, Idempotency_Key="once").json() for _ in range(2)]
    assert told[0] == told[1] and Reservation.objects.count() == 1


def test_a_shorter_stay_is_offered_as_until(clerk: Api, lot: Venue) -> None:
    for spot in lot.resources.all():
        hold(lot, TODAY + HOUR, 2, resource=spot.pk)
    said = problem(walk_in(clerk, lot), 409, "taken")
    assert said["until"] == "2027-02-01T10:00:00Z"
    assert walk_in(clerk, lot, ends_at=said["until"]).status_code == 201


def test_only_staff_of_the_venue_enter_walk_ins_and_swaps(lot: Venue) -> None:
    stranger = person(UserFactory.create())
    problem(walk_in(stranger, lot), 403, "forbidden")
    body = {"reservations": ["1", "2"], "reason": "x"}
    problem(stranger.post(f"/venues/{lot.slug}/swap", body), 403, "forbidden")
    problem(
        walk_in(person(StaffFactory.create(staff_venues=[make_venue()])), lot), 403, "forbidden"
    )


def test_a_unit_whose_guest_has_not_gone_is_taken_everywhere(
    clerk: Api, lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    row = overstayer(lot, clock)
    one = lot.resources.get(name="1")
    spots = clerk.get("/parking/spots", {"lot": lot.slug}).json()
    assert [spot["status"] for spot in spots] == ["taken", "free"]
    plan = clerk.get(f"/venues/{lot.slug}/plan").json()["units"]
    assert [(unit["state"], unit["is_overstay"], unit["since"]) for unit in plan] == [
        ("taken", True, "2027-02-01T09:00:00Z"),
        ("free", False, None),
    ]
    assert plan[0]["guest"] == f"{row.first_name} {row.last_name}"
    full = clerk.get(f"/venues/{lot.slug}/occupancy").json()
    assert "0.5" in str(full)
    available = clerk.get(f"/venues/{lot.slug}/availability").json()
    assert available["free"] == 1
    why = clerk.get(f"/venues/{lot.slug}/explain", {"resource": one.pk}).json()
    assert (why["bookable"], why["code"]) == (False, "occupied")
    assert walk_in(clerk, lot).json()["resource"]["name"] == "2"
    said = problem(walk_in(clerk, lot), 409, "occupied")
    assert said["unit"] == {"id": str(one.pk), "name": "1", "floor": 1}
    assert (said["since"], said["until"]) == ("2027-02-01T09:00:00Z", None)


def test_a_driver_whose_spot_is_not_free_gets_another(
    lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    driver = UserFactory.create()
    start = TODAY + 1.5 * HOUR
    mine = hold(lot, start, 2, resource=lot.resources.get(name="1").pk)
    Reservation.objects.filter(pk=mine.pk).update(guest=driver)
    mine.allocations.update(is_locked=False)
    overstayer(lot, clock)
    answer = person(driver).send("PUT", f"/parking/reservations/{mine.pk}/occupy")
    assert answer.status_code == 200 and answer.json()["spot_number"] == "2"


def test_staff_give_an_occupied_unit_anyway(
    clerk: Api, lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    start = TODAY + 1.5 * HOUR
    mine = hold(lot, start, 2, resource=lot.resources.get(name="1").pk)
    overstayer(lot, clock)
    path = f"/reservations/{mine.pk}/check-in"
    said = problem(clerk.post(path), 409, "occupied")
    assert said["unit"]["name"] == "1"
    answer = clerk.post(path, {"override_reason": "a couple"})
    assert answer.status_code == 200 and answer.json()["resource"]["name"] == "1"


def test_two_stays_swap_their_units(clerk: Api, lot: Venue) -> None:
    start = TODAY + 3 * HOUR
    rows = [hold(lot, start, 2, resource=spot.pk) for spot in lot.resources.order_by("pk")]
    body = {"reservations": [str(row.pk) for row in rows], "reason": "they asked"}
    answer = clerk.post(f"/venues/{lot.slug}/swap", body)
    assert answer.status_code == 200
    assert [one["resource"]["name"] for one in answer.json()["items"]] == ["2", "1"]
    problem(clerk.post(f"/venues/{lot.slug}/swap", body | {"reason": ""}), 422, "validation_error")
