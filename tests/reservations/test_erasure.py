"""A person is handed all that is held of them, or erased from it for good."""

from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.models import User
from reservations import actions
from reservations.errors import OpenStay
from reservations.idempotency import Answer, Once
from reservations.models import Reservation, StoredAnswer
from reservations.privacy import data_export, erasure, subjects
from reservations.requests import Contact
from reservations.status import Status
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import DAY, HOUR, guest, rows, status
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

CONTACT = Contact(first_name="Ada", last_name="Byron", phone="+31201234567", email="a@example.com")


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def venue() -> Venue:
    return make_venue(units=3)


def mine(user: User, venue: Venue, **wish: Any) -> Reservation:
    return hold(venue, by=callers.for_user(user), contact=CONTACT, remarks="diabetic", **wish)


def erase(user: User) -> int:
    return erasure.erase_guest(user_id=user.pk, by=callers.for_user(user))


def test_nothing_of_the_person_is_left(user: User, venue: Venue) -> None:
    row = mine(user, venue, occasion="birthday", vehicle_plate="AB-12")
    assert erase(user) == 1
    row.refresh_from_db()
    left = [
        row.first_name,
        row.last_name,
        row.phone,
        row.email,
        row.occasion,
        row.vehicle_plate,
        row.remarks,
    ]
    assert left == ["Erased", "Erased", "", "", "", "", ""]
    assert row.guest_id is None
    assert not (row.receive_email_updates or row.receive_phone_call)


def test_what_is_to_come_is_cancelled_and_its_time_free(user: User) -> None:
    sold, held = (mine(user, make_venue(confirms_at_once=at_once)) for at_once in (True, False))
    erase(user)
    for row in (sold, held):
        assert status(row, NOON - DAY) is Status.CANCELLED
        assert rows(row) == []


def test_what_is_over_stays_as_a_number(
    user: User, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = mine(user, venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    actions.check_out(reservation_id=row.pk, by=DESK)
    erase(user)
    assert status(row, NOON) is Status.LEFT


def test_a_stay_that_has_not_ended_keeps_everything_as_it_is(
    user: User, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    here, later = mine(user, venue), mine(user, venue, start=NOON + DAY)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    with pytest.raises(OpenStay):
        erase(user)
    here.refresh_from_db()
    assert (here.first_name, status(later, NOON)) == ("Ada", Status.UPCOMING)


def test_a_change_made_a_moment_ago_does_not_stand_in_the_way(user: User) -> None:
    row = mine(user, make_venue(confirms_at_once=False, state_change_rate="1/d"))
    actions.confirm(reservation_id=row.pk, by=callers.for_user(user))
    assert erase(user) == 1


def test_others_are_left_alone(user: User, venue: Venue) -> None:
    other = guest()
    theirs = hold(venue, by=other, contact=CONTACT)
    mine(user, venue)
    erase(user)
    theirs.refresh_from_db()
    assert (theirs.first_name, theirs.guest_id) == ("Ada", other.user_id)


def test_answers_kept_for_repeats_are_dropped(user: User, venue: Venue) -> None:
    once = Once(
        caller="user",
        key="k",
        fingerprint="f",
        render=lambda row: Answer(201, row.first_name),
        guest_id=user.pk,
    )
    actions.hold(booking=booking(venue), by=callers.for_user(user), once=once)
    erase(user)
    assert not StoredAnswer.objects.exists()


def test_all_that_is_held_is_handed_out_oldest_first(
    user: User, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    first = mine(user, venue)
    frozen.tick(HOUR)
    second = mine(user, venue, start=NOON + DAY)
    hold(venue, by=guest())
    told = data_export.reservations_of(subjects.of_user(user))
    assert [one["id"] for one in told] == [first.pk, second.pk]
    assert told[0]["venue"] == venue.slug
    assert (told[0]["phone"], told[0]["remarks"]) == ("+31201234567", "diabetic")
    assert "guest_id" not in told[0]
