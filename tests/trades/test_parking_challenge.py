"""The smart-parking challenge as a plain HTTP script: log in, list, reserve, race, complete."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django.live_server_helper import LiveServer

from config.demonstration import venues
from guests.models import User
from reservations import sweeps
from reservations.models import Reservation
from tests.api.calling import BASE, Api, anonymous, faults, person, problem
from tests.api.conftest import TODAY
from tests.factories import hold, make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.guests.races import race
from tests.reservations.facts import HOUR, SECOND, overlaps
from tests.trades.asking import BAD_IDS
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

EIGHT = datetime(2027, 2, 2, 8, tzinfo=UTC)
"""The first slot of the day after TODAY."""

ROUNDS = 20
SECRET = "password123"


@pytest.fixture
def lot(db: None) -> Venue:
    """Five spots, three slots a day."""
    return venues.smart_parking()


@pytest.fixture
def drivers(db: None) -> list[User]:
    return [
        UserFactory.create(email=f"driver{number}@parking.com", password=SECRET)
        for number in (1, 2)
    ]


@pytest.fixture
def first(drivers: list[User]) -> Api:
    return person(drivers[0])


@pytest.fixture
def second(drivers: list[User]) -> Api:
    return person(drivers[1])


def spots(caller: Api, lot: Venue) -> dict[str, dict[str, Any]]:
    answer = caller.get("/parking/spots", {"lot": lot.slug})
    assert answer.status_code == 200, answer.content
    return {spot["spot_number"]: spot for spot in answer.json()}


def slot(lot: Venue, start: datetime = EIGHT, number: str = "101", **changes: Any) -> Any:
    """A body for one slot of one spot."""
    times = {"start_time": start.isoformat(), "end_time": (start + 4 * HOUR).isoformat()}
    return {"spot_id": lot.resources.get(name=number).pk} | times | changes


def booked(caller: Api, body: Any) -> dict[str, Any]:
    answer = caller.post("/parking/reservations", body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


class Script:
    """A driver's script: it knows an address, an e-mail address and a password."""

    def __init__(self, server: str, email: str) -> None:
        self.http = httpx.Client(base_url=server + BASE, timeout=60)
        answer = self.http.post("/parking/login", json={"email": email, "password": SECRET})
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access']}"

    def reserve(self, spot: int, start: datetime) -> httpx.Response:
        body = {
            "spot_id": spot,
            "start_time": start.isoformat(),
            "end_time": (start + 4 * HOUR).isoformat(),
        }
        return self.http.post("/parking/reservations", json=body)


@pytest.fixture
def scripts(
    live_server: LiveServer, lot: Venue, drivers: list[User]
) -> Iterator[tuple[Script, Script]]:
    pair = (
        Script(live_server.url, "driver1@parking.com"),
        Script(live_server.url, "driver2@parking.com"),
    )
    yield pair
    for script in pair:
        script.http.close()


@pytest.mark.django_db(transaction=True)
def test_the_script_of_the_challenge(scripts: tuple[Script, Script]) -> None:
    one, other = scripts
    listed = one.http.get("/parking/spots", params={"lot": "smart-parking"}).json()
    assert [spot["spot_number"] for spot in listed] == ["101", "102", "103", "104", "105"]
    spot = listed[0]["id"]
    made = one.reserve(spot, EIGHT)
    assert made.status_code == 201
    assert made.json()["status"] == "Booked"
    refused = other.reserve(spot, EIGHT)
    assert refused.status_code == 409
    assert refused.headers["Content-Type"] == "application/problem+json"
    done = one.http.put(f"/parking/reservations/{made.json()['id']}/complete")
    assert (done.status_code, done.json()["status"]) == (200, "Completed")
    assert other.reserve(spot, EIGHT).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_two_drivers_at_once_are_one_winner_and_one_kind_refusal_every_time(
    scripts: tuple[Script, Script], lot: Venue
) -> None:
    spot = lot.resources.get(name="103").pk
    for number in range(ROUNDS):
        start = EIGHT + timedelta(days=number)
        reserving = iter([partial(script.reserve, spot, start) for script in scripts])
        answers = race(2, lambda: next(reserving)())  # noqa: B023 - over before the next round
        assert sorted(answer.status_code for answer in answers) == [201, 409], answers
        (refusal,) = (one.json() for one in answers if one.status_code == 409)
        assert refusal["code"] == "taken"
        assert refusal["detail"]
    assert Reservation.objects.count() == ROUNDS
    assert list(overlaps()) == []


