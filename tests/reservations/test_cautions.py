"""Warnings of vehicles: one plate twice at one time, and a car that nobody can place."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reservations import actions, clock
from reservations.models import Reservation
from reservations.privacy import blanks
from reservations.privacy.rooms import PersonalRows
from reservations.reports import cautions
from reservations.requests import Change, Contact
from reservations.rules import plates
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import HOUR

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def codes(row: Reservation) -> list[str]:
    found = Reservation.objects.select_related("venue").get(pk=row.pk)
    return [one.code for one in cautions.of_one(found, clock.now())]


@pytest.mark.parametrize(
    ("plate", "key"),
    [("ab-12 cd", "AB12CD"), ("AB12CD", "AB12CD"), (" - ", ""), ("ß-1", "SS1"), ("Ä 7·8", "Ä78")],
)
def test_plates_are_compared_by_letters_and_digits(plate: str, key: str) -> None:
    assert plates.folded(plate) == key
    assert hold(make_venue(), vehicle_plate=plate).plate_key == (key or None)


def test_one_plate_twice_at_one_time_is_warned_of_on_both() -> None:
    lot = make_venue(units=3)
    first = hold(lot, vehicle_plate="AB-12-CD")
    assert codes(first) == []
    second = hold(lot, NOON + HOUR, vehicle_plate="ab12cd")
    assert codes(first) == codes(second) == ["plate_twice"]
    assert codes(hold(lot, NOON + 3 * HOUR, vehicle_plate="AB12CD")) == []
    # At another venue, and once the other is gone, it is nobody's concern.
    assert codes(hold(make_venue(), vehicle_plate="AB12CD")) == []
    actions.cancel(reservation_id=second.pk, by=DESK)
    assert codes(first) == codes(second) == []


def test_a_plate_that_changes_is_compared_anew() -> None:
    lot = make_venue(units=2)
    first, second = hold(lot, vehicle_plate="AB-1"), hold(lot, vehicle_plate="CD-2")
    change = Change(details={"vehicle_plate": "a b 1"})
    actions.modify(reservation_id=second.pk, change=change, by=DESK)
    assert codes(first) == codes(second) == ["plate_twice"]


def test_a_car_without_plate_and_name_is_warned_of() -> None:
    lot = make_venue(units=3)
    nobody = Contact(first_name="Walk-in", last_name="Guest", phone="+31201234567")
    assert codes(hold(lot, contact=nobody)) == ["no_plate"]
    assert codes(hold(lot, contact=nobody, vehicle_plate="AB-1")) == []
    assert codes(hold(lot)) == []
    assert codes(hold(make_venue("restaurant"), contact=nobody)) == []


def test_many_take_one_query() -> None:
    lot = make_venue(units=20)
    rows = [hold(lot, vehicle_plate=f"AB-{number % 5}") for number in range(10)]
    with CaptureQueriesContext(connection) as queries:
        found = cautions.of(rows, {lot.pk: lot}, clock.now())
    assert len(queries) == 1
    assert all([one.code for one in told] == ["plate_twice"] for told in found.values())


def test_a_blanked_reservation_keeps_no_plate() -> None:
    row = hold(make_venue(), vehicle_plate="AB-1")
    blanks.blank(PersonalRows(reservation_ids=[row.pk]))
    assert Reservation.objects.get(pk=row.pk).plate_key is None
