"""Turning a hold into a promise, until the instant it lapses."""

from datetime import datetime

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import HoldExpired, NotFound, WrongStatus
from reservations.models import Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, MINUTE, SECOND, around, guest, rows, status, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LAPSE = NOON - DAY + 30 * MINUTE


@pytest.fixture
def held() -> Reservation:
    return hold(make_venue("parking", confirms_at_once=False))


def test_a_confirmed_hold_is_upcoming_and_lapses_no_more(held: Reservation) -> None:
    row = actions.confirm(reservation_id=held.pk, by=DESK)
    assert row.confirmed_at == NOON - DAY
    assert status(row, LAPSE + DAY - 30 * MINUTE) is Status.UPCOMING
    assert told(row) == ["created", "confirmed"]


def test_confirming_sets_when_a_no_show_gives_the_time_away(held: Reservation) -> None:
    actions.confirm(reservation_id=held.pk, by=DESK)
    assert [row.lapses_at for row in rows(held)] == [held.no_show_at]


def test_where_a_no_show_keeps_the_time_nothing_lapses_after_confirming() -> None:
    row = hold(make_venue("parking", confirms_at_once=False, releases_no_shows=False))
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert [row.lapses_at for row in rows(row)] == [None]


@pytest.mark.parametrize("instant", around(LAPSE))
def test_a_hold_is_confirmed_up_to_its_last_second(
    held: Reservation, frozen: FrozenDateTimeFactory, instant: datetime
) -> None:
    frozen.move_to(instant)
    if instant < LAPSE:
        assert actions.confirm(reservation_id=held.pk, by=DESK).confirmed_at == instant
    else:
        with pytest.raises(HoldExpired):
            actions.confirm(reservation_id=held.pk, by=DESK)


def test_confirming_twice_changes_nothing(held: Reservation) -> None:
    first = actions.confirm(reservation_id=held.pk, by=DESK)
    again = actions.confirm(reservation_id=held.pk, by=DESK)
    assert again.version == first.version
    assert told(held) == ["created", "confirmed"]


def test_a_cancelled_hold_cannot_be_confirmed(held: Reservation) -> None:
    actions.cancel(reservation_id=held.pk, by=DESK)
    with pytest.raises(WrongStatus):
        actions.confirm(reservation_id=held.pk, by=DESK)


def test_a_cancelled_reservation_cannot_be_confirmed_again(held: Reservation) -> None:
    actions.confirm(reservation_id=held.pk, by=DESK)
    actions.cancel(reservation_id=held.pk, by=DESK)
    with pytest.raises(WrongStatus):
        actions.confirm(reservation_id=held.pk, by=DESK)


def test_somebody_elses_hold_is_not_found(held: Reservation) -> None:
    with pytest.raises(NotFound):
        actions.confirm(reservation_id=held.pk, by=guest())


def test_a_guest_confirms_their_own() -> None:
    by = guest()
    row = hold(make_venue("parking", confirms_at_once=False), by=by)
    assert actions.confirm(reservation_id=row.pk, by=by).confirmed_at


def test_each_change_is_a_new_version(held: Reservation) -> None:
    before = held.version
    assert actions.confirm(reservation_id=held.pk, by=DESK).version == before + 1


def test_a_hold_released_by_a_host_whose_clock_is_ahead_cannot_be_confirmed_by_one_behind(
    held: Reservation, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(LAPSE)
    winner = hold(held.venue)
    frozen.move_to(LAPSE - SECOND)
    with pytest.raises(HoldExpired):
        actions.confirm(reservation_id=held.pk, by=DESK)
    assert status(held, LAPSE - SECOND) is Status.EXPIRED
    assert rows(winner) and not rows(held)
