"""Amounts that a manager put right between a verb and its undoing are not set back with it."""

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.models import Reservation
from reservations.pricing.settlement import Charge
from reservations.pricing.terms import terms_of
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, booking, make_venue
from tests.reservations.facts import DAY, HOUR
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def venue() -> Venue:
    """A lot at 10 an hour, where giving up costs all of it from three days before."""
    return make_venue(
        "parking",
        grace=HOUR,
        releases_no_shows=False,
        cancel_deadline=3 * DAY,
        cancel_fee_percent=100,
        charges_time_used=False,
        unit_choice="guest",
    )


def sold(venue: Venue, hours: float) -> Reservation:
    row = actions.hold(booking=booking(venue, hours=hours), by=DESK)
    return actions.confirm(reservation_id=row.pk, by=DESK)


def until(row: Reservation, hours: float) -> Reservation:
    change = Change(times=Times(starts_at=NOON, ends_at=NOON + hours * HOUR), accept_fee=True)
    return actions.modify(reservation_id=row.pk, change=change, by=DESK)


def fresh(row: Reservation) -> Reservation:
    return Reservation.objects.get(pk=row.pk)


def amounts(row: Reservation) -> tuple[int, int]:
    found = fresh(row)
    return found.price_minor, found.fee_due_minor


@pytest.mark.parametrize("waives", [False, True])
def test_a_waived_fee_is_not_owed_again(
    venue: Venue, frozen: FrozenDateTimeFactory, waives: bool
) -> None:
    row = until(sold(venue, 8), 6)
    assert amounts(row) == (6_000, 2_000)
    frozen.move_to(NOON + 2 * HOUR)
    release = Release(charge=RestCharge.FEE, reason="nobody came")
    actions.release_rest(reservation_id=row.pk, release=release, by=DESK)
    assert amounts(row) == (2_000, 6_000)
    if waives:
        actions.waive_fee(reservation_id=row.pk, by=DESK, reason="a strike")
    actions.reinstate(reservation_id=row.pk, reason="they came", by=DESK)
    assert amounts(row) == (6_000, 0 if waives else 2_000)


def test_a_price_set_after_a_departure_stays_when_it_is_undone(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = sold(venue, 6)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + 2 * HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK, charge=Charge.USED, reason="agreed")
    assert amounts(row) == (2_000, 0)
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=1_500, reason="a leak")
    actions.undo_check_out(reservation_id=row.pk, reason="the wrong guest", by=DESK)
    assert amounts(row) == (1_500, 0)
    assert terms_of(fresh(row)).price() == 1_500
    assert until(row, 7).price_minor == 2_500


def test_a_price_set_after_a_release_stays_when_it_is_undone(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = sold(venue, 6)
    frozen.move_to(NOON + 2 * HOUR)
    release = Release(charge=RestCharge.NOTHING, reason="nobody came")
    actions.release_rest(reservation_id=row.pk, release=release, by=DESK)
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=1_500, reason="agreed")
    actions.reinstate(reservation_id=row.pk, reason="they came", by=DESK)
    assert amounts(row) == (1_500, 0)
    assert terms_of(fresh(row)).price() == 1_500
