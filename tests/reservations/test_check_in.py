"""Arriving: on time, early, late, and after the place was given away."""

from datetime import datetime

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, sweeps
from reservations.errors import Forbidden, HeldByOther, HoldExpired, NotFound, Taken, WrongStatus
from reservations.models import Reservation
from reservations.requests import Change, Times
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    around,
    guest,
    overlaps,
    rows,
    status,
    taken,
    told,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

EARLIEST = NOON - 30 * MINUTE
MISSED = NOON + HOUR
END = NOON + 2 * HOUR


def arrive(row: Reservation) -> Reservation:
    return actions.check_in(reservation_id=row.pk, by=DESK)


def test_a_guest_who_arrives_is_here_and_keeps_the_unit(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue())
    frozen.move_to(NOON)
    arrive(row)
    assert status(row, NOON) is Status.PRESENT
    (allocation,) = rows(row)
    assert allocation.is_locked and allocation.lapses_at is None
    assert told(row)[-1] == "checked_in"


def test_arriving_twice_changes_nothing(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue())
    frozen.move_to(NOON)
    first = arrive(row)
    frozen.tick(MINUTE)
    assert arrive(row).checked_in_at == NOON
    assert arrive(row).version == first.version


@pytest.mark.parametrize("instant", around(EARLIEST))
def test_too_early_is_told_with_the_time_to_come_back(
    frozen: FrozenDateTimeFactory, instant: datetime
) -> None:
    row = hold(make_venue(early_check_in=30 * MINUTE))
    frozen.move_to(instant)
    if instant < EARLIEST:
        with pytest.raises(WrongStatus) as refusal:
            arrive(row)
        assert refusal.value.facts == {"opens_at": EARLIEST}
    else:
        arrive(row)
        assert taken(row) == (instant, END)


@pytest.mark.parametrize(("gap", "is_free"), [(-1, True), (0, True), (1, False)])
def test_early_needs_the_time_before_the_start(
    frozen: FrozenDateTimeFactory, gap: int, is_free: bool
) -> None:
    venue = make_venue(releases_no_shows=False)
    row = hold(venue)
    frozen.move_to(NOON - 2 * HOUR)
    hold(venue, NOON - HOUR, 0.75)  # until a quarter of an hour before
    frozen.move_to(NOON - 15 * MINUTE - gap * SECOND)
    if is_free:
        assert arrive(row).checked_in_at
    else:
        with pytest.raises(Taken):
            arrive(row)
        assert taken(row) == (NOON, END)


def test_early_into_a_hold_of_somebody_else_is_told_so(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(confirms_at_once=False)
    row = hold(venue)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - 40 * MINUTE)
    other = hold(venue, NOON - 35 * MINUTE, 0.5)
    frozen.move_to(NOON - 20 * MINUTE)
    with pytest.raises(HeldByOther):
        arrive(row)
    frozen.move_to(NOON - 10 * MINUTE)
    arrive(row)
    assert rows(other) == []
    assert taken(row) == (NOON - 10 * MINUTE, END)


def test_arriving_confirms_a_hold(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(confirms_at_once=False, hold_time=2 * DAY))
    frozen.move_to(NOON)
    assert arrive(row).confirmed_at == NOON
    assert told(row) == ["created", "confirmed", "checked_in"]


def test_a_hold_that_lapsed_cannot_arrive(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(confirms_at_once=False))
    frozen.move_to(NOON)
    with pytest.raises(HoldExpired):
        arrive(row)


@pytest.mark.parametrize("is_swept", [True, False])
def test_late_where_the_time_is_kept_is_not_too_late(
    frozen: FrozenDateTimeFactory, is_swept: bool
) -> None:
    row = hold(make_venue(releases_no_shows=False))
    frozen.move_to(MISSED + MINUTE)
    if is_swept:
        sweeps.mark_no_shows()
    assert status(row, MISSED) is Status.NO_SHOW
    arrive(row)
    assert status(row, MISSED + MINUTE) is Status.PRESENT
    assert taken(row) == (NOON, END)


