"""At once: walk-ins, bookings from now, arrivals and departures never meet in one unit."""

from functools import partial

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import Occupied, Refusal
from reservations.models import Reservation
from reservations.requests import Times
from reservations.status import Status
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.plain import presence as plain
from tests.reservations.facts import HOUR, overlaps
from tests.reservations.test_races import at_once, lost, won
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + 3 * HOUR


def lot(units: int = 2) -> Venue:
    return make_venue(units=units, unit_choice="guest", grace=HOUR)


def overstayer(venue: Venue, frozen: FrozenDateTimeFactory) -> Reservation:
    row = hold(venue, resource=venue.resources.get(name="1").pk)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(LATER)
    return row


def walk_in(venue: Venue) -> Reservation:
    wish = booking(venue, times=Times(ends_at=LATER + HOUR), is_walk_in=True)
    return actions.walk_in(booking=wish, by=DESK)


def alone(venue: Venue) -> bool:
    return all(len(pks) == 1 for pks in plain.inside(venue, LATER).values())


def test_of_two_walk_ins_for_the_last_free_unit_one_is_let_in(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    overstayer(venue, frozen)
    outcomes = at_once(partial(walk_in, venue) for _ in range(4))
    assert len(won(outcomes)) == 1
    assert all(isinstance(one, Refusal) for one in lost(outcomes))
    assert alone(venue) and list(overlaps()) == []
    assert venue.reservations.count() == 2


def test_bookings_from_now_share_what_is_free(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(units=3)
    overstayer(venue, frozen)
    outcomes = at_once(
        partial(hold, venue, times=Times(from_now=True, ends_at=LATER + HOUR)) for _ in range(5)
    )
    assert len(won(outcomes)) == 2
    names = {row.allocations.get().resource.name for row in won(outcomes)}
    assert names == {"2", "3"} and list(overlaps()) == []


def test_an_arrival_and_a_walk_in_do_not_get_one_unit(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    due = hold(venue, LATER, resource=venue.resources.get(name="1").pk)
    due.allocations.update(is_locked=False)
    overstayer(venue, frozen)
    arrive = partial(actions.check_in, reservation_id=due.pk, by=DESK)
    outcomes = at_once([arrive, partial(walk_in, venue)])
    assert len(won(outcomes)) == 1 and isinstance(lost(outcomes)[0], Refusal)
    assert alone(venue) and list(overlaps()) == []


def test_a_departure_and_an_arrival_leave_one_truth(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(units=1)
    due = hold(venue, LATER)
    there = overstayer(venue, frozen)
    outcomes = at_once(
        [
            partial(actions.check_in, reservation_id=due.pk, by=DESK),
            partial(actions.check_out, reservation_id=there.pk, by=DESK),
        ]
    )
    assert {type(one) for one in lost(outcomes)} <= {Occupied}
    assert there.status_at(LATER) and alone(venue)
    if lost(outcomes):
        actions.check_in(reservation_id=due.pk, by=DESK)
    assert Reservation.objects.get(pk=due.pk).status_at(LATER) is Status.PRESENT
