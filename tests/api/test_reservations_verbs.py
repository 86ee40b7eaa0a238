"""POST /reservations/{id}/confirm, check-in, check-out, cancel: states moved, by whom, when."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations.models import Reservation
from tests.api.calling import Api, anonymous, faults, partner, person, problem, sitting, stay
from tests.factories import NOON, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

VERBS = ["confirm", "check-in", "check-out", "cancel"]
FACTS = {
    "confirm": "confirmed_at",
    "check-in": "checked_in_at",
    "check-out": "checked_out_at",
    "cancel": "cancelled_at",
}


@pytest.fixture
def made(guest: Api, hotel: Venue) -> dict[str, Any]:
    found: dict[str, Any] = guest.post("/reservations", stay(hotel)).json()
    return found


@pytest.fixture
def path(made: dict[str, Any]) -> str:
    return f"/reservations/{made['id']}"


def test_a_hold_is_confirmed(guest: Api, made: dict[str, Any], path: str) -> None:
    answer = guest.post(f"{path}/confirm")
    assert answer.status_code == 200
    now = "2027-02-01T09:00:00Z"
    assert answer.json() == made | {"status": "upcoming", "status_code": 0, "confirmed_at": now}
    assert guest.get(path).json() == answer.json()


def test_a_stay_runs_from_hold_to_left(
    clock: FrozenDateTimeFactory, hotel: Venue, desk: Api, path: str
) -> None:
    assert desk.post(f"{path}/confirm").json()["status"] == "upcoming"
    clock.move_to(NOON + timedelta(hours=2))
    present = desk.post(f"{path}/check-in").json()
    assert (present["status"], present["checked_in_at"]) == ("present", "2027-03-01T14:00:00Z")
    clock.tick(timedelta(hours=10))
    left = desk.post(f"{path}/check-out").json()
    assert (left["status"], left["checked_out_at"]) == ("left", "2027-03-02T00:00:00Z")


def test_cancelling_frees_the_time_at_once(guest: Api, stranger: Api) -> None:
    venue = make_venue("hotel")
    made = guest.post("/reservations", stay(venue)).json()
    problem(stranger.post("/reservations", stay(venue)), 409, "held_by_other")
    assert guest.post(f"/reservations/{made['id']}/cancel").json()["status"] == "cancelled"
    assert stranger.post("/reservations", stay(venue)).status_code == 201


@pytest.mark.parametrize("verb", VERBS)
def test_repeating_a_verb_answers_200_and_changes_nothing(
    clock: FrozenDateTimeFactory, desk: Api, path: str, verb: str
) -> None:
    desk.post(f"{path}/confirm")
    if verb in ("check-in", "check-out"):
        clock.move_to(NOON + timedelta(hours=2))
    if verb == "check-out":
        desk.post(f"{path}/check-in")
    first = desk.post(f"{path}/{verb}")
    events = Reservation.objects.get().events.count()
    clock.tick(timedelta(minutes=3))
    again = desk.post(f"{path}/{verb}")
    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()
    assert again["ETag"] == first["ETag"]
    assert again.json()[FACTS[verb]] is not None
    assert Reservation.objects.get().events.count() == events


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 409), (1, 409)])
def test_a_hold_is_confirmed_until_29_59_and_not_at_30_00(
    clock: FrozenDateTimeFactory, user: User, path: str, seconds: int, status: int
) -> None:
    clock.tick(timedelta(minutes=30, seconds=seconds))
    answer = person(user).post(f"{path}/confirm")
    assert answer.status_code == status
    if status == 409:
        problem(answer, 409, "hold_expired")


@pytest.mark.parametrize("verb", ["confirm", "check-in"])
def test_a_lapsed_hold_stays_lapsed(
    clock: FrozenDateTimeFactory, desk: Api, path: str, verb: str
) -> None:
    clock.tick(timedelta(minutes=30))
    problem(desk.post(f"{path}/{verb}"), 409, "hold_expired")


@pytest.mark.parametrize("verb", ["check-out", "cancel"])
def test_what_has_expired_cannot_end(
    clock: FrozenDateTimeFactory, desk: Api, path: str, verb: str
) -> None:
    clock.tick(timedelta(minutes=30))
    problem(desk.post(f"{path}/{verb}"), 409, "wrong_status")


@pytest.mark.parametrize("verb", ["confirm", "check-in", "check-out"])
def test_what_was_cancelled_cannot_go_on(desk: Api, path: str, verb: str) -> None:
    desk.post(f"{path}/cancel")
    problem(desk.post(f"{path}/{verb}"), 409, "wrong_status")


def test_nobody_checks_out_who_did_not_come(desk: Api, path: str) -> None:
    desk.post(f"{path}/confirm")
    problem(desk.post(f"{path}/check-out"), 409, "wrong_status")


def test_too_early_is_409_and_says_from_when(
    clock: FrozenDateTimeFactory, desk: Api, path: str
) -> None:
    desk.post(f"{path}/confirm")
    # Six hours before the start at 14:00 UTC.
    clock.move_to(NOON - timedelta(hours=4, seconds=1))
    said = problem(desk.post(f"{path}/check-in"), 409, "wrong_status")
    assert said["opens_at"] == "2027-03-01T08:00:00Z"
    clock.tick(timedelta(seconds=1))
    assert desk.post(f"{path}/check-in").status_code == 200


def test_a_guest_who_is_here_cannot_cancel(
    clock: FrozenDateTimeFactory, desk: Api, path: str
) -> None:
    desk.post(f"{path}/confirm")
    clock.move_to(NOON + timedelta(hours=2))
    desk.post(f"{path}/check-in")
    problem(desk.post(f"{path}/cancel"), 409, "wrong_status")


@pytest.mark.parametrize("verb", VERBS)
def test_without_credentials_it_is_401_also_for_what_is_not_there(path: str, verb: str) -> None:
    for address in (path, "/reservations/9999999", "/reservations/x"):
        problem(anonymous().post(f"{address}/{verb}"), 401, "not_authenticated")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("given", ["0", "-1", "x", "9" * 40, str(2**63), "%00", "true", "9999999"])
def test_an_id_that_is_none_or_unknown_is_404(guest: Api, verb: str, given: str) -> None:
    problem(guest.post(f"/reservations/{given}/{verb}"), 404, "not_found")


@pytest.mark.parametrize("verb", VERBS)
def test_of_somebody_else_it_is_404(stranger: Api, hotel: Venue, path: str, verb: str) -> None:
    elsewhere = person(StaffFactory.create(staff_venues=[make_venue("hotel")]))
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    for caller in (stranger, elsewhere, acme):
        problem(caller.post(f"{path}/{verb}"), 404, "not_found")


@pytest.mark.parametrize("verb", ["check-in", "check-out"])
def test_guests_do_not_record_their_own_arrival_at_a_hotel(
    clock: FrozenDateTimeFactory, user: User, path: str, verb: str
) -> None:
    person(user).post(f"{path}/confirm")
    clock.move_to(NOON + timedelta(hours=2))
    problem(person(user).post(f"{path}/{verb}"), 403, "forbidden")


def test_drivers_record_their_own_arrival_and_leaving(
    clock: FrozenDateTimeFactory, user: User
) -> None:
    made = person(user).post("/reservations", sitting(make_venue("parking"))).json()
    clock.move_to(NOON)
    for verb, status in (("check-in", "present"), ("check-out", "left")):
        answer = person(user).post(f"/reservations/{made['id']}/{verb}")
        assert answer.json()["status"] == status


def test_a_partner_checks_its_guests_in_and_out(clock: FrozenDateTimeFactory, hotel: Venue) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    Policy.objects.update(state_change_rate="10/m")
    path = f"/reservations/{acme.post('/reservations', stay(hotel)).json()['id']}"
    assert acme.post(f"{path}/confirm").status_code == 200
    clock.move_to(NOON + timedelta(hours=2))
    assert acme.post(f"{path}/check-in").json()["status"] == "present"
    assert acme.post(f"{path}/check-out").json()["status"] == "left"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("body", [None, {}])
def test_a_verb_needs_no_body(desk: Api, path: str, verb: str, body: Any) -> None:
    answer = desk.post(f"{path}/{verb}", body)
    assert answer.status_code in {200, 409}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_says_what_it_does_not_read(desk: Api, path: str, verb: str) -> None:
    assert set(faults(desk.post(f"{path}/{verb}", {"at": "2020-01-01T00:00:00Z"}))) == {"at"}
    problem(desk.post(f"{path}/{verb}", b"not json"), 400, "malformed_body")
