"""GET plan: every unit, its place and its state; vehicles and guests for staff alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.inventory import closures
from reservations.models import Reservation
from tests.api.calling import Api, anonymous, partner, person, problem
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, StaffFactory, UserFactory
from tests.reservations.facts import SECOND, around
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HOUR = timedelta(hours=1)
LUNCH = {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T14:00:00Z"}


@pytest.fixture
def lot(db: None) -> Venue:
    """Four spots of which the driver chooses, held until confirmed."""
    return make_venue("parking", units=4, unit_choice="guest", confirms_at_once=False)


def plan(caller: Api, venue: Venue, **params: Any) -> dict[str, dict[str, Any]]:
    answer = caller.get(f"/venues/{venue.slug}/plan", params or LUNCH)
    assert answer.status_code == 200, answer.content
    return {unit["name"]: unit for unit in answer.json()["units"]}


def states(caller: Api, venue: Venue, **params: Any) -> dict[str, str]:
    return {name: unit["state"] for name, unit in plan(caller, venue, **params).items()}


def parked(venue: Venue, name: str, **fields: Any) -> Reservation:
    unit = venue.resources.get(name=name)
    return hold(venue, resource=unit.pk, vehicle_plate=f"PLATE-{name}", **fields)


def test_units_are_told_with_their_place_floor_and_state(lot: Venue) -> None:
    lot.resources.filter(name="1").update(plan_x=2.5, plan_y=0, floor=-1)
    parked(lot, "2")
    sold = parked(lot, "3")
    actions.confirm(reservation_id=sold.pk, by=DESK)
    window = Window(NOON, NOON + HOUR)
    ids = [lot.resources.get(name="4").pk]
    closures.close(venue_id=lot.pk, resource_ids=ids, window=window, reason="paint", by=DESK)
    found = plan(anonymous(), lot)
    assert found["1"] == {
        "id": str(lot.resources.get(name="1").pk),
        "name": "1",
        "floor": -1,
        "category": "standard",
        "capacity": 4,
        "place": {"x": 2.5, "y": 0.0},
        "state": "free",
        "is_overstay": False,
        "since": None,
    }
    assert found["2"]["place"] is None
    assert {name: unit["state"] for name, unit in found.items()} == {
        "1": "free", "2": "held", "3": "taken", "4": "closed",
    }  # fmt: skip


def test_a_range_shows_what_is_taken_in_any_part_of_it(lot: Venue) -> None:
    row = parked(lot, "1")
    actions.confirm(reservation_id=row.pk, by=DESK)
    for starts, ends, state in (
        ("10:00:00", "12:00:00", "free"),
        ("10:00:00", "12:00:01", "taken"),
        ("13:59:59", "20:00:00", "taken"),
        ("14:00:00", "20:00:00", "free"),
    ):
        asked = {"starts_at": f"2027-03-01T{starts}Z", "ends_at": f"2027-03-01T{ends}Z"}
        assert states(anonymous(), lot, **asked)["1"] == state


def test_without_a_range_it_is_told_as_it_is_now(lot: Venue, clock: FrozenDateTimeFactory) -> None:
    row = parked(lot, "1")
    actions.confirm(reservation_id=row.pk, by=DESK)
    # The range of a question about now is a minute long.
    for instant, state in (
        (NOON - 61 * SECOND, "free"),
        (NOON, "taken"),
        (NOON + HOUR - SECOND, "taken"),
        # Nobody came within the hour that the policy waits.
        (NOON + HOUR, "free"),
    ):
        clock.move_to(instant)
        answer = anonymous().get(f"/venues/{lot.slug}/plan").json()
        assert answer["units"][0]["state"] == state, instant


def test_a_hold_that_lapsed_shows_as_free_at_that_instant(
    lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    row = parked(lot, "1")
    assert row.hold_expires_at
    seen = []
    for instant in around(row.hold_expires_at):
        clock.move_to(instant)
        seen.append(states(anonymous(), lot)["1"])
    assert seen == ["held", "free", "free"]


@pytest.mark.parametrize(
    ("caller", "is_told"),
    [
        ("nobody", False),
        ("guest", False),
        ("the driver", False),
        ("staff elsewhere", False),
        ("partner", False),
        ("staff", True),
        ("administrator", True),
    ],
)
def test_vehicles_and_guests_are_told_to_staff_of_the_venue_alone(
    lot: Venue, caller: str, is_told: bool
) -> None:
    driver = UserFactory.create()
    parked(lot, "1")
    Reservation.objects.update(guest=driver)
    asks = {
        "nobody": anonymous,
        "guest": lambda: person(UserFactory.create()),
        "the driver": lambda: person(driver),
        "staff elsewhere": lambda: person(
            StaffFactory.create(staff_venues=[make_venue("parking")])
        ),
        "partner": lambda: partner(PartnerFactory.create(venues=[lot])),
        "staff": lambda: person(StaffFactory.create(staff_venues=[lot])),
        "administrator": lambda: person(AdministratorFactory.create()),
    }[caller]()
    answer = asks.get(f"/venues/{lot.slug}/plan", LUNCH)
    text = answer.content.decode()
    assert ("PLATE-1" in text) is ("Lovelace" in text) is is_told
    unit = plan(asks, lot)["1"]
    assert unit["state"] == "held"
    if is_told:
        assert (unit["vehicle"], unit["guest"]) == ("PLATE-1", "Ada Lovelace")
        assert "vehicle" not in plan(asks, lot)["2"]
    else:
        assert "vehicle" not in unit and "guest" not in unit


def test_credentials_that_are_sent_must_be_good(lot: Venue) -> None:
    path = f"/venues/{lot.slug}/plan"
    problem(anonymous().get(path, Authorization="Bearer x"), 401, "invalid_token")
    problem(anonymous().get(path, X_API_Key="x"), 401, "invalid_key")


def test_retired_units_and_units_of_others_are_not_on_it(lot: Venue) -> None:
    make_venue("parking", units=3)
    lot.resources.filter(name="1").update(retired_at=NOON)
    assert sorted(plan(anonymous(), lot)) == ["2", "3", "4"]


def test_staff_are_told_in_one_query_more_however_full_it_is(lot: Venue) -> None:
    staff = person(StaffFactory.create(staff_venues=[lot]))
    sent = staff.credentials()
    staff.credentials = lambda: sent
    counts = []
    for name in ("1", "2", "3"):
        parked(lot, name)
        with CaptureQueriesContext(connection) as asked:
            plan(staff, lot)
        counts.append(len(asked))
    assert len(set(counts)) == 1
