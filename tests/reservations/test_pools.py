"""Which unit a booking gets: chosen, first available, combined, or made free by re-seating."""

import random
from datetime import datetime, time
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.alternatives import find
from reservations.errors import Closed, HeldByOther, PartyTooLarge, Taken
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Change
from tests.effort import some
from tests.factories import DESK, NOON, add_category, add_hours, booking, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, overlaps, rows, told, unit
from venues import catalogue
from venues.models import Category, Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def ranked(units: int = 2, **policy: Any) -> Venue:
    """A venue that gives out unit 1 before 2 before 3."""
    venue = make_venue(units=units, ranks_units=True, **policy)
    for number, one in enumerate(venue.resources.order_by("pk")):
        Resource.objects.filter(pk=one.pk).update(rank=number)
    return venue


def stagger(venue: Venue, first: int = 1, second: int = 1) -> tuple[Reservation, Reservation]:
    """One guest on unit 1 and then one on unit 2, so that neither is free for both lengths."""
    early = hold(venue, NOON, first)
    filler = hold(venue, NOON + first * HOUR, second)
    late = hold(venue, NOON + first * HOUR, second)
    actions.cancel(reservation_id=filler.pk, by=DESK)
    assert (unit(early), unit(late)) == ("1", "2")
    return early, late


@pytest.mark.parametrize("is_ranked", [True, False])
def test_what_is_offered_instead_is_what_a_booking_would_get(is_ranked: bool) -> None:
    venue = make_venue(units=4, ranks_units=is_ranked, unit_choice="guest")
    for name, rank, capacity in (("1", 9, 4), ("2", 3, 4), ("3", 2, 6), ("4", 1, 6)):
        venue.resources.filter(name=name).update(rank=rank, capacity=capacity)
    taken = venue.resources.get(name="1")
    hold(venue, resource=taken.pk)
    wish = booking(venue, resource=taken.pk)
    offered = find.for_booking(wish, by=DESK, now=NOON - DAY)[0].unit
    first = "4" if is_ranked else "2"
    assert offered is not None and offered.name == first
    assert [one.name for one in catalogue.units_in_use(catalogue.load(venue.pk))] == (
        ["4", "3", "2", "1"] if is_ranked else ["2", "1", "4", "3"]
    )
    assert unit(hold(venue)) == first


def priced(venue: Venue, category: Category, amount: int) -> None:
    Rate.objects.create(venue=venue, category=category, unit=Rate.Unit.HOUR, amount_minor=amount)


def test_the_first_available_is_given_by_rank() -> None:
    venue = ranked(3)
    assert [unit(hold(venue)) for _ in range(3)] == ["1", "2", "3"]


def test_a_small_party_gets_the_smallest_table() -> None:
    venue = make_venue("restaurant", units=1, capacity=8, confirms_at_once=True)
    category = venue.categories.get()
    for name, capacity in (("two", 2), ("four", 4)):
        venue.resources.create(category=category, name=name, capacity=capacity)
    assert [unit(hold(venue, guest_count=2)) for _ in range(3)] == ["two", "four", "1"]


def test_without_a_category_the_cheapest_that_fits_is_given() -> None:
    venue = make_venue(capacity=4)
    small = add_category(venue, "small", capacity=1)
    priced(venue, small, 500)
    assert hold(venue, guest_count=1).category == small
    assert hold(venue, guest_count=2).category.code == "standard"


def test_the_cheapest_is_the_cheapest_for_those_dates() -> None:
    venue = make_venue()
    other = add_category(venue, "other")
    priced(venue, other, 2_000)
    Rate.objects.create(
        venue=venue,
        category=other,
        unit=Rate.Unit.HOUR,
        amount_minor=1,
        first_date=(NOON + DAY).date(),
        last_date=(NOON + DAY).date(),
    )
    assert hold(venue).category.code == "standard"
    assert hold(venue, NOON + DAY).category == other


def test_what_is_given_on_request_is_given_to_who_asks_by_name() -> None:
    venue = make_venue()
    add_category(venue, "accessible", is_on_request=True)
    hold(venue)
    with pytest.raises(Taken):
        hold(venue)
    assert hold(venue, category="accessible").category.code == "accessible"


def test_categories_of_one_price_stand_in_for_each_other() -> None:
    venue = make_venue()
    priced(venue, add_category(venue, "same"), 1_000)
    assert {hold(venue).category.code for _ in range(2)} == {"standard", "same"}


