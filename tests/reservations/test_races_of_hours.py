"""Hours and closures that change while others book and move: nobody ends up in closed time."""

import threading
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from reservations import actions
from reservations.allocation.ledger import lock_units
from reservations.errors import Closed, ReservationsAffected
from reservations.inventory import affected_reservations, closures, hours_changes
from reservations.inventory.decisions import Decision, Outcome
from reservations.models import Allocation, Reservation
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, add_hours, hold, make_venue
from tests.guests.races import race, until_somebody_waits
from tests.reservations.facts import DAY, HOUR, overlaps
from venues import catalogue
from venues.hours import Window
from venues.models import Opening, Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]


def lot(units: int) -> Venue:
    venue = make_venue(units=units, unit_choice="guest")
    add_hours(venue, NOON.time().replace(hour=8), NOON.time().replace(hour=20))
    return venue


def day_off(venue: Venue) -> None:
    Opening.objects.create(venue=venue, date=NOON.date())


def at_once(acts: list[Any]) -> list[Any]:
    pending = iter(acts)
    return race(len(acts), lambda: next(pending)())


def test_a_day_off_and_bookings_of_that_day_at_once() -> None:
    for _ in range(4):
        venue = lot(4)
        later = hold(venue, NOON + DAY)
        back = Change(times=Times(starts_at=NOON, ends_at=NOON + 2 * HOUR))
        off = partial(
            hours_changes.change,
            venues=[venue.pk],
            write=partial(day_off, venue),
            decided={},
            reason="",
            by=DESK,
        )
        move = partial(actions.modify, reservation_id=later.pk, change=back, by=DESK)
        outcomes = at_once([partial(hold, venue), off, move, partial(hold, venue)])
        kinds = {type(one) for one in outcomes}
        assert kinds <= {Reservation, ReservationsAffected, Closed, type(None)}
        is_off = Opening.objects.filter(venue=venue, date__isnull=False).exists()
        outside = affected_reservations.outside_hours(venue, NOON - DAY)
        assert is_off is (type(None) in kinds)
        assert outside == []


def test_closures_that_cancel_the_same_guest_at_once() -> None:
    venue = make_venue(units=1, unit_choice="guest")
    row = hold(venue)
    wish = {row.pk: Decision(outcome=Outcome.CANCEL, version=row.version)}
    unit = venue.resources.get().pk
    close = partial(
        closures.close,
        venue_id=venue.pk,
        resource_ids=[unit],
        window=Window(NOON, NOON + HOUR),
        reason="paint",
        by=DESK,
        decided=wish,
        notice="a leak",
    )
    race(4, close)
    assert Allocation.objects.filter(closure_id__isnull=False, is_live=True).count() == 1
    assert row.events.filter(name="reservation.cancelled").count() == 1
    assert not list(overlaps())


@pytest.mark.postgres
@pytest.mark.parametrize("is_judged_again", [True, False])
def test_a_move_that_waits_for_a_day_off_is_judged_by_it(
    monkeypatch: pytest.MonkeyPatch, is_judged_again: bool
) -> None:
    """The negative control does not look at the venue after the wait: it ends in closed time."""
    if not is_judged_again:
        monkeypatch.setattr(catalogue, "is_as_read", lambda _: True)
    venue, outcomes = lot(1), list[Any]()
    row = hold(venue, NOON + DAY)
    back = Change(times=Times(starts_at=NOON, ends_at=NOON + 2 * HOUR))
    move = partial(actions.modify, reservation_id=row.pk, change=back, by=DESK)
    waiter = threading.Thread(target=lambda: outcomes.extend(race(1, move)))
    with transaction.atomic():
        lock_units([venue.resources.get().pk])
        day_off(venue)
        waiter.start()
        until_somebody_waits()
    waiter.join()
    outside = affected_reservations.outside_hours(venue, NOON - DAY)
    assert [type(one) for one in outcomes] == [Closed if is_judged_again else Reservation]
    assert bool(outside) is not is_judged_again
