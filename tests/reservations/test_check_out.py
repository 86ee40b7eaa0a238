"""Leaving: what is left of the time is free at once, and time past the end has a price."""

from datetime import datetime
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, sweeps
from reservations.errors import Forbidden, Taken, WrongStatus
from reservations.models import Event, Reservation
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
    rows,
    status,
    taken,
    told,
)
from venues.models import Policy, Rate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

END = NOON + 2 * HOUR


def present(
    frozen: FrozenDateTimeFactory, unit: Rate.Unit = Rate.Unit.HOUR, **policy: Any
) -> Reservation:
    venue = make_venue("parking", **policy)
    venue.rates.update(unit=unit)
    row = hold(venue)
    frozen.move_to(NOON)
    return actions.check_in(reservation_id=row.pk, by=DESK)


def leave(row: Reservation) -> Reservation:
    return actions.check_out(reservation_id=row.pk, by=DESK)


def test_leaving_early_frees_the_rest_at_that_instant(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen)
    frozen.tick(HOUR)
    leave(row)
    assert status(row, NOON + HOUR) is Status.LEFT
    assert taken(row) == (NOON, NOON + HOUR)
    assert hold(row.venue, NOON + HOUR, 1).pk
    assert told(row)[-1] == "checked_out"


def test_leaving_the_instant_one_came_takes_no_time_at_all(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen)
    leave(row)
    assert rows(row) == []


def test_leaving_does_not_change_what_was_sold(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen)
    frozen.tick(HOUR)
    leave(row)
    row.refresh_from_db()
    assert (row.starts_at, row.ends_at, row.price_minor) == (NOON, END, 2_000)


def test_leaving_twice_changes_nothing(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen)
    first = leave(row)
    frozen.tick(HOUR)
    again = leave(row)
    assert (again.checked_out_at, again.version) == (first.checked_out_at, first.version)


@pytest.mark.parametrize(
    ("left_at", "overstay"),
    [
        (END - SECOND, 0),
        (END, 0),
        (END + 30 * MINUTE, 500),
        (END + HOUR, 1_000),
        (END + HOUR + 18 * SECOND, 1_005),
    ],
)
def test_an_overstay_is_priced_by_the_hour(
    frozen: FrozenDateTimeFactory, left_at: datetime, overstay: int
) -> None:
    row = present(frozen)
    frozen.move_to(left_at)
    assert leave(row).price_minor == 2_000 + overstay
    assert Event.objects.get(name="reservation.checked_out").data == {"overstay_minor": overstay}


@pytest.mark.parametrize(("seconds", "hours"), [(-1, 0), (0, 0), (1, 1), (3_600, 1), (3_601, 2)])
def test_a_started_hour_of_overstay_is_an_hour(
    frozen: FrozenDateTimeFactory, seconds: int, hours: int
) -> None:
    row = present(frozen, Rate.Unit.STARTED_HOUR)
    frozen.move_to(END + seconds * SECOND)
    assert leave(row).price_minor == 2_000 + hours * 1_000


def test_where_time_is_not_sold_by_the_hour_an_overstay_costs_nothing(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen, Rate.Unit.FLAT)
    frozen.move_to(END + DAY)
    assert leave(row).price_minor == 1_000


@pytest.mark.parametrize("unit", [Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR, Rate.Unit.FLAT])
@pytest.mark.parametrize("by_use", [True, False])
def test_rates_and_rules_changed_after_booking_change_no_cost_of_those_booked(
    frozen: FrozenDateTimeFactory, unit: Rate.Unit, by_use: bool
) -> None:
    rows = {}
    for is_changed in (False, True):
        frozen.move_to(NOON - DAY)
        row = rows[is_changed] = present(frozen, unit, charges_time_used=by_use)
        if is_changed:
            row.venue.rates.update(amount_minor=9_900, unit=Rate.Unit.HOUR)
            Rate.objects.create(
                venue=row.venue,
                category=row.category,
                unit=Rate.Unit.HOUR,
                amount_minor=7,
                weekdays="0",
            )
            Policy.objects.filter(venue=row.venue).update(charges_time_used=not by_use)
        frozen.move_to(END + 90 * MINUTE)
        leave(row)
    assert rows[True].tariff == rows[False].tariff
    costs = [Reservation.objects.get(pk=row.pk).price_minor for row in rows.values()]
    assert costs[0] == costs[1]
    charged = {Rate.Unit.HOUR: 3_500, Rate.Unit.STARTED_HOUR: 4_000, Rate.Unit.FLAT: 1_000}
    assert costs[0] == charged[unit]


