"""A departure can be taken back, with the time and the price, unless somebody else has the time."""

from datetime import datetime

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.allocation import presence
from reservations.errors import Forbidden, HeldByOther, Taken, WrongStatus
from reservations.inventory import closures
from reservations.models import Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import (
    HOUR,
    MINUTE,
    guest,
    overlaps,
    status,
    taken,
    told,
)
from venues.hours import Window
from venues.models import Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

END = NOON + 4 * HOUR


def undo(row: Reservation) -> Reservation:
    return actions.undo_check_out(reservation_id=row.pk, reason="Wrong guest", by=DESK)


def left(frozen: FrozenDateTimeFactory, venue: Venue, after: int = 60) -> Reservation:
    """Arrived at NOON for four hours, left after some minutes."""
    row = hold(venue, hours=4)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + after * MINUTE)
    return actions.check_out(reservation_id=row.pk, by=DESK)


def test_the_guest_is_here_again_with_the_rest_of_the_time(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(charges_time_used=True)
    row = left(frozen, venue)
    assert row.price_minor == 1_000
    frozen.tick(MINUTE)
    back = undo(row)
    assert (back.checked_out_at, back.price_minor) == (None, 4_000)
    assert status(row, NOON + 2 * HOUR) is Status.PRESENT
    assert taken(row) == (NOON, END)
    with pytest.raises(Taken):
        hold(venue, NOON + 2 * HOUR, 1)
    frozen.move_to(NOON + 3 * HOUR)
    assert actions.check_out(reservation_id=row.pk, by=DESK).price_minor == 3_000
    assert told(row)[-3:] == ["checked_out", "check_out_undone", "checked_out"]


def test_who_has_the_time_by_now_keeps_it_and_is_named(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    row = left(frozen, venue)
    other = hold(venue, NOON + 2 * HOUR, 1)
    with pytest.raises(Taken) as caught:
        undo(row)
    facts = caught.value.facts
    assert facts["unit"]["name"] == "1"
    assert facts["reservation"] == str(other.pk)
    assert other.code in caught.value.detail
    assert status(row, NOON + HOUR) is Status.LEFT
    actions.cancel(reservation_id=other.pk, by=DESK)
    assert undo(row).checked_out_at is None


def test_a_hold_in_the_way_says_when_it_ends(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(confirms_at_once=False, grace=HOUR)
    row = left(frozen, venue)
    other = hold(venue, NOON + 2 * HOUR, 1)
    with pytest.raises(HeldByOther) as caught:
        undo(row)
    assert caught.value.facts["may_free_at"] == other.hold_expires_at
    assert caught.value.facts["unit"]["name"] == "1"
    frozen.move_to(caught.value.facts["may_free_at"])
    assert undo(row).checked_out_at is None
    assert list(overlaps()) == []


def test_a_closure_in_the_way_is_told(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    row = left(frozen, venue)
    closures.close(
        venue_id=venue.pk,
        resource_ids=[venue.resources.get().pk],
        window=Window(NOON + 2 * HOUR, END),
        reason="Paint",
        by=DESK,
    )
    with pytest.raises(Taken) as caught:
        undo(row)
    assert "closed" in caught.value.detail and "reservation" not in caught.value.facts


def test_who_stood_there_in_between_and_left_is_not_in_the_way(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue()
    row = left(frozen, venue)
    hold(venue, NOON + HOUR, 1)
    frozen.move_to(NOON + 2 * HOUR)
    undo(row)
    assert list(overlaps()) == []
    with pytest.raises(Taken):
        hold(venue, NOON + 3 * HOUR, 1)


def test_a_guest_who_arrived_keeps_the_unit_or_is_refused(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(units=2, unit_choice="guest")
    row = left(frozen, venue)
    hold(venue, NOON + 2 * HOUR, 1, resource=row.allocations.get().resource_id)
    with pytest.raises(Taken):
        undo(row)


def test_where_no_unit_was_fixed_another_of_the_pool_does(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(units=2, records_arrival=False, unit_choice="guest")
    row = hold(venue, hours=4)
    frozen.move_to(NOON + HOUR)
    actions.complete(reservation_id=row.pk, by=DESK)
    own = row.allocations.get().resource
    hold(venue, NOON + HOUR, 3, resource=own.pk)
    undo(row)
    assert list(overlaps()) == []
    assert row.allocations.latest("pk").resource_id != own.pk


def test_after_the_end_the_guest_overstays(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    venue.rates.update(unit=Rate.Unit.HOUR)
    row = left(frozen, venue)
    frozen.move_to(END + HOUR)
    hold(venue, END + HOUR, 2)
    assert status(undo(row), END + HOUR) is Status.PRESENT
    assert actions.check_out(reservation_id=row.pk, by=DESK).price_minor == 5_000


def in_the_unit(row: Reservation, at: datetime) -> list[str]:
    """The names of the units in which the guest is told to be."""
    found = presence.past_end(row.venue_id, at)
    units = Resource.objects.filter(
        pk__in=[unit for unit, one in found.items() if one.reservation == row.pk]
    )
    return list(units.order_by("name").values_list("name", flat=True))


def test_who_left_as_they_came_is_in_the_unit_after_the_end(frozen: FrozenDateTimeFactory) -> None:
    row = left(frozen, make_venue(), after=0)
    frozen.move_to(END)
    undo(row)
    assert in_the_unit(row, END) == ["1"]
    assert actions.check_out(reservation_id=row.pk, by=DESK).checked_out_at == END
    assert in_the_unit(row, END) == []


def left_early(frozen: FrozenDateTimeFactory, venue: Venue) -> Reservation:
    """Came an hour before NOON and left in the same instant."""
    row = hold(venue, hours=4)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - HOUR)
    actions.check_in(reservation_id=row.pk, by=DESK)
    return actions.check_out(reservation_id=row.pk, by=DESK)


def test_who_left_early_as_they_came_is_in_the_unit_after_the_end(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = left_early(frozen, make_venue(early_check_in=2 * HOUR))
    frozen.move_to(END)
    undo(row)
    assert in_the_unit(row, END) == ["1"]


def test_an_early_guest_has_the_time_from_now_on(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(early_check_in=2 * HOUR)
    row = left_early(frozen, venue)
    frozen.tick(MINUTE)
    undo(row)
    assert taken(row) == (NOON - HOUR + MINUTE, END)
    with pytest.raises(Taken):
        hold(venue, NOON - HOUR / 2, 0.5)


def test_an_early_guest_stays_away_where_others_have_the_time_before_the_start(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(early_check_in=2 * HOUR)
    row = left_early(frozen, venue)
    other = hold(venue, NOON - HOUR, 1)
    with pytest.raises(Taken) as caught:
        undo(row)
    assert caught.value.facts["reservation"] == str(other.pk)


def test_whose_time_others_had_since_is_in_the_unit_with_nothing_sold_twice(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue()
    row = left(frozen, venue, after=0)
    for hour in (0, 1, 3):
        hold(venue, NOON + hour * HOUR, 1)
    frozen.move_to(END)
    undo(row)
    assert in_the_unit(row, END) == ["1"]
    assert list(overlaps()) == []
    assert taken(row) == (NOON + 3 * HOUR - presence.INSTANT, NOON + 3 * HOUR)


def test_whose_whole_time_others_had_is_in_the_unit_too(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    row = left(frozen, venue, after=0)
    hold(venue, NOON, 6)
    frozen.move_to(END)
    undo(row)
    assert in_the_unit(row, END) == ["1"]
    assert list(overlaps()) == []


def test_a_stay_entered_afterwards_can_go_on_after_all(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    row = hold(venue, hours=4)
    actions.cancel(reservation_id=row.pk, by=DESK)
    frozen.move_to(END)
    actions.reinstate(reservation_id=row.pk, reason="Was here", arrived_at=NOON, by=DESK)
    undo(row)
    assert in_the_unit(row, END) == ["1"]


def test_who_joined_units_and_left_as_they_came_is_in_both(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", units=2, step=None, confirms_at_once=True)
    joined = venue.combinations.create(category=venue.categories.get(), name="1+2", capacity=8)
    joined.resources.set(venue.resources.all())
    venue.policy.records_departure = True
    venue.policy.save()
    row = hold(venue, guest_count=8)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    actions.check_out(reservation_id=row.pk, by=DESK)
    frozen.tick(MINUTE)
    hold(venue, NOON + HOUR, 1, guest_count=1)
    frozen.move_to(row.ends_at)
    undo(row)
    assert in_the_unit(row, row.ends_at) == ["1", "2"]
    assert list(overlaps()) == []


def test_an_overstay_that_was_charged_is_taken_back(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue()
    row = left(frozen, venue, after=5 * 60)
    assert row.price_minor == 5_000
    assert undo(row).price_minor == 4_000


def test_repeating_it_changes_nothing(frozen: FrozenDateTimeFactory) -> None:
    row = left(frozen, make_venue())
    assert undo(row).version == undo(row).version
    assert told(row).count("check_out_undone") == 1


def test_who_has_not_left_cannot_be_brought_back(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue())
    with pytest.raises(WrongStatus):
        undo(row)


def test_guests_may_not(frozen: FrozenDateTimeFactory) -> None:
    by = guest()
    row = hold(make_venue(guests_check_in=True), by=by)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=by)
    actions.check_out(reservation_id=row.pk, by=by)
    with pytest.raises(Forbidden):
        actions.undo_check_out(reservation_id=row.pk, reason="x", by=by)


def test_a_combination_comes_back_whole(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", units=2, step=None, confirms_at_once=True)
    joined = venue.combinations.create(category=venue.categories.get(), name="1+2", capacity=8)
    joined.resources.set(venue.resources.all())
    row = hold(venue, guest_count=8)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.tick(HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    frozen.tick(MINUTE)
    undo(row)
    live = row.allocations.filter(is_live=True, ends_at__gte=row.ends_at)
    assert {one.resource.name for one in live} == {"1", "2"}
