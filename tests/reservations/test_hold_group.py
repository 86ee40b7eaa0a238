"""Several reservations made by one verb: all or none, under one group id."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from freezegun import freeze_time

from guests.errors import ContactInvalid
from reservations import actions
from reservations.errors import Refusal, Taken
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Contact
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.reservations.test_snapshot import join


@pytest.mark.django_db
@freeze_time(NOON - timedelta(days=2))
def test_two_rooms_are_taken_together_under_one_group_id() -> None:
    venue = make_venue(units=2)
    rows = actions.hold_group(bookings=[booking(venue), booking(venue)], by=DESK)

    assert rows[0].group_id is not None
    assert {row.group_id for row in Reservation.objects.all()} == {rows[0].group_id}
    assert len({row.resource_id for row in Allocation.objects.all()}) == 2


@pytest.mark.django_db
@freeze_time(NOON - timedelta(days=2))
def test_when_one_does_not_fit_none_is_taken() -> None:
    venue = make_venue(units=2)
    hold(venue)
    before = Event.objects.count()

    with pytest.raises(Taken):
        actions.hold_group(bookings=[booking(venue), booking(venue)], by=DESK)

    assert (Reservation.objects.count(), Event.objects.count()) == (1, before)
    nobody = Contact(first_name="", last_name="Lovelace", phone="+31201234567")
    later = NOON + timedelta(hours=5)
    with pytest.raises(ContactInvalid):
        actions.hold_group(
            bookings=[booking(venue, later), booking(venue, later, contact=nobody)], by=DESK
        )
    assert Reservation.objects.count() == 1


@pytest.mark.django_db
@freeze_time(NOON - timedelta(days=2))
def test_a_group_may_name_its_units_but_not_one_twice() -> None:
    venue = make_venue(units=2, unit_choice="guest")
    first, second = venue.resources.order_by("pk")
    with pytest.raises(Taken):
        actions.hold_group(
            bookings=[booking(venue, resource=first.pk), booking(venue, resource=first.pk)],
            by=DESK,
        )
    rows = actions.hold_group(
        bookings=[booking(venue, resource=second.pk), booking(venue, resource=first.pk)], by=DESK
    )
    assert [row.allocations.get().resource_id for row in rows] == [second.pk, first.pk]


@pytest.mark.django_db
@freeze_time(NOON - timedelta(days=2))
def test_a_group_does_not_meet_itself_as_somebody_to_wait_for() -> None:
    venue = make_venue(units=3, confirms_at_once=False)

    def refused(count: int) -> Refusal:
        with pytest.raises(Refusal) as caught:
            actions.hold_group(bookings=[booking(venue)] * count, by=DESK)
        return caught.value

    assert refused(4).code == "party_too_large"
    hold(venue)
    # Whoever waits for the hold of another gets three; nobody ever gets four.
    assert (refused(3).code, refused(4).code) == ("held_by_other", "party_too_large")
    actions.confirm(reservation_id=Reservation.objects.get().pk, by=DESK)
    assert refused(3).code == "taken"


@pytest.mark.django_db
@freeze_time(NOON - timedelta(days=2))
def test_two_parties_for_the_only_combination_are_too_many() -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    join(venue, 8, "1", "2")
    wishes = [booking(venue, guest_count=8), booking(venue, guest_count=8)]
    with pytest.raises(Taken):
        actions.hold_group(bookings=wishes, by=DESK)
    assert not Reservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_groups_that_name_the_same_units_in_another_order_do_not_wait_for_each_other() -> None:
    venue = make_venue(units=3, unit_choice="guest", horizon=None)
    units = list(venue.resources.order_by("pk").values_list("pk", flat=True))
    start = NOON.replace(year=2028)
    outcomes: list[str] = []
    barrier = threading.Barrier(6)

    def book(order: list[int]) -> None:
        wishes = [booking(venue, start, resource=unit) for unit in order]
        barrier.wait()
        try:
            actions.hold_group(bookings=wishes, by=DESK)
            outcomes.append("taken all")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    orders = [units, units[::-1], [units[1], units[0], units[2]]] * 2
    threads = [threading.Thread(target=book, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["taken"] * 5 + ["taken all"]
    assert Allocation.objects.filter(is_live=True).count() == 3
