"""PATCH /reservations/{id}: what may change, on which version, and all of it or nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations import actions
from reservations.models import Reservation
from tests.api.calling import Api, faults, person, problem, sitting, stay
from tests.factories import DESK, NOON, add_category, hold, make_venue
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def made(guest: Api, hotel: Venue) -> dict[str, Any]:
    answer = guest.post("/reservations", stay(hotel))
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def path(made: dict[str, Any]) -> str:
    return f"/reservations/{made['id']}"


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("first_name", "Grace", "Grace"),
        ("last_name", "Hopper", "Hopper"),
        ("phone", "020 765 4321", "+31207654321"),
        ("email", "Grace@Example.com", "grace@example.com"),
        ("email", "", ""),
        ("receive_email_updates", False, False),
        ("receive_phone_call", False, False),
        ("receive_text_notification", True, True),
        ("occasion", "Birthday", "Birthday"),
        ("vehicle_plate", "AB-12-CD", "AB-12-CD"),
        ("remarks", "Late", "Late"),
        ("guest_count", 3, 3),
    ],
)
def test_only_what_is_given_changes(
    guest: Api, made: dict[str, Any], path: str, field: str, value: Any, stored: Any
) -> None:
    answer = guest.patch(path, {field: value})
    assert answer.status_code == 200, answer.content
    follows = {"adults": stored} if field == "guest_count" else {}
    assert answer.json() == made | {field: stored} | follows
    assert guest.get(path).json() == answer.json()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "x" * 16), ("first_name", ""), ("first_name", None), ("last_name", " "),
        ("phone", "123"), ("phone", ""), ("phone", None), ("email", "ada"), ("email", None),
        ("receive_email_updates", "yes"), ("receive_phone_call", None), ("occasion", "x" * 21),
        ("remarks", "x" * 501), ("remarks", None), ("vehicle_plate", "x" * 17),
        ("guest_count", 0), ("guest_count", True), ("guest_count", None), ("starts_at", None),
        ("starts_at", "soon"), ("check_in", "2027-02-30"), ("check_out", "2027-03-01"),
        ("resource", True), ("resource", None), ("category", None), ("remarks", "a\x00"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_changes_nothing(
    guest: Api, made: dict[str, Any], path: str, field: str, value: Any
) -> None:
    answer = guest.patch(path, {"occasion": "Jubilee", field: value})
    assert set(faults(answer)) == {field}
    assert guest.get(path).json() == made


def test_what_the_engine_decides_cannot_be_assigned(
    guest: Api, made: dict[str, Any], path: str
) -> None:
    extra = {
        "id": "7", "code": "MINE", "status": "cancelled", "status_code": 6, "paid": True,
        "price": {"amount": "0.01", "currency": "EUR"}, "created_at": "2020-01-01T00:00:00Z",
        "confirmed_at": "2020-01-01T00:00:00Z", "hold_expires_at": "2099-01-01T00:00:00Z",
        "venue": "elsewhere", "group_id": "7", "version": 7,
    }  # fmt: skip
    told = faults(guest.patch(path, extra | {"remarks": "x"}))
    assert set(told) == set(extra)
    assert guest.get(path).json() == made


def test_nothing_given_changes_nothing(guest: Api, made: dict[str, Any], path: str) -> None:
    before = guest.get(path)["ETag"]
    answer = guest.patch(path, {})
    assert (answer.status_code, answer.json(), answer["ETag"]) == (200, made, before)
    assert Reservation.objects.get().events.count() == 1


def test_a_new_range_takes_its_new_price(guest: Api, made: dict[str, Any], path: str) -> None:
    answer = guest.patch(path, {"check_in": "2027-03-02", "check_out": "2027-03-05"})
    changed = answer.json()
    assert changed["starts_at"] == "2027-03-02T14:00:00Z"
    assert changed["ends_at"] == "2027-03-05T10:00:00Z"
    assert changed["price"]["amount"] == "30.00"
    assert (changed["id"], changed["code"]) == (made["id"], made["code"])


@pytest.mark.parametrize(
    ("change", "starts_at", "ends_at"),
    [
        ({"check_in": "2027-02-27"}, "2027-02-27T14:00:00Z", "2027-03-03T10:00:00Z"),
        ({"check_out": "2027-03-06"}, "2027-03-01T14:00:00Z", "2027-03-06T10:00:00Z"),
    ],
)
def test_one_date_of_a_stay_may_change(
    guest: Api, path: str, change: dict[str, str], starts_at: str, ends_at: str
) -> None:
    changed = guest.patch(path, change).json()
    assert (changed["starts_at"], changed["ends_at"]) == (starts_at, ends_at)


def test_a_new_start_alone_moves_the_whole_range(guest: Api) -> None:
    venue = make_venue("restaurant")
    made = guest.post("/reservations", sitting(venue)).json()
    moved = guest.patch(f"/reservations/{made['id']}", {"starts_at": "2027-03-02T18:00:00Z"}).json()
    assert (moved["starts_at"], moved["ends_at"]) == (
        "2027-03-02T18:00:00Z",
        "2027-03-02T20:00:00Z",
    )


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"check_in": "2027-02-01"}, 400, "too_soon"),
        ({"check_in": "2029-03-01", "check_out": "2029-03-02"}, 400, "too_far"),
        ({"check_out": "2027-05-15"}, 400, "too_long"),
        ({"guest_count": 5}, 409, "party_too_large"),
        ({"category": "nothing"}, 404, "not_found"),
        ({"resource": "9999999"}, 404, "not_found"),
        ({"resource": "-1"}, 404, "not_found"),
        ({"override_reason": "please", "check_out": "2027-03-04"}, 403, "forbidden"),
    ],
)
def test_a_refused_change_changes_nothing(
    guest: Api, made: dict[str, Any], path: str, change: dict[str, Any], status: int, code: str
) -> None:
    problem(guest.patch(path, {"remarks": "new"} | change), status, code)
    assert guest.get(path).json() == made
    row = Reservation.objects.get()
    assert row.allocations.filter(is_live=True).count() == 1
    assert row.events.count() == 1


def test_a_range_that_others_have_is_refused_and_the_old_one_kept(guest: Api, hotel: Venue) -> None:
    mine = guest.post("/reservations", stay(hotel)).json()
    for _ in range(2):
        later = stay(hotel, check_in="2027-03-03", check_out="2027-03-04")
        row = guest.post("/reservations", later).json()
        actions.confirm(reservation_id=int(row["id"]), by=DESK)
    path = f"/reservations/{mine['id']}"
    problem(guest.patch(path, {"check_out": "2027-03-04"}), 409, "taken")
    assert guest.get(path).json() == mine
    later = stay(hotel, check_out="2027-03-02")
    assert guest.post("/reservations", later).status_code == 201
    problem(guest.post("/reservations", later), 409, "held_by_other")


def test_a_unit_or_a_category_may_change(guest: Api, made: dict[str, Any], path: str) -> None:
    venue = Venue.objects.get()
    other = venue.resources.exclude(pk=made["resource"]["id"]).get()
    assert guest.patch(path, {"resource": other.pk}).json()["resource"]["name"] == other.name
    add_category(venue, "suite")
    assert guest.patch(path, {"category": "suite"}).json()["category"] == "suite"


def test_without_choice_a_unit_cannot_be_asked_for(guest: Api, path: str, hotel: Venue) -> None:
    Policy.objects.filter(venue=hotel).update(unit_choice="venue")
    unit = hotel.resources.last()
    assert unit is not None
    problem(guest.patch(path, {"resource": str(unit.pk)}), 409, "no_choice")


def test_the_notice_holds_for_a_new_start_to_the_second(
    clock: FrozenDateTimeFactory, user: User, hotel: Venue
) -> None:
    row = hold(hotel, NOON + timedelta(days=30), by=DESK, hours=48)
    Reservation.objects.update(guest=user, confirmed_at=row.created_at)
    row.allocations.update(lapses_at=None)
    move = {"check_in": "2027-03-01", "check_out": "2027-03-03"}
    start = NOON + timedelta(hours=2)
    clock.move_to(start - timedelta(hours=24) + timedelta(seconds=1))
    problem(person(user).patch(f"/reservations/{row.pk}", move), 400, "too_soon")
    clock.move_to(start - timedelta(hours=24))
    assert person(user).patch(f"/reservations/{row.pk}", move).status_code == 200


def test_a_lapsed_hold_cannot_be_changed(
    clock: FrozenDateTimeFactory, user: User, path: str
) -> None:
    clock.tick(timedelta(minutes=29, seconds=59))
    assert person(user).patch(path, {"remarks": "in time"}).status_code == 200
    clock.tick(timedelta(seconds=1))
    for change in ({"remarks": "late"}, {"check_out": "2027-03-04"}):
        problem(person(user).patch(path, change), 409, "hold_expired")


def test_a_cancelled_one_cannot_be_changed(guest: Api, path: str) -> None:
    guest.post(f"{path}/cancel")
    for change in ({"remarks": "late"}, {"check_out": "2027-03-04"}):
        problem(guest.patch(path, change), 409, "wrong_status")


def test_every_change_has_a_new_etag(guest: Api, path: str) -> None:
    seen = [guest.get(path)["ETag"]]
    seen += [guest.patch(path, {"remarks": text})["ETag"] for text in ("a", "b")]
    seen.append(guest.post(f"{path}/confirm")["ETag"])
    assert len(set(seen)) == 4
    assert guest.get(path)["ETag"] == seen[-1]
    assert all(tag[0] == tag[-1] == '"' for tag in seen)


@pytest.mark.parametrize("pattern", ["{}", '"old", {}', '{} , "old"', "*", ' "x",{} ', " * "])
def test_a_change_based_on_this_version_is_made(guest: Api, path: str, pattern: str) -> None:
    tag = guest.get(path)["ETag"]
    answer = guest.patch(path, {"remarks": "x"}, If_Match=pattern.format(tag))
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("pattern", ["old", '"old"', "W/{}", 'W/{}, "old"', '""', "", ",", "*x"])
@pytest.mark.parametrize("change", [{"remarks": "x"}, {"check_out": "2027-03-04"}, {}])
def test_a_change_based_on_another_version_is_412(
    guest: Api, made: dict[str, Any], path: str, pattern: str, change: dict[str, str]
) -> None:
    tag = pattern.format(guest.get(path)["ETag"])
    problem(guest.patch(path, change, If_Match=tag), 412, "precondition_failed")
    assert guest.get(path).json() == made


def test_the_version_before_is_412(guest: Api, path: str) -> None:
    before = guest.get(path)["ETag"]
    now = guest.patch(path, {"remarks": "x"}, If_Match=before)["ETag"]
    problem(guest.patch(path, {"remarks": "y"}, If_Match=before), 412, "precondition_failed")
    assert guest.patch(path, {"remarks": "y"}, If_Match=now).status_code == 200


def test_a_tag_of_another_reservation_is_412(guest: Api, path: str, hotel: Venue) -> None:
    other = guest.post("/reservations", stay(hotel))
    problem(guest.patch(path, {"remarks": "x"}, If_Match=other["ETag"]), 412, "precondition_failed")


@pytest.mark.parametrize(
    "body",
    [{}, {"remarks": "x"}, {"guest_count": 0}, {"phone": None}, [], b"{", b"", {"email": "\x00"}],
)
def test_of_somebody_else_it_is_not_found_whatever_the_body(
    stranger: Api, path: str, body: Any
) -> None:
    problem(stranger.patch(path, body), 404, "not_found")
    problem(stranger.patch("/reservations/9999999", body), 404, "not_found")
    problem(stranger.patch(path, body, If_Match='"x"'), 404, "not_found")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true", b""])
def test_a_body_that_is_no_object_is_refused(guest: Api, path: str, body: bytes) -> None:
    assert set(faults(guest.patch(path, body))) == {"#"}


def test_staff_change_what_guests_may_not(desk: Api, path: str, made: dict[str, Any]) -> None:
    soon = {"check_in": "2027-02-01", "check_out": "2027-02-02"}
    problem(desk.patch(path, soon), 400, "too_soon")
    changed = desk.patch(path, soon | {"override_reason": "They asked"}).json()
    assert changed["starts_at"] == "2027-02-01T14:00:00Z"
    event = Reservation.objects.get().events.get(name="reservation.modified")
    assert event.data["override_reason"] == "They asked"


def test_times_go_out_in_utc_however_they_came_in(guest: Api) -> None:
    made = guest.post("/reservations", sitting(make_venue("restaurant"))).json()
    change = {"starts_at": "2027-03-01T20:00:00+05:30", "ends_at": "2027-03-01T18:00:00+02:00"}
    moved = guest.patch(f"/reservations/{made['id']}", change).json()
    assert (moved["starts_at"], moved["ends_at"]) == (
        "2027-03-01T14:30:00Z",
        "2027-03-01T16:00:00Z",
    )
    assert datetime.fromisoformat(moved["starts_at"]).utcoffset() == timedelta(0)
