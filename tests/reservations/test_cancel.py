"""Giving a reservation up: the time is free at once, and what it costs depends on when."""

from datetime import datetime

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import NotFound, WrongStatus
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, around, guest, rows, status, taken, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

DEADLINE = NOON - 2 * HOUR


def cancel(row: Reservation) -> Reservation:
    return actions.cancel(reservation_id=row.pk, by=DESK)


def fee(row: Reservation) -> int:
    charged: int = Event.objects.get(reservation=row, name="reservation.cancelled").data[
        "fee_minor"
    ]
    return charged


@pytest.mark.parametrize("is_held", [True, False])
def test_before_the_start_all_of_the_time_is_free(is_held: bool) -> None:
    row = hold(make_venue(confirms_at_once=not is_held))
    cancel(row)
    assert status(row, NOON) is Status.CANCELLED
    assert rows(row) == []
    assert hold(row.venue).pk
    assert told(row)[-1] == "cancelled"


@pytest.mark.parametrize("instant", around(NOON))
def test_from_the_start_on_only_the_rest_is_free(
    frozen: FrozenDateTimeFactory, instant: datetime
) -> None:
    row = hold(make_venue(grace=HOUR))
    frozen.move_to(instant)
    cancel(row)
    assert taken(row) == ((NOON, instant) if instant > NOON else None)
    assert hold(row.venue, instant, 1).pk


@pytest.mark.parametrize("instant", around(DEADLINE))
def test_a_fee_is_due_after_the_deadline(frozen: FrozenDateTimeFactory, instant: datetime) -> None:
    row = hold(make_venue(cancel_deadline=2 * HOUR, cancel_fee_percent=50))
    frozen.move_to(instant)
    cancel(row)
    assert fee(row) == (1_000 if instant > DEADLINE else 0)


def test_a_hold_that_was_never_confirmed_costs_nothing() -> None:
    row = hold(make_venue(confirms_at_once=False, cancel_deadline=9 * DAY, cancel_fee_percent=100))
    cancel(row)
    assert fee(row) == 0


def test_the_fee_is_the_one_that_was_promised() -> None:
    row = hold(make_venue(cancel_deadline=9 * DAY, cancel_fee_percent=10))
    row.venue.policy.cancel_fee_percent = 100
    row.venue.policy.save()
    cancel(row)
    assert fee(row) == 200


def test_cancelling_twice_changes_nothing(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue())
    first = cancel(row)
    frozen.tick(MINUTE)
    again = cancel(row)
    assert (again.cancelled_at, again.version) == (first.cancelled_at, first.version)
    assert told(row).count("cancelled") == 1


def test_who_is_here_or_has_left_or_never_came_cannot_cancel(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(units=2)
    here, missed = hold(venue), hold(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    with pytest.raises(WrongStatus):
        cancel(here)
    actions.check_out(reservation_id=here.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    for row in (here, missed):
        with pytest.raises(WrongStatus):
            cancel(row)


def test_only_ones_own_can_be_cancelled() -> None:
    by = guest()
    row = hold(make_venue(), by=by)
    with pytest.raises(NotFound):
        actions.cancel(reservation_id=row.pk, by=guest())
    assert actions.cancel(reservation_id=row.pk, by=by).cancelled_at