def test_log_in_gives_a_token_that_lists_the_spots(lot: Venue, first: Api) -> None:
    answer = anonymous().post(
        "/parking/login", {"email": "Driver1@Parking.com", "password": SECRET}
    )
    said = answer.json()
    assert (answer.status_code, said["token_type"]) == (200, "Bearer")
    known = Api(lambda: {"Authorization": f"Bearer {said['access']}"})
    assert list(spots(known, lot)) == ["101", "102", "103", "104", "105"]


def test_a_wrong_password_is_401(drivers: list[User]) -> None:
    body = {"email": "driver1@parking.com", "password": "password124"}
    problem(anonymous().post("/parking/login", body), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/parking/spots"),
        ("GET", "/parking/lots"),
        ("GET", "/parking/stats"),
        ("POST", "/parking/lots"),
        ("POST", "/parking/reservations"),
        ("PATCH", "/parking/lots/smart-parking"),
        ("DELETE", "/parking/lots/smart-parking"),
        ("PUT", "/parking/reservations/1/complete"),
        ("PUT", "/parking/reservations/1/occupy"),
        ("PUT", "/parking/reservations/1/release"),
    ],
)
def test_everything_but_log_in_needs_a_token(lot: Venue, method: str, path: str) -> None:
    body: Any = None if method == "GET" else {}
    problem(anonymous().send(method, path, body), 401, "not_authenticated")


def test_a_spot_says_number_floor_type_and_status(lot: Venue, first: Api) -> None:
    found = spots(first, lot)
    assert found["101"] == {
        "id": lot.resources.get(name="101").pk,
        "lot_id": lot.slug,
        "spot_number": "101",
        "floor_number": 1,
        "type": "Regular",
        "status": "free",
    }
    assert found["105"]["type"] == "Handicap"


def test_spots_of_every_lot_are_listed_where_none_is_named(lot: Venue, first: Api) -> None:
    make_venue("parking", units=2)
    make_venue("hotel", units=2)
    Venue.objects.filter(pk=make_venue("parking", units=4).pk).update(is_active=False)
    assert len(first.get("/parking/spots").json()) == 7


@pytest.mark.parametrize("slug", ["nowhere", "hotel", ""])
def test_a_lot_that_is_not_there_is_404(lot: Venue, first: Api, slug: str) -> None:
    Venue.objects.filter(pk=make_venue("hotel").pk).update(slug="hotel")
    for path in ("/parking/spots", "/parking/stats"):
        problem(first.get(path, {"lot": slug}), 404, "not_found")


def test_a_reservation_says_whose_and_when_and_what_it_costs(
    lot: Venue, first: Api, drivers: list[User]
) -> None:
    body = slot(lot)
    made = booked(first, body)
    assert made == {
        "id": Reservation.objects.get().pk,
        "user_id": drivers[0].pk,
        "lot_id": "smart-parking",
        "spot_id": body["spot_id"],
        "spot_number": "101",
        "start_time": "2027-02-02T08:00:00Z",
        "end_time": "2027-02-02T12:00:00Z",
        "status": "Booked",
        "occupied_at": None,
        "released_at": None,
        "cost": {"amount": "10.00", "currency": "EUR"},
    }


def test_the_usual_length_is_one_slot(lot: Venue, first: Api) -> None:
    made = booked(first, slot(lot, end_time=None))
    assert made["end_time"] == "2027-02-02T12:00:00Z"


def test_two_slots_in_a_row_are_one_reservation(lot: Venue, first: Api) -> None:
    booked(first, slot(lot, end_time="2027-02-02T16:00:00Z"))
    refused = first.post("/parking/reservations", slot(lot, EIGHT + 4 * HOUR))
    problem(refused, 409, "taken")


def test_the_other_driver_is_told_kindly(lot: Venue, first: Api, second: Api) -> None:
    booked(first, slot(lot))
    refused = second.post("/parking/reservations", slot(lot))
    assert "taken" in problem(refused, 409, "taken")["detail"]


