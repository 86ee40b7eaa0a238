"""One's own parking: what is listed, and what a month adds up to."""

from datetime import UTC, date, datetime, timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.models import User
from reservations import actions
from reservations.models import Reservation
from reservations.reports import parking
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import HOUR, MINUTE
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def lot() -> Venue:
    return make_venue(units=3, confirms_at_once=True, early_check_in=HOUR)


def park(user: User, lot: Venue, start: datetime = NOON) -> Reservation:
    return hold(lot, start, by=callers.for_user(user))


def test_both_instants_are_those_recorded(
    frozen: FrozenDateTimeFactory, user: User, lot: Venue
) -> None:
    by = callers.for_user(user)
    row = park(user, lot)
    assert not parking.parked(user, at=NOON - MINUTE).exists()
    frozen.move_to(NOON + MINUTE)
    actions.check_in(reservation_id=row.pk, by=by)
    (there,) = parking.parked(user, at=NOON + 2 * MINUTE)
    assert parking.came_at(there) == NOON + MINUTE
    assert parking.left_at(there, at=NOON + 2 * MINUTE) is None
    frozen.move_to(NOON + HOUR)
    actions.check_out(reservation_id=row.pk, by=callers.system("test"))
    (left,) = parking.parked(user, at=NOON + 2 * HOUR)
    assert parking.left_at(left, at=NOON + 2 * HOUR) == NOON + HOUR


def test_where_nothing_is_recorded_the_range_is_what_was_parked(user: User) -> None:
    lot = make_venue(confirms_at_once=True, records_arrival=False, records_departure=False)
    park(user, lot)
    (row,) = parking.parked(user, at=NOON + HOUR)
    assert parking.left_at(row, at=NOON + HOUR) is None
    assert parking.left_at(row, at=NOON + 2 * HOUR) == NOON + 2 * HOUR
    assert parking.came_at(row) == NOON


def test_a_month_adds_up_what_has_ended_by_the_lots_own_calendar(user: User) -> None:
    lot = make_venue(units=3, confirms_at_once=True, records_arrival=False, records_departure=False)
    Venue.objects.filter(pk=lot.pk).update(time_zone="Asia/Tokyo")
    for day in (1, 2):
        park(user, lot, datetime(2027, 3, day, 12, tzinfo=UTC))
    # Half past midnight of the first of April there.
    park(user, lot, datetime(2027, 3, 31, 15, 30, tzinfo=UTC))
    park(UserFactory.create(), lot)
    hotel = make_venue("restaurant", confirms_at_once=True)
    hold(hotel, by=callers.for_user(user))
    found = parking.months(user, at=datetime(2027, 4, 20, tzinfo=UTC))
    assert len(found) == 12
    assert [month.first for month in found[-2:]] == [date(2027, 3, 1), date(2027, 4, 1)]
    assert [month.visits for month in found[-2:]] == [2, 1]
    assert found[-2].length == 4 * HOUR
    assert found[-2].spent == {"EUR": 4_000}
    assert not any(month.visits for month in found[:-2])


def test_what_goes_on_is_not_added_up_yet(user: User) -> None:
    lot = make_venue(confirms_at_once=True, records_arrival=False, records_departure=False)
    park(user, lot)
    for at, visits in ((NOON + HOUR, 0), (NOON + 2 * HOUR, 1)):
        assert parking.months(user, at=at)[-1].visits == visits


def test_the_months_are_twelve_in_a_row_over_the_turn_of_a_year(user: User) -> None:
    firsts = [month.first for month in parking.months(user, at=NOON - timedelta(days=40))]
    assert firsts[0] == date(2026, 2, 1)
    assert firsts[-1] == date(2027, 1, 1)
