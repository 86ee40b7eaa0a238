"""Who is in a unit past their end: told as taken, and never given to who begins now."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.allocation import presence
from reservations.availability import explanations, floor_plan, offers, slots
from reservations.errors import Occupied, PartyTooLarge, Refusal, Taken
from reservations.inventory import closures, spots, units
from reservations.models import Reservation
from reservations.reports import occupancy
from reservations.requests import Change, Times
from reservations.status import Status
from tests.factories import DESK, NOON, add_hours, booking, hold, make_venue
from tests.reservations.facts import HOUR, MINUTE, rows, status
from venues.hours import Window
from venues.models import Combination, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

END = NOON + 2 * HOUR
LATER = END + 30 * MINUTE


def unit(venue: Venue, name: str) -> Resource:
    return venue.resources.get(name=name)


def on(row: Reservation) -> str:
    """The name of the unit that the reservation has now."""
    return rows(row)[-1].resource.name


def overstayer(
    venue: Venue, frozen: FrozenDateTimeFactory, name: str = "1", until: datetime = LATER
) -> Reservation:
    """A guest on a unit from NOON to END, still there at LATER."""
    row = hold(venue, resource=unit(venue, name).pk)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(until)
    return row


def lot(units: int = 2, **policy: Any) -> Venue:
    return make_venue("parking", units=units, unit_choice="guest", **policy)


def stay(row: Reservation, until: datetime, **fields: object) -> Reservation:
    change = Change(times=Times(ends_at=until), **fields)  # type: ignore[arg-type]
    return actions.modify(reservation_id=row.pk, change=change, by=DESK)


def test_every_reader_tells_the_unit_as_taken_while_the_guest_is_there(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    row = overstayer(venue, frozen)
    one, two = unit(venue, "1"), unit(venue, "2")
    found = presence.occupied_by(one.pk, LATER)
    assert found is not None
    assert (found.reservation, found.since, found.ends_at) == (row.pk, NOON, END)
    assert presence.occupied_by(two.pk, LATER) is None
    now = Window(LATER, LATER + MINUTE)
    free = {one.unit.name: one.is_free for one in spots.spots_of([venue], now=LATER)}
    assert free == {"1": False, "2": True}
    plan = {one.unit.name: one for one in floor_plan.stand(venue, now, now=LATER)}
    assert (plan["1"].state, plan["1"].is_overstay, plan["1"].since) == ("taken", True, NOON)
    assert (plan["2"].state, plan["2"].is_overstay, plan["2"].since) == ("free", False, None)
    (full,) = occupancy.over(venue, now, None, now=LATER)
    assert full.taken == 0.5
    (offer,) = offers.of_range(
        venue, Times(from_now=True), party=1, category=None, now=LATER
    ).offers
    assert [one.name for one in offer.units] == ["2"] and offer.count == 1
    why = explanations.explain(venue, Times(from_now=True), resource=one.pk, party=1, now=LATER)
    assert why.refusal is not None and why.refusal.code == "occupied"
    assert not units.retire(resource_id=one.pk)


def test_a_later_range_counts_the_unit_as_free(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    overstayer(venue, frozen)
    later = Window(LATER + HOUR, LATER + 2 * HOUR)
    assert {one.state for one in floor_plan.stand(venue, later, now=LATER)} == {"free"}
    asked = Times(starts_at=later.start, ends_at=later.end)
    (offer,) = offers.of_range(venue, asked, party=1, category=None, now=LATER).offers
    assert offer.count == 2


def test_occupancy_counts_the_step_of_now_and_what_was_overstayed(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    overstayer(venue, frozen)
    day = Window(NOON, NOON + 4 * HOUR)
    told = [step.taken for step in occupancy.over(venue, day, HOUR, now=LATER)]
    assert told == [0.5, 0.5, 0.5, 0.0]


def test_a_slot_that_begins_now_is_taken(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("practice", units=2, notice=timedelta(0), unit_schedules=False)
    add_hours(venue, time(9), time(18))
    row = hold(venue, hours=0.25, resource=unit(venue, "1").pk, override_reason="x")
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    told = slots.slots(venue, Window(NOON + HOUR, NOON + HOUR + 30 * MINUTE), now=NOON + HOUR)
    states = {(slot.unit.name, slot.window.start): slot.state for slot in told}
    assert states[("1", NOON + HOUR)] == "taken"
    assert states[("2", NOON + HOUR)] == "free"
    assert states[("1", NOON + HOUR + 15 * MINUTE)] == "free"


@pytest.mark.parametrize("keeps", [True, False], ids=["named", "any"])
def test_a_booking_that_begins_now_never_gets_the_unit(
    frozen: FrozenDateTimeFactory, keeps: bool
) -> None:
    venue = lot()
    overstayer(venue, frozen)
    first = hold(venue, times=Times(from_now=True))
    assert on(first) == "2"
    named = unit(venue, "1").pk if keeps else None
    with pytest.raises(Occupied) as refused:
        hold(venue, times=Times(from_now=True), resource=named)
    facts = refused.value.facts
    assert (facts["since"], facts["until"]) == (NOON, None)
    assert (facts["unit"]["id"], facts["unit"]["name"]) == (str(unit(venue, "1").pk), "1")
    assert Reservation.objects.count() == 2


def test_a_later_booking_gets_the_unit_after_all_others(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(units=3)
    overstayer(venue, frozen)
    start = LATER + HOUR
    assert [on(hold(venue, start)) for _ in range(3)][-1] == "1"
    with pytest.raises(Taken):
        hold(venue, start)


def test_time_that_was_sold_to_others_stays_theirs(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    overstayer(venue, frozen)
    assert on(hold(venue, LATER + HOUR, resource=unit(venue, "1").pk)) == "1"


def test_once_the_guest_has_left_the_unit_is_free(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(units=1)
    row = overstayer(venue, frozen)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert on(hold(venue, times=Times(from_now=True))) == "1"


def test_a_reseat_for_a_guest_from_now_leaves_the_unit_alone(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot(units=3)
    overstayer(venue, frozen)
    # One on 2 and one on 3 leave no unit free throughout, though one of the two may move.
    first = hold(venue, LATER + HOUR, hours=1, resource=unit(venue, "2").pk)
    second = hold(venue, LATER + 2 * HOUR, hours=1, resource=unit(venue, "3").pk)
    for row in (first, second):
        row.allocations.update(is_locked=False)
    made = hold(venue, times=Times(from_now=True), hours=0, override_reason="x")
    assert on(made) in ("2", "3")


def test_an_arrival_gets_another_unit_of_its_pool(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    late = hold(venue, LATER, resource=unit(venue, "1").pk)
    late.allocations.update(is_locked=False)
    overstayer(venue, frozen)
    actions.check_in(reservation_id=late.pk, by=DESK)
    assert on(late) == "2" and status(late, LATER) is Status.PRESENT
    names = list(late.events.values_list("name", flat=True))
    assert names[-2:] == ["reservation.reseated", "reservation.checked_in"]


def test_an_arrival_whose_unit_was_promised_is_refused_and_may_be_let_in_anyway(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    late = hold(venue, LATER, resource=unit(venue, "1").pk)
    overstayer(venue, frozen)
    with pytest.raises(Occupied):
        actions.check_in(reservation_id=late.pk, by=DESK)
    assert status(late, LATER) is Status.UPCOMING
    actions.check_in(reservation_id=late.pk, by=DESK, override_reason="they are a couple")
    assert on(late) == "1" and status(late, LATER) is Status.PRESENT
    told = late.events.get(name="reservation.checked_in")
    assert told.data == {"override_reason": "they are a couple"}
    # Repeated, it changes nothing.
    again = actions.check_in(reservation_id=late.pk, by=DESK)
    assert again.checked_in_at == LATER


def test_an_arrival_is_refused_where_no_unit_of_the_pool_is_free(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    late = hold(venue, LATER, resource=unit(venue, "1").pk)
    there = hold(venue, NOON, hours=5, resource=unit(venue, "2").pk)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=there.pk, by=DESK)
    late.allocations.update(is_locked=False)
    overstayer(venue, frozen)
    with pytest.raises(Occupied):
        actions.check_in(reservation_id=late.pk, by=DESK)


def test_an_early_guest_gets_another_unit_while_theirs_is_occupied(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    early = hold(venue, LATER + 20 * MINUTE, resource=unit(venue, "1").pk)
    early.allocations.update(is_locked=False)
    overstayer(venue, frozen)
    actions.check_in(reservation_id=early.pk, by=DESK)
    assert on(early) == "2" and rows(early)[-1].starts_at == LATER


def test_an_early_guest_makes_who_can_move_move(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    early = hold(venue, END, resource=unit(venue, "1").pk)
    between = hold(venue, END - 20 * MINUTE, hours=1 / 3, resource=unit(venue, "1").pk)
    between.allocations.update(is_locked=False)
    frozen.move_to(END - 30 * MINUTE)
    actions.check_in(reservation_id=early.pk, by=DESK)
    assert (on(early), on(between)) == ("1", "2")


def test_extending_makes_who_can_move_move(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    here = hold(venue, resource=unit(venue, "1").pk)
    following = hold(venue, END, resource=unit(venue, "1").pk)
    following.allocations.update(is_locked=False)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    stay(here, END + HOUR)
    assert (on(here), on(following)) == ("1", "2")
    assert following.events.filter(name="reservation.reseated").exists()
    # A second one has nowhere to go.
    hold(venue, END + HOUR, resource=unit(venue, "1").pk)
    with pytest.raises(Taken):
        stay(here, END + 2 * HOUR)


def test_extending_past_a_promise_is_refused(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    here = hold(venue, resource=unit(venue, "1").pk)
    hold(venue, END, resource=unit(venue, "1").pk)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    with pytest.raises(Taken):
        stay(here, END + HOUR)


def test_who_is_past_their_end_takes_time_from_now_on(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(units=1, grace=5 * MINUTE)
    # Somebody was sold the time since, and did not come.
    here = hold(venue)
    hold(venue, END, hours=0.25)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    frozen.move_to(LATER)
    stay(here, LATER + HOUR)
    assert [(row.starts_at, row.ends_at) for row in rows(here)] == [
        (NOON, END),
        (LATER, LATER + HOUR),
    ]
    assert presence.past_end(venue.pk, LATER) == {}
    assert presence.occupied_by(unit(venue, "1").pk, LATER + HOUR) is not None


def test_closing_makes_who_can_move_move(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    row = hold(venue, resource=unit(venue, "1").pk)

    def close() -> None:
        closures.close(
            venue_id=venue.pk,
            resource_ids=[unit(venue, "1").pk],
            window=Window(NOON - HOUR, NOON + HOUR),
            reason="a leak",
            by=DESK,
        )

    with pytest.raises(Taken):
        close()
    row.allocations.update(is_locked=False)
    close()
    assert on(row) == "2"


def test_a_unit_is_not_closed_over_a_guest(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    overstayer(venue, frozen)

    def close(start: datetime) -> None:
        closures.close(
            venue_id=venue.pk,
            resource_ids=[unit(venue, "1").pk],
            window=Window(start, start + HOUR),
            reason="a leak",
            by=DESK,
        )

    with pytest.raises(Occupied):
        close(LATER)
    close(LATER + MINUTE)


def bistro() -> Venue:
    """Tables 1 and 2 for two, 3 for six, and 1 with 2 for four."""
    venue = make_venue("restaurant", units=2, capacity=2, grace=HOUR, step=None)
    category = venue.categories.get()
    Resource.objects.create(venue=venue, category=category, name="3", capacity=6, floor=1)
    pair = Combination.objects.create(venue=venue, category=category, name="1+2", capacity=4)
    pair.resources.set(venue.resources.filter(name__in=("1", "2")))
    return venue


def grow(row: Reservation, party: int) -> Reservation:
    change = Change(guest_count=party)
    return actions.modify(reservation_id=row.pk, change=change, by=DESK)


@pytest.mark.parametrize("is_here", [False, True], ids=["to come", "in house"])
def test_a_party_that_grows_gets_a_larger_unit_or_a_combination(
    frozen: FrozenDateTimeFactory, is_here: bool
) -> None:
    venue = bistro()
    row = hold(venue, resource=unit(venue, "1").pk, guest_count=2)
    actions.confirm(reservation_id=row.pk, by=DESK)
    if is_here:
        frozen.move_to(NOON)
        actions.check_in(reservation_id=row.pk, by=DESK)
    grow(row, 4)
    live = row.allocations.filter(is_live=True, ends_at__gt=NOON + HOUR)
    assert sorted(live.values_list("resource__name", flat=True)) == ["3"]
    with pytest.raises(Refusal):
        grow(row, 8)


@pytest.mark.parametrize("is_here", [False, True], ids=["to come", "in house"])
def test_a_party_that_grows_gets_a_combination_while_the_larger_unit_is_taken(
    frozen: FrozenDateTimeFactory, is_here: bool
) -> None:
    venue = bistro()
    row = hold(venue, resource=unit(venue, "1").pk, guest_count=2)
    actions.confirm(reservation_id=row.pk, by=DESK)
    other = hold(venue, resource=unit(venue, "3").pk, guest_count=2, hours=3)
    actions.confirm(reservation_id=other.pk, by=DESK)
    if is_here:
        frozen.move_to(NOON)
        actions.check_in(reservation_id=row.pk, by=DESK)
        frozen.move_to(NOON + MINUTE)
    with pytest.raises((PartyTooLarge, Taken)):
        grow(row, 6)
    grow(row, 4)
    live = row.allocations.filter(is_live=True, ends_at__gt=NOON + HOUR)
    assert sorted(live.values_list("resource__name", flat=True)) == ["1", "2"]


def test_a_guest_in_house_is_not_moved_onto_an_occupied_unit(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot(units=2)
    overstayer(venue, frozen)
    other = actions.hold(booking=booking(venue, times=Times(from_now=True)), by=DESK)
    actions.check_in(reservation_id=other.pk, by=DESK)
    with pytest.raises(Occupied):
        move = Change(resource=unit(venue, "1").pk)
        actions.modify(reservation_id=other.pk, change=move, by=DESK)


def test_a_guest_whose_departure_is_taken_back_after_the_end_is_still_there(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    row = overstayer(venue, frozen, until=NOON + HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    frozen.move_to(LATER)
    actions.undo_check_out(reservation_id=row.pk, reason="somebody else", by=DESK)
    one = unit(venue, "1")
    assert presence.occupied_by(one.pk, LATER) is not None
    with pytest.raises(Occupied):
        actions.hold(booking=booking(venue, LATER, resource=one.pk), by=DESK)
    # The fast path sees it too: of two equal units it takes the other.
    assert on(hold(venue, LATER)) == "2"
