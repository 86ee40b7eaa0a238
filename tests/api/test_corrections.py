"""Undo, reinstate and release over HTTP: their bodies, answers and refusals."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Reservation
from tests.api.calling import Api, problem, stay
from tests.factories import DESK
from tests.trades.asking import made
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

WHY = {"reason": "Wrong guest"}


@pytest.fixture
def row(hotel: Venue, desk: Api) -> Reservation:
    return Reservation.objects.get(pk=made(desk.post("/reservations", stay(hotel)))["id"])


def post(caller: Api, row: Reservation, verb: str, **body: Any) -> Any:
    return caller.post(f"/reservations/{row.pk}/{verb}", body)


def test_a_stay_goes_back_step_by_step(
    desk: Api, row: Reservation, clock: FrozenDateTimeFactory
) -> None:
    post(desk, row, "confirm")
    clock.move_to(row.starts_at)
    post(desk, row, "check-in")
    post(desk, row, "check-out")
    answer = post(desk, row, "undo-check-out", **WHY)
    assert (answer.json()["status"], answer["ETag"]) == ("present", f'"{row.pk}-5"')
    assert post(desk, row, "undo-check-in", **WHY).json()["status"] == "upcoming"
    post(desk, row, "cancel")
    back = post(desk, row, "reinstate", **WHY).json()
    assert (back["status"], back["cancelled_at"]) == ("upcoming", None)


def test_who_has_the_time_is_named(desk: Api, hotel: Venue, row: Reservation) -> None:
    post(desk, row, "cancel")
    first = made(desk.post("/reservations", stay(hotel)))
    second = made(desk.post("/reservations", stay(hotel)))
    for one in (first, second):
        desk.post(f"/reservations/{one['id']}/confirm")
    said = problem(post(desk, row, "reinstate", **WHY), 409, "taken")
    assert said["unit"]["name"] in ("1", "2")
    assert said["reservation"] in (first["id"], second["id"])


@pytest.mark.parametrize("verb", ["undo-check-in", "undo-check-out", "reinstate"])
@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "  "}])
def test_a_reason_is_required(desk: Api, row: Reservation, verb: str, body: dict[str, str]) -> None:
    post(desk, row, "cancel")
    said = problem(post(desk, row, verb, **body), 422, "validation_error")
    assert said["errors"][0]["pointer"] == "#/reason"


def test_what_cannot_be_undone_is_a_wrong_status(desk: Api, row: Reservation) -> None:
    for verb in ("undo-check-in", "undo-check-out", "reinstate"):
        problem(post(desk, row, verb, **WHY), 409, "wrong_status")


def test_a_no_shows_nights_are_released(
    desk: Api, hotel: Venue, row: Reservation, clock: FrozenDateTimeFactory
) -> None:
    post(desk, row, "confirm")
    actions_row = Reservation.objects.get(pk=row.pk)
    assert actions_row.no_show_at
    clock.move_to(actions_row.no_show_at + timedelta(minutes=1))
    body = {"from": stay(hotel)["check_in"], "charge": "nothing", **WHY}
    answer = post(desk, row, "release-rest", **body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["price"]["amount"] == "0.00"
    again = post(desk, row, "release-rest", **body)
    assert (again.status_code, again["ETag"]) == (200, answer["ETag"])
    problem(post(desk, row, "release-rest", **(body | {"charge": "all"})), 409, "wrong_status")
    assert not row.allocations.filter(is_live=True).exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"charge": "some"}, "#/charge"),
        ({"from": "yesterday"}, "#/from"),
        ({"from": "2027-13-01"}, "#/from"),
        ({"from": 5}, "#/from"),
        ({"from": "2030-01-01"}, "#/from"),
    ],
)
def test_a_release_that_means_nothing_is_refused_at_its_field(
    desk: Api,
    row: Reservation,
    clock: FrozenDateTimeFactory,
    change: dict[str, Any],
    pointer: str,
) -> None:
    actions.confirm(reservation_id=row.pk, by=DESK)
    clock.move_to(row.ends_at - timedelta(hours=1))
    body = {"charge": "fee", **WHY} | change
    said = problem(post(desk, row, "release-rest", **body), 422, "validation_error")
    assert said["errors"][0]["pointer"] == pointer


def test_a_stay_that_took_place_is_entered(
    desk: Api, row: Reservation, clock: FrozenDateTimeFactory
) -> None:
    post(desk, row, "confirm")
    clock.move_to(row.ends_at + timedelta(days=1))
    problem(post(desk, row, "reinstate", **WHY), 409, "wrong_status")
    came = row.starts_at.isoformat()
    answer = post(desk, row, "reinstate", arrived_at=came, **WHY).json()
    assert (answer["status"], answer["checked_out_at"]) == ("left", answer["ends_at"])
    bad = {"arrived_at": "2020-01-01T00:00:00Z", **WHY}
    problem(post(desk, row, "reinstate", **bad), 409, "wrong_status")
