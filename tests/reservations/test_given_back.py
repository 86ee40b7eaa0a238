"""Ended before the start is a cancelling: no stay, no review, no hours, and the fee as always."""

from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock
from reservations.errors import WrongStatus
from reservations.pricing import owed
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, guest, status, taken, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("verb", ["complete", "release"])
@pytest.mark.parametrize("is_assumed", [True, False])
def test_before_the_start_it_is_cancelled_for_nothing(
    frozen: FrozenDateTimeFactory, verb: str, is_assumed: bool
) -> None:
    by = guest()
    row = hold(make_venue(records_arrival=not is_assumed, charges_time_used=True), by=by)
    frozen.move_to(NOON - SECOND)
    for _ in range(2):
        ended = getattr(actions, verb)(reservation_id=row.pk, by=by)
        assert (ended.cancelled_at, ended.checked_out_at) == (NOON - SECOND, None)
    assert status(row, NOON) is Status.CANCELLED
    assert taken(row) is None
    assert told(row) == ["created", "confirmed", "cancelled"]
    assert owed.owed(ended, clock.now()) == 0


def test_it_costs_the_fee_of_cancelling(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(cancel_deadline=DAY, cancel_fee_percent=50))
    frozen.move_to(NOON - HOUR)
    assert actions.complete(reservation_id=row.pk, by=DESK).fee_due_minor == 1_000


def test_what_was_cancelled_otherwise_cannot_be_completed() -> None:
    row = hold(make_venue())
    actions.cancel(reservation_id=row.pk, by=DESK)
    for verb in (actions.complete, actions.release, actions.check_out):
        with pytest.raises(WrongStatus):
            verb(reservation_id=row.pk, by=DESK)


def test_repeating_it_counts_nothing(frozen: FrozenDateTimeFactory) -> None:
    by = guest()
    row = hold(make_venue(state_change_rate="1/h"), by=by)
    first = actions.complete(reservation_id=row.pk, by=by)
    again = actions.complete(reservation_id=row.pk, by=by)
    assert first.version == again.version


@pytest.mark.parametrize("is_recorded", [True, False])
def test_use_counts_from_the_recorded_arrival_else_from_the_start(
    frozen: FrozenDateTimeFactory, is_recorded: bool
) -> None:
    row = hold(make_venue(charges_time_used=True, early_check_in=HOUR, grace=9 * HOUR))
    if is_recorded:
        frozen.move_to(NOON - 30 * MINUTE)
        actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 30 * MINUTE)
    left = actions.complete(reservation_id=row.pk, by=DESK)
    assert left.price_minor == (1_000 if is_recorded else 500)


def test_who_came_early_and_left_before_the_start_pays_the_time_used(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(charges_time_used=True, early_check_in=HOUR))
    frozen.move_to(NOON - 30 * MINUTE)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - 15 * MINUTE)
    left = actions.release(reservation_id=row.pk, by=DESK)
    assert (left.price_minor, status(row, NOON)) == (250, Status.LEFT)
