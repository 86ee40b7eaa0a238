"""The challenge of a city's lots as a plain HTTP script: a lot, a spot, arrival, leaving, cost."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations.models import Reservation
from tests.api.calling import Api, faults, partner, person, problem
from tests.api.conftest import TODAY
from tests.guests.factories import PartnerFactory, StaffFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, overlaps
from tests.trades.asking import made
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PRICE = {"amount": "2.50", "currency": "EUR"}


@pytest.fixture
def lot(administrator: Api) -> str:
    """Three spots at 2.50 for each started hour."""
    body = {"name": "City Lot", "address": "Coolsingel 40", "capacity": 3, "price": PRICE}
    slug: str = made(administrator.post("/parking/lots", body))["id"]
    return slug


def park(caller: Api, lot: str, **changes: Any) -> dict[str, Any]:
    return made(caller.post("/parking/reservations", {"lot_id": lot} | changes))


def verb(caller: Api, stay: dict[str, Any], name: str) -> Any:
    return caller.send("PUT", f"/parking/reservations/{stay['id']}/{name}")


def done(caller: Api, stay: dict[str, Any], name: str) -> dict[str, Any]:
    answer = verb(caller, stay, name)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def free(caller: Api, lot: str) -> int:
    (found,) = (one for one in caller.get("/parking/lots").json()["items"] if one["id"] == lot)
    count: int = found["free"]
    return count


def test_the_script_of_the_challenge(
    administrator: Api, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    opened = administrator.post(
        "/parking/lots",
        {"name": "City Lot", "address": "Coolsingel 40", "capacity": 3, "price": PRICE},
    )
    assert made(opened) == {
        "id": "city-lot",
        "name": "City Lot",
        "address": "Coolsingel 40",
        "capacity": 3,
        "free": 3,
        "price": PRICE,
        "time_zone": "UTC",
    }
    listed = {"items": [opened.json()], "next_cursor": None}
    assert guest.get("/parking/lots").json() == listed
    stay = park(guest, "city-lot", vehicle_plate="AB-12-CD")
    assert (stay["spot_number"], stay["status"]) in [(str(n), "Booked") for n in (1, 2, 3)]
    assert (stay["start_time"], stay["end_time"]) == (
        "2027-02-01T09:00:00Z",
        "2027-02-01T11:00:00Z",
    )
    assert free(guest, "city-lot") == 2
    clock.move_to(TODAY + 5 * MINUTE)
    here = done(guest, stay, "occupy")
    assert here["occupied_at"] == "2027-02-01T09:05:00Z"
    clock.move_to(TODAY + 70 * MINUTE)
    left = done(guest, stay, "release")
    assert left["released_at"] == "2027-02-01T10:10:00Z"
    assert left["status"] == "Completed"
    # An hour and five minutes are two started hours.
    assert left["cost"] == {"amount": "5.00", "currency": "EUR"}
    assert free(guest, "city-lot") == 3


@pytest.mark.parametrize(
    ("stayed", "cost"),
    [
        (timedelta(0), "0.00"),
        (SECOND, "2.50"),
        (HOUR, "2.50"),
        (HOUR + SECOND, "5.00"),
        (2 * HOUR, "5.00"),
        # Past the end that was reserved for.
        (5 * HOUR, "12.50"),
    ],
)
def test_the_cost_is_that_of_the_time_used(
    lot: str, guest: Api, clock: FrozenDateTimeFactory, stayed: timedelta, cost: str
) -> None:
    stay = park(guest, lot)
    assert stay["cost"]["amount"] == "5.00"
    done(guest, stay, "occupy")
    clock.move_to(TODAY + stayed)
    assert done(guest, stay, "release")["cost"]["amount"] == cost
    assert Reservation.objects.get().price_minor == int(cost.replace(".", ""))


def test_who_comes_early_pays_from_then(lot: str, guest: Api, clock: FrozenDateTimeFactory) -> None:
    stay = park(guest, lot, start_time=(TODAY + HOUR).isoformat())
    clock.move_to(TODAY + 31 * MINUTE)
    assert free(guest, lot) == 3
    done(guest, stay, "occupy")
    assert free(guest, lot) == 2
    clock.move_to(TODAY + 2 * HOUR)
    assert done(guest, stay, "release")["cost"]["amount"] == "5.00"


def test_who_comes_much_too_early_is_told_when(lot: str, guest: Api) -> None:
    stay = park(guest, lot, start_time=(TODAY + HOUR).isoformat())
    said = problem(verb(guest, stay, "occupy"), 409, "wrong_status")
    assert said["opens_at"] == "2027-02-01T09:30:00Z"


def test_occupying_and_releasing_twice_is_doing_it_once(
    lot: str, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    stay = park(guest, lot)
    first = done(guest, stay, "occupy")
    clock.tick(MINUTE)
    assert done(guest, stay, "occupy") == first
    left = done(guest, stay, "release")
    clock.tick(HOUR)
    assert done(guest, stay, "release") == left
    assert done(guest, stay, "occupy") == left


def test_releasing_needs_an_arrival_and_completing_does_not(lot: str, guest: Api) -> None:
    stay = park(guest, lot)
    problem(verb(guest, stay, "release"), 409, "wrong_status")
    assert done(guest, stay, "complete")["status"] == "Completed"
    assert free(guest, lot) == 3


def test_completing_an_occupied_spot_is_releasing_it(
    lot: str, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    stay = park(guest, lot)
    done(guest, stay, "occupy")
    clock.tick(10 * MINUTE)
    assert done(guest, stay, "complete")["cost"]["amount"] == "2.50"


def test_who_does_not_come_is_missed_and_the_spot_is_free(
    lot: str, guest: Api, stranger: Api, clock: FrozenDateTimeFactory
) -> None:
    stay = park(guest, lot)
    clock.move_to(TODAY + HOUR)
    assert free(guest, lot) == 3
    answer = guest.get(f"/reservations/{stay['id']}").json()
    assert answer["status"] == "no_show"
    for _ in range(3):
        park(stranger, lot)
    problem(verb(guest, stay, "occupy"), 409, "taken")


def test_the_first_available_spot_is_given_and_no_other_may_be_asked_for(
    lot: str, guest: Api
) -> None:
    spot = Venue.objects.get(slug=lot).resources.earliest("pk").pk
    for body in ({"spot_id": spot}, {"spot_id": spot, "lot_id": lot}):
        times = {"start_time": TODAY.isoformat()}
        problem(guest.post("/parking/reservations", body | times), 409, "no_choice")


def test_every_spot_is_given_once_and_then_the_lot_is_full(lot: str, guest: Api) -> None:
    given = {park(guest, lot)["spot_id"] for _ in range(3)}
    assert len(given) == 3
    problem(guest.post("/parking/reservations", {"lot_id": lot}), 409, "taken")
    # Nobody is in the way of somebody who comes later.
    park(guest, lot, start_time=(TODAY + 2 * HOUR).isoformat())


def test_a_later_reservation_does_not_take_the_whole_day_from_a_spot(lot: str, guest: Api) -> None:
    for _ in range(3):
        park(guest, lot, start_time=(TODAY + 4 * HOUR).isoformat())
    park(guest, lot)
    end = (TODAY + 5 * HOUR).isoformat()
    problem(guest.post("/parking/reservations", {"lot_id": lot, "end_time": end}), 409, "taken")


@pytest.mark.django_db(transaction=True)
def test_the_last_spot_goes_to_one_of_many(lot: str, guest: Api, stranger: Api) -> None:
    for number in range(5):
        body = {"lot_id": lot, "start_time": (TODAY + number * DAY).isoformat()}
        callers = iter([guest, stranger] * 3)
        answers = race(
            6,
            lambda: next(callers).post("/parking/reservations", body),  # noqa: B023
        )
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    assert list(overlaps()) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end_time": (TODAY - SECOND).isoformat()}, "end_time"),
        ({"end_time": TODAY.isoformat()}, "end_time"),
        ({"lot_id": None}, "spot_id"),
        ({"remarks": "x" * 501}, "remarks"),
    ],
)
def test_what_does_not_fit_is_named(
    lot: str, guest: Api, changes: dict[str, Any], field: str
) -> None:
    answer = guest.post("/parking/reservations", {"lot_id": lot} | changes)
    assert list(faults(answer)) == [field]


def test_times_may_be_given(lot: str, guest: Api) -> None:
    start, end = TODAY + DAY, TODAY + DAY + 3 * HOUR
    stay = park(guest, lot, start_time=start.isoformat(), end_time=end.isoformat())
    assert datetime.fromisoformat(stay["end_time"]) == end
    assert stay["cost"]["amount"] == "7.50"


def test_managers_change_their_lots_and_only_administrators_make_and_close_them(
    lot: str, guest: Api, administrator: Api
) -> None:
    venue = Venue.objects.get(slug=lot)
    manager = person(StaffFactory.create(staff_venues=[venue]))
    clerk = person(StaffFactory.create(clerk_at=[venue]))
    acme = partner(PartnerFactory.create(venues=[venue]))
    body = {"name": "Other", "capacity": 1, "price": PRICE}
    for caller in (guest, clerk, manager, acme):
        problem(caller.post("/parking/lots", body), 403, "forbidden")
        problem(caller.send("DELETE", f"/parking/lots/{lot}"), 403, "forbidden")
    for caller in (guest, clerk, acme):
        problem(caller.patch(f"/parking/lots/{lot}", {"capacity": 9}), 403, "forbidden")
    assert Venue.objects.count() == 1
    assert venue.resources.count() == 3
    assert manager.patch(f"/parking/lots/{lot}", {"capacity": 9}).status_code == 200
    assert venue.resources.count() == 9


def test_another_drivers_stay_is_not_there_and_the_administrators_see_it(
    lot: str, guest: Api, stranger: Api, administrator: Api
) -> None:
    stay = park(guest, lot)
    for name in ("occupy", "release", "complete"):
        problem(verb(stranger, stay, name), 404, "not_found")
    assert done(administrator, stay, "occupy")["id"] == stay["id"]


def test_the_administrator_sees_whose_vehicle_is_where(
    lot: str, guest: Api, administrator: Api, driver: User
) -> None:
    stay = park(guest, lot, vehicle_plate="AB-12-CD", remarks="by the door")
    (found,) = administrator.get("/reservations", {"venue": lot}).json()["items"]
    assert (found["vehicle_plate"], found["remarks"]) == ("AB-12-CD", "by the door")
    assert found["resource"]["name"] == stay["spot_number"]
    assert stay["user_id"] == driver.pk


def test_a_partner_cannot_say_for_whom(lot: str) -> None:
    acme = partner(PartnerFactory.create(venues=[Venue.objects.get(slug=lot)]))
    assert "phone" in faults(acme.post("/parking/reservations", {"lot_id": lot}))
