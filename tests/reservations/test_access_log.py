"""Who at work opened, searched or exported personal data of others is known for 90 days."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from config import tasks
from guests import callers
from guests.callers import Caller
from guests.models import User
from reservations import clock
from reservations.models import AccessRecord, Reservation
from reservations.privacy import access_log
from reservations.privacy.subjects import DataSubject
from tests.api.calling import partner, person
from tests.factories import hold, make_venue
from tests.guests.factories import (
    AdministratorFactory,
    PartnerFactory,
    StaffFactory,
    UserFactory,
)
from tests.reservations.facts import DAY, MINUTE, SECOND
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def venue() -> Venue:
    return make_venue(units=5)


@pytest.fixture
def clerk(venue: Venue) -> User:
    return StaffFactory.create(staff_venues=[venue])


def records() -> list[tuple[Any, ...]]:
    names = ("reader", "reader_kind", "place", "why", "venue_id", "reservation_id", "user_id")
    return list(AccessRecord.objects.order_by("pk").values_list(*names))


def test_staff_who_open_a_reservation_are_recorded(venue: Venue, clerk: User) -> None:
    row = hold(venue)
    for address in (f"/reservations/{row.pk}", f"/reservations/{row.pk}/events"):
        assert person(clerk).get(address).status_code == 200
    assert [(one[0], *one[2:6]) for one in records()] == [
        (f"user:{clerk.pk}", "api:getReservation", "open", venue.pk, row.pk),
        (f"user:{clerk.pk}", "api:listReservationEvents", "open", venue.pk, row.pk),
    ]
    assert records()[0][1] == callers.for_user(clerk).kind
    assert AccessRecord.objects.earliest("pk").at == clock.now()


def test_a_list_is_recorded_row_by_row_in_one_insert(venue: Venue, clerk: User) -> None:
    rows = [hold(venue) for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        assert person(clerk).get("/reservations").status_code == 200
    inserts = [one for one in queries if "INSERT" in one["sql"] and "accessrecord" in one["sql"]]
    assert len(inserts) == 1
    assert {one[5] for one in records()} == {row.pk for row in rows}
    assert {one[3] for one in records()} == {"search"}


def test_a_partner_is_recorded_by_its_name(venue: Venue) -> None:
    acme = PartnerFactory.create(slug="acme", venues=[venue])
    row = hold(venue, by=callers.for_partner(acme))
    assert partner(acme).get(f"/reservations/{row.pk}").status_code == 200
    assert records() == [
        ("partner:acme", "partner", "api:getReservation", "open", venue.pk, row.pk, None)
    ]


def test_guests_who_read_their_own_are_not_recorded(venue: Venue, clerk: User) -> None:
    elsewhere = make_venue()
    for user, place in ((UserFactory.create(), venue), (clerk, elsewhere)):
        row = hold(place, by=Caller(kind="guest", name="user", user_id=user.pk))
        assert person(user).get(f"/reservations/{row.pk}").status_code == 200
    assert person(clerk).get("/me/export").status_code == 200
    assert records() == []


def test_what_is_viewed_again_at_once_is_recorded_once(
    venue: Venue, clerk: User, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    for passed, expected in ((0 * SECOND, 1), (MINUTE, 1), (10 * MINUTE, 2)):
        frozen.tick(passed)
        person(clerk).get(f"/reservations/{row.pk}")
        assert len(records()) == expected
    person(AdministratorFactory.create()).get(f"/reservations/{row.pk}")
    assert len(records()) == 3


@pytest.mark.django_db(transaction=True)
def test_reading_goes_on_where_nothing_can_be_recorded(venue: Venue, clerk: User) -> None:
    row = hold(venue)

    def full(execute: Any, sql: str, *rest: Any) -> Any:
        if "INSERT" in sql and "accessrecord" in sql:
            raise DatabaseError("disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(full):
        answer = person(clerk).get(f"/reservations/{row.pk}")
    assert (answer.status_code, answer.json()["first_name"]) == (200, "Ada")
    assert records() == []


@pytest.mark.parametrize("offset", [-1, 0])
def test_records_go_after_ninety_days(frozen: FrozenDateTimeFactory, offset: int) -> None:
    access_log.record("user:1", "staff", place="desk:today", why=access_log.OPEN, user_ids=[7])
    frozen.tick(90 * DAY + offset * SECOND)
    tasks.clean_up()
    assert len(records()) == (1 if offset else 0)


def test_a_person_finds_records_about_them(venue: Venue, clerk: User) -> None:
    row, other = hold(venue), hold(venue)
    for one in (row, other):
        person(clerk).get(f"/reservations/{one.pk}")
    Reservation.objects.filter(pk=row.pk).update(email="ada@example.com")
    found = access_log.of_subject(DataSubject(emails=frozenset({"ada@example.com"})))
    assert [one.reservation_id for one in found] == [row.pk]