def test_late_before_anybody_noticed_the_unit_is_still_theirs(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(releases_no_shows=True))
    frozen.move_to(MISSED + MINUTE)
    arrive(row)
    assert taken(row) == (NOON, END)
    with pytest.raises(Taken):
        hold(row.venue, MISSED + 2 * MINUTE, 0.5)


def test_late_after_the_sweep_they_get_the_rest_of_their_time_again(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(releases_no_shows=True))
    frozen.move_to(MISSED + MINUTE)
    sweeps.mark_no_shows()
    assert taken(row) == (NOON, MISSED)
    arrive(row)
    assert [(one.starts_at, one.ends_at) for one in rows(row)] == [
        (NOON, MISSED),
        (MISSED + MINUTE, END),
    ]
    with pytest.raises(Taken):
        hold(row.venue, MISSED + 2 * MINUTE, 0.5)


def test_late_after_the_unit_was_given_away_they_get_another(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(units=2, releases_no_shows=True)
    row = hold(venue)
    first = rows(row)[0].resource
    frozen.move_to(MISSED)
    sweeps.mark_no_shows()
    other = hold(venue, MISSED, 0.5)
    frozen.tick(MINUTE)
    arrive(row)
    assert list(overlaps()) == []
    here = next(one for one in rows(row) if one.ends_at == END)
    assert here.is_locked and here.lapses_at is None
    assert {here.resource_id, rows(other)[0].resource_id} == {
        *venue.resources.values_list("pk", flat=True)
    }
    assert first.pk in {here.resource_id, rows(other)[0].resource_id}


def test_late_when_everything_was_given_away_is_refused(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(releases_no_shows=True)
    row = hold(venue)
    frozen.move_to(MISSED)
    hold(venue, MISSED)
    frozen.tick(MINUTE)
    with pytest.raises(Taken):
        arrive(row)
    assert status(row, MISSED + MINUTE) is Status.NO_SHOW


@pytest.mark.parametrize("instant", around(END))
def test_after_the_end_it_is_too_late(frozen: FrozenDateTimeFactory, instant: datetime) -> None:
    row = hold(make_venue(releases_no_shows=True))
    frozen.move_to(instant)
    if instant < END:
        assert arrive(row).checked_in_at == instant
    else:
        with pytest.raises(WrongStatus):
            arrive(row)


def test_where_arrival_is_assumed_it_can_be_recorded_all_the_same(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(records_arrival=False))
    frozen.move_to(NOON + MINUTE)
    assert arrive(row).checked_in_at == NOON + MINUTE
    assert taken(row) == (NOON, END)


def test_where_arrival_is_assumed_and_the_end_has_passed_it_can_still_be_recorded(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(records_arrival=False))
    frozen.move_to(END + MINUTE)
    assert arrive(row).checked_in_at == END + MINUTE


def test_a_cancelled_one_cannot_arrive(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue())
    actions.cancel(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    with pytest.raises(WrongStatus):
        arrive(row)


def test_guests_record_their_own_arrival_only_where_drivers_do(
    frozen: FrozenDateTimeFactory,
) -> None:
    by = guest()
    parking, restaurant = hold(make_venue(), by=by), hold(make_venue("restaurant"), by=by)
    actions.confirm(reservation_id=restaurant.pk, by=by)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=parking.pk, by=by)
    with pytest.raises(Forbidden):
        actions.check_in(reservation_id=restaurant.pk, by=by)
    with pytest.raises(NotFound):
        actions.check_in(reservation_id=parking.pk, by=guest())


def test_a_guest_who_was_given_another_unit_may_stay_longer_there(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(units=1, releases_no_shows=True)
    row = hold(venue)
    frozen.move_to(MISSED)
    short = hold(venue, MISSED, 0.25)
    actions.check_in(reservation_id=short.pk, by=DESK)
    frozen.move_to(MISSED + 15 * MINUTE)
    actions.check_out(reservation_id=short.pk, by=DESK)
    arrive(row)
    longer = Change(times=Times(ends_at=END + HOUR))
    actions.modify(reservation_id=row.pk, change=longer, by=DESK)
    assert [(one.starts_at, one.ends_at) for one in rows(row)] == [
        (NOON, MISSED),
        (MISSED + 15 * MINUTE, END + HOUR),
    ]
