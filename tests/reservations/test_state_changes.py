"""How often one reservation may change state: its own events judge, to the second."""

from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django.fixtures import Settings

from guests import callers
from guests.callers import Caller
from reservations import actions, clock
from reservations.errors import RateLimited, WrongStatus
from reservations.limits import state_changes
from reservations.limits.state_changes import Pace
from reservations.models import Event, Reservation
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, guest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

BEGUN = NOON - DAY


@pytest.fixture
def by() -> Caller:
    return guest()


@pytest.fixture
def held(by: Caller) -> Reservation:
    venue = make_venue(units=2, confirms_at_once=False, state_change_rate="1/m")
    return hold(venue, by=by)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_second_change_waits_for_a_minute(
    held: Reservation, by: Caller, frozen: FrozenDateTimeFactory, offset: int
) -> None:
    actions.confirm(reservation_id=held.pk, by=by)
    frozen.tick(MINUTE + offset * SECOND)
    if offset < 0:
        with pytest.raises(RateLimited) as refusal:
            actions.cancel(reservation_id=held.pk, by=by)
        assert refusal.value.retry_after == SECOND
    else:
        assert actions.cancel(reservation_id=held.pk, by=by).cancelled_at


def test_a_change_that_comes_too_soon_changes_nothing(held: Reservation, by: Caller) -> None:
    actions.confirm(reservation_id=held.pk, by=by)
    before = Event.objects.count()
    with pytest.raises(RateLimited):
        actions.cancel(reservation_id=held.pk, by=by)
    held.refresh_from_db()
    assert (held.cancelled_at, Event.objects.count()) == (None, before)


def test_a_repeat_is_answered_and_counts_nothing(
    held: Reservation, by: Caller, frozen: FrozenDateTimeFactory
) -> None:
    actions.confirm(reservation_id=held.pk, by=by)
    frozen.tick(59 * SECOND)
    actions.confirm(reservation_id=held.pk, by=by)
    frozen.tick(SECOND)
    assert actions.cancel(reservation_id=held.pk, by=by).cancelled_at


def test_a_refused_change_counts_nothing(held: Reservation, by: Caller) -> None:
    for _ in range(3):
        with pytest.raises(WrongStatus):
            actions.check_out(reservation_id=held.pk, by=by)
    assert actions.confirm(reservation_id=held.pk, by=by).confirmed_at


def test_another_reservation_is_not_held_up(held: Reservation, by: Caller) -> None:
    other = hold(held.venue, by=by)
    actions.confirm(reservation_id=held.pk, by=by)
    assert actions.confirm(reservation_id=other.pk, by=by).confirmed_at


def test_creation_and_its_confirming_at_once_do_not_count(by: Caller) -> None:
    row = hold(make_venue(state_change_rate="1/d"), by=by)
    assert actions.cancel(reservation_id=row.pk, by=by).cancelled_at


def test_staff_are_exempt_and_do_not_use_up_the_guests_change(
    held: Reservation, by: Caller
) -> None:
    staff = callers.for_user(StaffFactory.create(staff_venues=[held.venue]))
    actions.confirm(reservation_id=held.pk, by=staff)
    assert actions.cancel(reservation_id=held.pk, by=by).cancelled_at


def test_staff_may_change_at_once_what_a_guest_has_just_changed(
    held: Reservation, by: Caller
) -> None:
    actions.confirm(reservation_id=held.pk, by=by)
    assert actions.cancel(reservation_id=held.pk, by=DESK).cancelled_at


def test_partners_have_the_same_pace_as_guests() -> None:
    partner = Caller(kind="partner", name="partner:acme", partner="acme", venue_ids=None)
    row = hold(make_venue(confirms_at_once=False, state_change_rate="1/m"), by=partner)
    actions.confirm(reservation_id=row.pk, by=partner)
    with pytest.raises(RateLimited):
        actions.cancel(reservation_id=row.pk, by=partner)


def test_the_rate_comes_before_the_status(held: Reservation, by: Caller) -> None:
    actions.cancel(reservation_id=held.pk, by=by)
    with pytest.raises(RateLimited):
        actions.confirm(reservation_id=held.pk, by=by)


def test_a_venue_without_a_pace_has_that_of_the_deployment(settings: Settings, by: Caller) -> None:
    settings.STATE_CHANGE_RATE = "2/h"
    row = hold(make_venue(confirms_at_once=False, state_change_rate=""), by=by)
    actions.confirm(reservation_id=row.pk, by=by)
    actions.cancel(reservation_id=row.pk, by=by)
    with pytest.raises(RateLimited) as refusal:
        actions.check_in(reservation_id=row.pk, by=by)
    assert (refusal.value.count, refusal.value.period) == (2, HOUR)


def test_the_driver_of_the_parking_preset_comes_and_leaves_within_a_minute(
    by: Caller, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(make_venue("parking"), by=by)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=by)
    frozen.tick(10 * SECOND)
    assert actions.check_out(reservation_id=row.pk, by=by).checked_out_at


def test_the_oldest_of_several_changes_decides_how_long_to_wait(
    held: Reservation, by: Caller, frozen: FrozenDateTimeFactory
) -> None:
    twice = Pace(2, MINUTE)
    for name in ("reservation.modified", "reservation.modified"):
        held.events.create(
            venue=held.venue,
            name=name,
            at=clock.now(),
            recorded_at=clock.now(),
            by=by.name,
            by_kind=by.kind,
            is_limited=True,
        )
        frozen.tick(10 * SECOND)
    now = BEGUN + 20 * SECOND
    with pytest.raises(RateLimited) as refusal:
        state_changes.judge(held, pace=twice, by=by, now=now)
    assert refusal.value.retry_after == 40 * SECOND
    assert state_changes.left(held, twice, now) == (0, 40)
    assert state_changes.left(held, twice, BEGUN + MINUTE) == (1, 10)
    assert state_changes.left(held, twice, BEGUN + DAY) == (2, 0)
    assert state_changes.left(held, twice, now + timedelta(microseconds=1)) == (0, 40)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1/m", Pace(1, MINUTE)), ("10/h", Pace(10, HOUR)), ("5/s", Pace(5, SECOND))],
)
def test_a_rate_is_a_count_and_a_period(text: str, meant: Pace) -> None:
    assert state_changes.parse(text) == meant
    assert state_changes.parse("3/d") == Pace(3, DAY)


def test_changes_that_a_wrong_clock_dated_do_not_hold_anybody_back(
    held: Reservation, by: Caller, frozen: FrozenDateTimeFactory
) -> None:
    frozen.tick(2 * DAY)
    Reservation.objects.update(hold_expires_at=NOON + 9 * DAY)
    actions.confirm(reservation_id=held.pk, by=by)
    frozen.move_to(BEGUN)
    assert state_changes.left(held, Pace(1, MINUTE), clock.now()) == (1, 0)
    assert actions.cancel(reservation_id=held.pk, by=by).cancelled_at


def test_clocks_that_differ_a_little_make_nobody_wait_longer_than_the_period(
    held: Reservation, by: Caller, frozen: FrozenDateTimeFactory
) -> None:
    actions.confirm(reservation_id=held.pk, by=by)
    frozen.move_to(BEGUN - 3 * SECOND)
    with pytest.raises(RateLimited) as refusal:
        actions.cancel(reservation_id=held.pk, by=by)
    assert refusal.value.retry_after == MINUTE