def test_a_stay_that_is_moved_is_charged_by_the_rates_it_was_moved_at(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue("parking"))
    row.venue.rates.update(amount_minor=2_000)
    change = Change(times=Times(starts_at=NOON, ends_at=NOON + 3 * HOUR))
    moved = actions.modify(reservation_id=row.pk, change=change, by=DESK)
    # What was sold keeps its price, and the hour more has today's.
    assert moved.price_minor == 4_000
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    row.venue.rates.update(amount_minor=3_000)
    frozen.move_to(NOON + 4 * HOUR)
    assert leave(row).price_minor == 6_000


def test_one_sold_before_tariffs_were_kept_is_charged_by_the_rates_of_today(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen)
    Reservation.objects.update(tariff=None)
    row.venue.rates.update(amount_minor=3_000)
    frozen.move_to(END + HOUR)
    assert leave(row).price_minor == 5_000


def test_an_overstay_takes_no_time_that_is_sold_to_others(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen)
    frozen.move_to(END + MINUTE)
    assert status(row, END + MINUTE) is Status.PRESENT
    assert hold(row.venue, END + 2 * MINUTE).pk
    leave(row)
    assert taken(row) == (NOON, END)


def test_where_leaving_is_assumed_the_true_time_can_still_be_recorded(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(records_arrival=False, records_departure=False))
    frozen.move_to(END + HOUR)
    sweeps.complete_stays()
    left = leave(row)
    assert (left.checked_out_at, left.completed_at) == (END + HOUR, END)
    assert left.price_minor == 3_000
    assert told(row)[-2:] == ["completed", "checked_out"]


@pytest.mark.parametrize("instant", around(NOON))
def test_where_arrival_is_assumed_one_can_leave_from_the_start_on(
    frozen: FrozenDateTimeFactory, instant: datetime
) -> None:
    row = hold(make_venue(records_arrival=False))
    frozen.move_to(instant)
    if instant < NOON:
        with pytest.raises(WrongStatus):
            leave(row)
    else:
        assert leave(row).checked_out_at == instant


def test_who_has_not_come_cannot_leave(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue())
    for instant in (NOON, NOON + HOUR, END):
        frozen.move_to(instant)
        with pytest.raises(WrongStatus):
            leave(row)


def test_an_early_guest_who_leaves_before_the_start_frees_the_whole_range(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = hold(make_venue(early_check_in=HOUR))
    frozen.move_to(NOON - 30 * MINUTE)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - 10 * MINUTE)
    leave(row)
    assert taken(row) == (NOON - 30 * MINUTE, NOON - 10 * MINUTE)
    assert hold(row.venue, NOON).pk


def test_a_driver_leaves_and_a_diner_is_let_go_by_the_house(
    frozen: FrozenDateTimeFactory,
) -> None:
    by = guest()
    diner = hold(make_venue("restaurant", confirms_at_once=True), by=by)
    driver = hold(make_venue(), by=by)
    frozen.move_to(NOON)
    for row in (diner, driver):
        actions.check_in(reservation_id=row.pk, by=DESK)
    assert actions.check_out(reservation_id=driver.pk, by=by).checked_out_at
    with pytest.raises(Forbidden):
        actions.check_out(reservation_id=diner.pk, by=by)


def test_the_time_of_the_next_guest_is_untouched_by_leaving_late(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen)
    following = hold(row.venue, END)
    frozen.move_to(END + 10 * MINUTE)
    with pytest.raises(Taken):
        hold(row.venue, END + 10 * MINUTE, 1)
    leave(row)
    assert taken(following) == (END, END + 2 * HOUR)