def test_a_named_category_is_the_only_one_tried() -> None:
    venue = make_venue()
    add_category(venue, "other")
    hold(venue, category="other")
    with pytest.raises(Taken):
        hold(venue, category="other")


def tables(**policy: Any) -> Venue:
    """Three tables for two; 1+2 seat four, all three six."""
    venue = make_venue("restaurant", units=3, capacity=2, confirms_at_once=True, **policy)
    every = list(venue.resources.order_by("pk"))
    for name, capacity, count in (("pair", 4, 2), ("row", 6, 3)):
        combination = venue.combinations.create(
            category=venue.categories.get(), name=name, capacity=capacity
        )
        combination.resources.set(every[:count])
    return venue


@pytest.mark.parametrize(("party", "names"), [(2, 1), (3, 2), (4, 2), (5, 3), (6, 3)])
def test_a_large_party_gets_the_smallest_combination(party: int, names: int) -> None:
    row = hold(tables(), guest_count=party)
    assert len(rows(row)) == names
    assert all(one.is_locked for one in rows(row)) is (names > 1)


def test_a_party_beyond_every_combination_is_refused() -> None:
    with pytest.raises(PartyTooLarge):
        hold(tables(), guest_count=7)


def test_a_combination_is_free_only_as_a_whole() -> None:
    venue = tables()
    hold(venue, guest_count=4)
    with pytest.raises(Taken):
        hold(venue, guest_count=6)
    assert hold(venue, guest_count=2).pk


def test_a_combination_is_given_up_as_a_whole() -> None:
    venue = tables()
    row = hold(venue, guest_count=6)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert rows(row) == []
    assert len([hold(venue, guest_count=2) for _ in range(3)]) == 3


def test_a_combination_with_a_retired_table_is_none() -> None:
    venue = tables()
    venue.resources.filter(name="2").update(retired_at=NOON - DAY)
    with pytest.raises(PartyTooLarge):
        hold(venue, guest_count=4)


def test_a_combination_is_open_when_all_its_tables_are() -> None:
    venue = tables()
    add_hours(venue, time(8), time(22), resource=venue.resources.get(name="1"))
    with pytest.raises(Closed):
        hold(venue, NOON + 11 * HOUR, guest_count=4)
    assert len(rows(hold(venue, guest_count=4))) == 2


def test_a_combination_grows_with_its_party() -> None:
    row = hold(tables(), guest_count=4)
    actions.modify(reservation_id=row.pk, change=Change(guest_count=6), by=DESK)
    assert len(rows(row)) == 3


def test_no_unit_free_for_all_of_it_and_still_room() -> None:
    venue = ranked()
    early, late = stagger(venue)
    row = hold(venue, NOON, 2)
    assert {unit(early), unit(late), unit(row)} == {"1", "2"}
    assert list(overlaps()) == []


def test_a_re_seat_is_recorded_and_leaves_the_version_alone() -> None:
    venue = ranked()
    early, late = stagger(venue)
    before = {row.pk: row.version for row in (early, late)}
    hold(venue, NOON, 2)
    (event,) = Event.objects.filter(name="reservation.reseated")
    units = {str(one.pk) for one in venue.resources.all()}
    assert {event.data["from"], event.data["to"]} == units
    assert event.reservation_id in before
    assert {row.pk: row.version for row in Reservation.objects.filter(pk__in=before)} == before


def test_nobody_moves_where_there_is_no_room_for_all() -> None:
    venue = ranked()
    stagger(venue)
    hold(venue, NOON, 2)
    with pytest.raises(Taken) as refusal:
        hold(venue, NOON, 2)
    assert refusal.value.facts == {}
    assert Event.objects.filter(name="reservation.reseated").count() == 1


def test_where_waiting_may_help_that_is_said() -> None:
    venue = ranked(confirms_at_once=False)
    stagger(venue)
    hold(venue, NOON, 2)
    with pytest.raises(HeldByOther):
        hold(venue, NOON, 2)


def test_a_promised_unit_never_moves_and_the_refusal_names_it() -> None:
    venue = ranked(unit_choice="guest")
    first, second = venue.resources.order_by("pk")
    hold(venue, NOON, 1, resource=first.pk)
    hold(venue, NOON + HOUR, 1, resource=second.pk)
    with pytest.raises(Taken) as refusal:
        hold(venue, NOON, 2)
    assert refusal.value.facts == {"reason": "fixed_units", "units": ["1", "2"]}


