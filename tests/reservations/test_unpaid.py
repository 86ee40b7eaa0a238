"""How many unpaid reservations to come one may have: by account, else by phone and address."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests import callers
from guests.callers import Caller
from reservations import actions
from reservations.errors import TooManyReservations
from reservations.limits import open_holds
from reservations.models import Reservation
from reservations.privacy import erasure
from reservations.requests import Contact
from tests.factories import DESK, GUEST, NOON, booking, hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, guest
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

HERE, ELSEWHERE = "0123456789abcdef", "fedcba9876543210"
OTHER_PHONE = Contact(first_name="Bo", last_name="Li", phone="+31209876543")


@pytest.fixture(autouse=True)
def _two_each(settings: Settings) -> None:
    settings.UNPAID_PER_GUEST = 2


@pytest.fixture(params=["restaurant", "parking"])
def venue(request: Any) -> Venue:
    """One that holds, and one that confirms at once, both for money."""
    return make_venue(request.param, units=70)


def refused(venue: Venue, by: Caller, **wish: Any) -> TooManyReservations:
    before = list(Reservation.objects.values())
    with pytest.raises(TooManyReservations) as refusal:
        hold(venue, by=by, **wish)
    assert list(Reservation.objects.values()) == before
    return refusal.value


def kept(row: Reservation, by: Caller) -> None:
    """Confirmed, where it is held."""
    if row.confirmed_at is None:
        actions.confirm(reservation_id=row.pk, by=by)


def test_an_account_may_keep_so_many_and_no_more(venue: Venue) -> None:
    by = guest()
    for _ in range(2):
        kept(hold(venue, by=by), by)
    assert refused(venue, by).facts == {"per": "guest", "unpaid": 2, "limit": 2}
    refused(venue, by, contact=OTHER_PHONE)
    hold(venue, by=guest())


def test_it_counts_over_all_venues(venue: Venue) -> None:
    by = guest()
    kept(hold(venue, by=by), by)
    hold(make_venue("restaurant"), by=by)
    refused(venue, by)


def test_a_browser_counts_by_phone_and_by_address(venue: Venue) -> None:
    here, elsewhere = (replace(GUEST, origin=origin) for origin in (HERE, ELSEWHERE))
    for _ in range(2):
        row = hold(venue, by=here)
        kept(row, DESK)
    assert refused(venue, elsewhere).facts["per"] == "phone"
    refused(venue, elsewhere, contact=replace(OTHER_PHONE, phone="+31 20 123 4567"))
    assert refused(venue, here, contact=OTHER_PHONE).facts["per"] == "address"
    hold(venue, by=elsewhere, contact=OTHER_PHONE)


def test_an_account_does_not_count_for_its_phone_or_address(venue: Venue) -> None:
    by = replace(guest(), origin=HERE)
    for _ in range(2):
        kept(hold(venue, by=by), by)
    hold(venue, by=replace(GUEST, origin=HERE))


def test_what_is_cancelled_or_over_or_free_does_not_count(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    by = guest()
    first, second = (hold(venue, by=by) for _ in range(2))
    kept(second, by)
    refused(venue, by)
    actions.cancel(reservation_id=first.pk, by=DESK)
    kept(hold(venue, by=by), by)
    refused(venue, by)
    frozen.move_to(NOON + timedelta(hours=2))
    hold(venue, NOON + DAY, by=by)


def test_what_costs_nothing_is_taken_beyond_the_limit(venue: Venue) -> None:
    by = guest()
    free = make_venue(venue.kind, units=5)
    Rate.objects.filter(venue=free).update(amount_minor=0)
    for _ in range(3):
        kept(hold(free, by=by), by)
    for _ in range(2):
        kept(hold(venue, by=by), by)
    hold(free, by=by)
    refused(venue, by)


def test_a_group_counts_as_its_members(venue: Venue) -> None:
    by = guest()
    with pytest.raises(TooManyReservations):
        actions.hold_group(bookings=[booking(venue) for _ in range(3)], by=by)
    assert not Reservation.objects.exists()
    assert len(actions.hold_group(bookings=[booking(venue) for _ in range(2)], by=by)) == 2


def test_staff_at_their_venue_and_partners_are_exempt(venue: Venue) -> None:
    staff = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    for by in (staff, callers.for_partner(PartnerFactory.create(has_all_venues=True))):
        for _ in range(3):
            hold(venue, by=by)


def test_zero_is_no_limit(venue: Venue, settings: Settings) -> None:
    settings.UNPAID_PER_GUEST = 0
    by = replace(GUEST, origin=HERE)
    for _ in range(3):
        row = hold(venue, by=by)
        kept(row, DESK)
        row.refresh_from_db()
        assert row.held_from is None


def test_the_address_is_forgotten_once_it_counts_no_more(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    by = replace(GUEST, origin=HERE)
    cancelled, over = (hold(venue, by=by) for _ in range(2))
    for row in (cancelled, over):
        kept(row, DESK)
    actions.cancel(reservation_id=cancelled.pk, by=DESK)
    cancelled.refresh_from_db()
    assert cancelled.held_from is None
    assert open_holds.forget_addresses(over.ends_at - timedelta(seconds=1)) == 0
    assert open_holds.forget_addresses(over.ends_at) == 1
    over.refresh_from_db()
    assert over.held_from is None


@pytest.mark.django_db(transaction=True)
def test_a_crowd_of_one_guest_keeps_no_more(venue: Venue) -> None:
    by = callers.for_user(UserFactory.create())
    told = race(8, lambda: hold(venue, by=by))
    assert Reservation.objects.count() == 2, told


def test_erasing_an_account_that_is_at_its_limit_is_no_trouble(venue: Venue) -> None:
    user = UserFactory.create()
    by = callers.for_user(user)
    for _ in range(2):
        kept(hold(venue, by=by), by)
    erasure.erase_person(user, by=by)
    assert not Reservation.objects.filter(guest__isnull=False).exists()