def test_the_neighbouring_slots_and_spots_stay_free(lot: Venue, first: Api, second: Api) -> None:
    booked(first, slot(lot))
    booked(second, slot(lot, EIGHT + 4 * HOUR))
    booked(second, slot(lot, number="102"))


def test_a_spot_turns_when_its_slot_begins_and_is_free_again_when_it_ends(
    lot: Venue, first: Api, clock: FrozenDateTimeFactory
) -> None:
    booked(first, slot(lot))
    for instant, status in (
        (EIGHT - SECOND, "free"),
        (EIGHT, "taken"),
        (EIGHT + 4 * HOUR - SECOND, "taken"),
        (EIGHT + 4 * HOUR, "free"),
    ):
        clock.move_to(instant)
        assert spots(first, lot)["101"]["status"] == status, instant


def test_completing_frees_the_spot_at_once(
    lot: Venue, first: Api, clock: FrozenDateTimeFactory
) -> None:
    made = booked(first, slot(lot))
    clock.move_to(EIGHT + HOUR)
    answer = first.send("PUT", f"/parking/reservations/{made['id']}/complete")
    assert answer.status_code == 200
    assert answer.json()["status"] == "Completed"
    assert answer.json()["released_at"] == "2027-02-02T09:00:00Z"
    assert spots(first, lot)["101"]["status"] == "free"


def test_completing_before_the_start_frees_the_whole_range(
    lot: Venue, first: Api, second: Api
) -> None:
    made = booked(first, slot(lot))
    answer = first.send("PUT", f"/parking/reservations/{made['id']}/complete")
    assert answer.json()["status"] == "Completed"
    booked(second, slot(lot))