def test_others_move_around_a_promised_unit() -> None:
    venue = ranked(unit_choice="guest")
    _, late = stagger(venue)
    second = venue.resources.get(name="2")
    hold(venue, NOON + 2 * HOUR, 1, resource=second.pk)
    row = hold(venue, NOON, 2)
    assert late.pk and row.pk
    assert list(overlaps()) == []


def test_a_guest_who_came_never_moves(frozen: FrozenDateTimeFactory) -> None:
    venue = ranked(early_check_in=2 * HOUR)
    _, late = stagger(venue)
    frozen.move_to(NOON + 30 * MINUTE)
    actions.check_in(reservation_id=late.pk, by=DESK)
    assert unit(late) == "2"
    with pytest.raises(Taken):
        hold(venue, NOON + 45 * MINUTE, 1)
    assert unit(late) == "2"


def test_a_stay_that_has_begun_never_moves_though_nobody_came(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = ranked(grace=HOUR)
    early, late = stagger(venue)
    frozen.move_to(NOON + 30 * MINUTE)
    row = hold(venue, NOON + 30 * MINUTE, 1)
    assert unit(early) == "1"
    assert unit(row) == "2"
    assert unit(late) == "1"


def test_a_closure_never_moves() -> None:
    venue = ranked()
    first, second = venue.resources.order_by("pk")
    for one, start in ((first, NOON), (second, NOON + HOUR)):
        Allocation.objects.create(
            venue=venue,
            resource=one,
            closure_id="7d1b3a52-9f43-4a9e-9c0a-3a3f6f0f7a01",
            starts_at=start,
            ends_at=start + HOUR,
        )
    with pytest.raises(Taken) as refusal:
        hold(venue, NOON, 2)
    assert refusal.value.facts["reason"] == "fixed_units"


def test_a_lapsed_hold_nobody_wrote_down_is_not_in_the_way_of_a_move(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = ranked(unit_choice="guest", confirms_at_once=False)
    early, late = stagger(venue, 1, 3)
    for row in (early, late):
        actions.confirm(reservation_id=row.pk, by=DESK)
    # On unit 1 after the wanted range, where the late guest has to move to.
    first = venue.resources.get(name="1")
    lapsed = hold(venue, NOON + 3 * HOUR, 1, resource=first.pk)
    frozen.tick(31 * MINUTE)
    assert hold(venue, NOON, 2).pk
    assert told(lapsed) == ["created", "expired"]
    assert list(overlaps()) == []


@pytest.mark.parametrize("differs", ["attributes", "capacity", "hours"])
def test_units_that_differ_do_not_stand_in_for_each_other(differs: str) -> None:
    venue = ranked(unit_choice="guest")
    second = venue.resources.get(name="2")
    match differs:
        case "attributes":
            second.attributes = {"view": "sea"}
        case "capacity":
            second.capacity = 5
        case _:
            add_hours(venue, time(0), time(0), resource=second)
    second.save()
    first = venue.resources.get(name="1")
    hold(venue, NOON, 1, resource=first.pk)
    hold(venue, NOON + HOUR, 1, resource=second.pk)
    Allocation.objects.update(is_locked=False)
    with pytest.raises(Taken):
        hold(venue, NOON, 2)


def full_at_some_hour(venue: Venue, start: datetime, hours: int) -> bool:
    count = venue.resources.count()
    live = list(Allocation.objects.filter(venue=venue, is_live=True))
    instants = [start + number * HOUR for number in range(hours)]
    return any(
        sum(one.starts_at <= instant < one.ends_at for one in live) >= count for instant in instants
    )


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(4)))
def test_over_a_long_crowded_time_nothing_is_refused_that_fits(seed: int) -> None:
    rng = random.Random(seed)
    # In order of rank, so that what a seed leads to does not depend on where a pool is begun.
    venue = make_venue(units=3, ranks_units=True)
    taken: list[Reservation] = []
    refused = 0
    for _ in range(60):
        start, hours = NOON + rng.randrange(24) * HOUR, rng.randrange(1, 7)
        if taken and rng.random() < 0.2:
            given_up = taken.pop(rng.randrange(len(taken)))
            actions.cancel(reservation_id=given_up.pk, by=DESK)
        is_full = full_at_some_hour(venue, start, hours)
        try:
            taken.append(hold(venue, start, hours))
        except Taken:
            refused += 1
            assert is_full
        else:
            assert not is_full
    assert refused > 5
    assert Event.objects.filter(name="reservation.reseated").exists()
    assert list(overlaps()) == []
