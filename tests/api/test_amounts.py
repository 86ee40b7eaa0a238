"""Money on the wire: what cancelling costs, late changes, prices set, fees waived, what is due."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations import actions
from tests.api.calling import Api, faults, person, problem
from tests.factories import DESK, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.reservations.facts import DAY, HOUR
from venues.models import Venue

pytestmark = pytest.mark.django_db


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def inn(clock: FrozenDateTimeFactory) -> Venue:
    venue = make_venue("hotel", units=2, confirms_at_once=True, notice=timedelta(0))
    venue.rates.update(amount_minor=10_000)
    return venue


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def booked(inn: Venue, owner: User, clock: FrozenDateTimeFactory) -> dict[str, Any]:
    """Two nights of the owner's, an hour before they begin; cancelling costs all."""
    body = {"venue": inn.slug, "check_in": "2027-03-01", "check_out": "2027-03-03"}
    made = person(owner).post("/reservations", body | {"guest_count": 1})
    assert made.status_code == 201, made.content
    clock.move_to("2027-03-01T14:00:00Z")
    found: dict[str, Any] = person(owner).get(f"/reservations/{made.json()['id']}").json()
    return found


def test_what_cancelling_costs_is_told_for_this_moment(booked: dict[str, Any], owner: User) -> None:
    assert booked["cancellation"] == {
        "free_until": "2027-02-27T15:00:00Z",
        "fee_now": euros("200.00"),
        "fee_due": euros("0.00"),
        "steps": [{"from": "2027-02-27T15:00:00Z", "fee": euros("200.00")}],
    }
    assert (booked["due"], booked["paid"]) == (euros("200.00"), euros("0.00"))
    cancelled = person(owner).post(f"/reservations/{booked['id']}/cancel").json()
    assert cancelled["cancellation"]["fee_due"] == cancelled["due"] == euros("200.00")
    assert cancelled["cancellation"]["fee_now"] == euros("0.00")


def test_a_late_change_is_asked_about_its_fee(booked: dict[str, Any], owner: User) -> None:
    path, caller = f"/reservations/{booked['id']}", person(owner)
    later = {"check_in": "2027-06-01", "check_out": "2027-06-03"}
    said = problem(caller.patch(path, later), 409, "fee_applies")
    assert (said["fee"], said["price"]) == (euros("200.00"), euros("200.00"))
    assert caller.get(path).json() == booked
    moved = caller.patch(path, later | {"accept_fee": True}).json()
    assert moved["cancellation"]["fee_due"] == euros("200.00")
    assert moved["due"] == euros("400.00")
    gone = caller.post(f"{path}/cancel").json()
    assert gone["due"] == gone["cancellation"]["fee_due"] == euros("200.00")


def test_a_partner_and_a_guest_cannot_choose_the_tariff(
    booked: dict[str, Any], owner: User
) -> None:
    path = f"/reservations/{booked['id']}"
    body = {"check_out": "2027-03-04", "reprice": "keep", "reason": "Mine"}
    problem(person(owner).patch(path, body), 403, "forbidden")


def test_staff_say_how_a_change_is_priced(booked: dict[str, Any], inn: Venue) -> None:
    path, clerk = f"/reservations/{booked['id']}", person(StaffFactory.create(clerk_at=[inn]))
    inn.rates.update(amount_minor=30_000)
    assert set(faults(clerk.patch(path, {"check_out": "2027-03-04", "reprice": "all"}))) == {
        "reason"
    }
    body = {"check_out": "2027-03-04", "reprice": "keep", "reason": "A friend"}
    assert clerk.patch(path, body).json()["price"] == euros("300.00")
    told = clerk.patch(path, {"reprice": "all", "reason": "A mistake"}).json()
    assert told["price"] == euros("900.00")
    assert [night["price"] for night in told["nightly"]] == [euros("300.00")] * 3


