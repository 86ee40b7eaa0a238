"""Undo and reinstate at once with others: one of them wins, and no time is given twice."""

from collections.abc import Callable
from functools import partial

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import Refusal
from reservations.models import Reservation
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.races import race
from tests.reservations.facts import HOUR, overlaps, told
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

WHY = "By mistake"
TRIES = 4


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    return "ok"


def together(*acts: Callable[[], object]) -> list[str]:
    turns = iter(acts)
    return sorted(race(len(acts), lambda: outcome(next(turns))))


def left(venue: Venue, frozen: FrozenDateTimeFactory) -> Reservation:
    frozen.move_to(NOON - HOUR)
    row = hold(venue, hours=4)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.tick(HOUR)
    return actions.check_out(reservation_id=row.pk, by=DESK)


def test_two_undos_at_once_undo_once(frozen: FrozenDateTimeFactory) -> None:
    for _ in range(TRIES):
        row = left(make_venue(), frozen)
        undo = partial(actions.undo_check_out, reservation_id=row.pk, reason=WHY, by=DESK)
        assert together(undo, undo) == ["ok", "ok"]
        assert told(row).count("check_out_undone") == 1
        undo = partial(actions.undo_check_in, reservation_id=row.pk, reason=WHY, by=DESK)
        assert together(undo, undo) == ["ok", "ok"]
        assert told(row).count("check_in_undone") == 1


def test_an_undo_and_a_booking_at_once_give_the_time_once(frozen: FrozenDateTimeFactory) -> None:
    for _ in range(TRIES):
        venue = make_venue()
        row = left(venue, frozen)
        undo = partial(actions.undo_check_out, reservation_id=row.pk, reason=WHY, by=DESK)
        found = together(undo, partial(hold, venue, NOON + 2 * HOUR, 1))
        assert found == ["ok", "taken"]
        assert list(overlaps()) == []


def test_a_reinstating_and_a_booking_at_once_give_the_time_once(
    frozen: FrozenDateTimeFactory,
) -> None:
    for _ in range(TRIES):
        frozen.move_to(NOON - HOUR)
        venue = make_venue()
        row = hold(venue)
        actions.cancel(reservation_id=row.pk, by=DESK)
        back = partial(actions.reinstate, reservation_id=row.pk, reason=WHY, by=DESK)
        assert together(back, partial(hold, venue)) == ["ok", "taken"]
        assert list(overlaps()) == []


def test_two_reinstated_at_once_give_the_time_once(frozen: FrozenDateTimeFactory) -> None:
    for _ in range(TRIES):
        frozen.move_to(NOON - HOUR)
        venue, acts = make_venue(), []
        for _number in range(2):
            row = hold(venue)
            actions.cancel(reservation_id=row.pk, by=DESK)
            acts.append(partial(actions.reinstate, reservation_id=row.pk, reason=WHY, by=DESK))
        assert together(*acts) == ["ok", "taken"]
        assert list(overlaps()) == []