def test_completing_twice_is_completing_once(lot: Venue, first: Api) -> None:
    made = booked(first, slot(lot))
    path = f"/parking/reservations/{made['id']}/complete"
    answers = [first.send("PUT", path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_a_cancelled_one_cannot_be_completed(lot: Venue, first: Api) -> None:
    made = booked(first, slot(lot))
    first.post(f"/reservations/{made['id']}/cancel")
    answer = first.send("PUT", f"/parking/reservations/{made['id']}/complete")
    problem(answer, 409, "wrong_status")


def test_another_drivers_reservation_is_not_there(lot: Venue, first: Api, second: Api) -> None:
    made = booked(first, slot(lot))
    for verb in ("complete", "occupy", "release"):
        answer = second.send("PUT", f"/parking/reservations/{made['id']}/{verb}")
        problem(answer, 404, "not_found")


def test_a_reservation_elsewhere_than_in_a_lot_is_not_there(drivers: list[User]) -> None:
    boss = person(AdministratorFactory.create())
    hotel = make_venue("hotel", notice=timedelta(0), confirms_at_once=True)
    row = hold(hotel, EIGHT, hours=24)
    for verb in ("complete", "occupy", "release"):
        answer = boss.send("PUT", f"/parking/reservations/{row.pk}/{verb}")
        problem(answer, 404, "not_found")


def test_the_worker_completes_what_is_past_and_says_which_spot(
    lot: Venue,
    first: Api,
    clock: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    made = booked(first, slot(lot, number="105"))
    clock.move_to(EIGHT + 4 * HOUR)
    with (
        caplog.at_level(logging.INFO, logger="reservations.sweeps"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert sweeps.complete_stays() == 1
    assert f"Auto-released Spot #105 (Reservation ID {made['id']})" in caplog.messages
    found = first.send("PUT", f"/parking/reservations/{made['id']}/complete").json()
    assert found["status"] == "Completed"


def test_stats_tell_of_each_lot_or_of_one(
    lot: Venue, first: Api, clock: FrozenDateTimeFactory
) -> None:
    make_venue("parking")
    booked(first, slot(lot))
    clock.move_to(EIGHT + 24 * HOUR)
    assert len(first.get("/parking/stats").json()) == 2
    (found,) = first.get("/parking/stats", {"lot": lot.slug}).json()
    assert (found["venue"], found["time_zone"]) == ("smart-parking", "UTC")
    assert found["ends_at"] == "2027-02-03T08:00:00Z"
    assert found["peak_hours"]


@pytest.mark.parametrize("given", BAD_IDS)
def test_a_bad_spot_is_404_or_422(lot: Venue, first: Api, given: Any) -> None:
    answer = first.post("/parking/reservations", slot(lot, spot_id=given))
    assert answer.status_code in (404, 422), answer.content


@pytest.mark.parametrize("given", BAD_IDS)
def test_a_bad_lot_is_404_or_422(lot: Venue, first: Api, given: Any) -> None:
    answer = first.post("/parking/reservations", slot(lot, spot_id=None, lot_id=given))
    assert answer.status_code in (404, 422), answer.content


@pytest.mark.parametrize("given", ["-1", "true", "x", "0", str(10**30), "1.5", "%00", "٣"])
@pytest.mark.parametrize("verb", ["complete", "occupy", "release"])
def test_a_bad_reservation_is_404(first: Api, given: str, verb: str) -> None:
    answer = first.send("PUT", f"/parking/reservations/{given}/{verb}")
    problem(answer, 404, "not_found")


def test_a_spot_that_is_none_is_404(lot: Venue, first: Api) -> None:
    room = make_venue("hotel").resources.get()
    away = make_venue("parking", unit_choice="guest")
    Venue.objects.filter(pk=away.pk).update(is_active=False)
    other = make_venue("parking", unit_choice="guest")
    for body in (
        slot(lot, spot_id=room.pk),
        slot(lot, spot_id=away.resources.get().pk),
        slot(lot, spot_id=other.resources.get().pk, lot_id=lot.slug),
    ):
        problem(first.post("/parking/reservations", body), 404, "not_found")


def test_a_spot_may_be_named_as_text_and_with_its_lot(lot: Venue, first: Api) -> None:
    spot = str(slot(lot)["spot_id"])
    booked(first, slot(lot, spot_id=spot, lot_id=lot.slug))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start_time": None}, "start_time"),
        ({"end_time": "2027-02-02T07:00:00Z"}, "end_time"),
        ({"end_time": "2027-02-02T08:00:00Z"}, "end_time"),
        ({"start_time": "2027-02-02T08:00:00"}, "start_time"),
        ({"start_time": 1_800_000_000}, "start_time"),
        ({"start_time": "never"}, "start_time"),
        ({"spot_id": None}, "spot_id"),
        ({"vehicle_plate": "x" * 17}, "vehicle_plate"),
    ],
)
def test_what_does_not_fit_is_named_in_the_words_of_parking(
    lot: Venue, first: Api, changes: dict[str, Any], field: str
) -> None:
    answer = first.post("/parking/reservations", slot(lot) | changes)
    assert list(faults(answer)) == [field]


@pytest.mark.parametrize("document", [[], None, 1, "x", True, {}, {"spot_id": {}}])
def test_a_document_that_is_no_wish_is_422(first: Api, document: Any) -> None:
    answer = first.send("POST", "/parking/reservations", document or b"[]")
    assert answer.status_code == 422, answer.content


def test_a_start_in_the_past_is_too_soon(lot: Venue, first: Api) -> None:
    answer = first.post("/parking/reservations", slot(lot, TODAY - HOUR))
    problem(answer, 400, "too_soon")


def test_times_beside_the_slots_are_not_sold(lot: Venue, first: Api) -> None:
    answer = first.post("/parking/reservations", slot(lot, EIGHT + HOUR))
    problem(answer, 409, "not_offered")


def test_a_repeated_request_books_once(lot: Venue, first: Api) -> None:
    answers = [
        first.post("/parking/reservations", slot(lot), Idempotency_Key="k") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert Reservation.objects.count() == 1
    other = first.post("/parking/reservations", slot(lot, number="102"), Idempotency_Key="k")
    problem(other, 422, "idempotency_key_reused")


def test_somebody_without_a_phone_number_is_told_so(lot: Venue) -> None:
    bare = person(UserFactory.create(phone="", first_name=""))
    answer = bare.post("/parking/reservations", slot(lot))
    assert set(faults(answer)) == {"first_name", "phone"}


def test_what_is_not_occupied_in_time_is_missed(first: Api, clock: FrozenDateTimeFactory) -> None:
    lot = make_venue("parking", unit_choice="guest")
    body = {"spot_id": lot.resources.get().pk, "start_time": EIGHT.isoformat()}
    made = booked(first, body)
    clock.move_to(EIGHT + HOUR)
    answer = first.send("PUT", f"/parking/reservations/{made['id']}/complete")
    problem(answer, 409, "wrong_status")