def test_a_manager_sets_a_price_and_waives_a_fee(booked: dict[str, Any], inn: Venue) -> None:
    path, manager = f"/reservations/{booked['id']}", person(StaffFactory.create(staff_venues=[inn]))
    body = {"amount": euros("150.01"), "reason": "A friend"}
    told = manager.post(f"{path}/adjust-price", body)
    assert (told.status_code, told.json()["price"]) == (200, euros("150.01"))
    nights = [night["price"]["amount"] for night in told.json()["nightly"]]
    assert sorted(nights) == ["75.00", "75.01"]
    dollars = {"amount": {"amount": "1.00", "currency": "USD"}, "reason": "x"}
    assert set(faults(manager.post(f"{path}/adjust-price", dollars))) == {"amount"}
    manager.post(f"{path}/cancel")
    assert manager.get(path).json()["due"] == euros("150.01")
    for _ in range(2):
        waived = manager.post(f"{path}/waive-fee", {"reason": "A storm"})
        assert (waived.status_code, waived.json()["due"]) == (200, euros("0.00"))


@pytest.mark.parametrize(
    ("charge", "price"),
    [("all", "200.00"), ("used", "100.00"), (euros("12.34"), "12.34"), (None, "200.00")],
)
def test_an_early_departure_costs_what_staff_say(
    booked: dict[str, Any],
    inn: Venue,
    owner: User,
    clock: FrozenDateTimeFactory,
    charge: Any,
    price: str,
) -> None:
    path, clerk = f"/reservations/{booked['id']}", person(StaffFactory.create(clerk_at=[inn]))
    clerk.post(f"{path}/check-in")
    clock.tick(20 * HOUR)
    body = {} if charge is None else {"charge": charge, "reason": "Ill"}
    if charge is not None:
        problem(clerk.post(f"{path}/check-out", {"charge": charge}), 422, "validation_error")
    assert clerk.post(f"{path}/check-out", body).json()["price"] == euros(price)


@pytest.mark.parametrize("verb", ["complete", "release"])
def test_what_ends_before_the_start_is_completed_there_and_cancelled_here(
    owner: User, clock: FrozenDateTimeFactory, verb: str
) -> None:
    lot = make_venue(records_arrival=False, records_departure=False)
    start = clock().astimezone(lot.zone) + DAY
    row = hold(lot, start)
    row.guest = owner
    row.save()
    caller: Api = person(owner)
    for _ in range(2):
        told = caller.send("PUT", f"/parking/reservations/{row.pk}/{verb}")
        assert (told.status_code, told.json()["status"]) == (200, "Completed")
        assert told.json()["cost"] == euros("0.00")
    assert caller.get(f"/reservations/{row.pk}").json()["status"] == "cancelled"


def test_a_quote_tells_what_cancelling_will_cost(inn: Venue, clock: FrozenDateTimeFactory) -> None:
    clock.move_to("2027-03-01T14:00:00Z")
    body = {"check_in": "2027-03-01", "check_out": "2027-03-02"}
    told = person(UserFactory.create()).post(f"/venues/{inn.slug}/quote", body).json()
    assert told["cancellation"] == {
        "free_until": "2027-03-01T14:00:00Z",
        "fee_now": euros("100.00"),
        "fee_due": euros("0.00"),
        "steps": [{"from": "2027-03-01T14:00:00Z", "fee": euros("100.00")}],
    }


def test_where_cancelling_never_costs_all_four_say_so(clock: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(), clock().astimezone() + DAY)
    actions.cancel(reservation_id=row.pk, by=DESK)
    caller = person(StaffFactory.create(staff_venues=[row.venue]))
    nothing = euros("0.00")
    told = caller.get(f"/reservations/{row.pk}").json()
    assert told["cancellation"] == {
        "free_until": None, "fee_now": nothing, "fee_due": nothing, "steps": [],
    }  # fmt: skip
    assert (told["due"], told["nightly"]) == (nothing, [])
