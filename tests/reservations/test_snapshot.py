"""What is taken at a venue, read once: free units, counts, combinations and re-seating."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, records, sweeps
from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.inventory import closures
from reservations.models import Allocation
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around, unit
from tests.reservations.worlds import comes_to, of_window
from venues.hours import Window
from venues.models import Combination, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LUNCH = Window(NOON, NOON + 2 * HOUR)


def load(
    venue: Venue, window: Window = LUNCH, now: datetime = NOON - DAY, **asked: int
) -> Snapshot:
    venue = records.find_venue(venue.slug)
    return snapshot_queries.snapshot(venue, window, now=now, party=asked.get("party", 1))


def free(found: Snapshot, window: Window = LUNCH) -> list[str]:
    return [unit.name for unit in found.free(window)]


def join(venue: Venue, capacity: int, *names: str) -> Combination:
    """A combination of the units with these names."""
    joined = Combination.objects.create(
        venue=venue, category=venue.categories.all()[0], name="+".join(names), capacity=capacity
    )
    joined.resources.set(venue.resources.filter(name__in=names))
    return joined


def test_units_that_nothing_takes_are_free() -> None:
    venue = make_venue("parking", units=3, unit_choice="guest")
    hold(venue, resource=venue.resources.get(name="2").pk)
    assert free(load(venue)) == ["1", "3"]


@pytest.mark.parametrize(
    ("start", "end", "is_free"),
    [
        (-3 * HOUR, -2 * HOUR, True),
        (-2 * HOUR, 0 * HOUR, True),
        (-2 * HOUR, SECOND, False),
        (0 * HOUR, 2 * HOUR, False),
        (HOUR, HOUR + SECOND, False),
        (-HOUR, 5 * HOUR, False),
        (2 * HOUR - SECOND, 3 * HOUR, False),
        (2 * HOUR, 3 * HOUR, True),
    ],
)
def test_ranges_may_touch_what_is_taken(start: timedelta, end: timedelta, is_free: bool) -> None:
    venue = make_venue("parking")
    hold(venue)
    found = load(venue, Window(NOON - 5 * HOUR, NOON + 9 * HOUR))
    asked = Window(NOON + start, NOON + end)
    assert bool(free(found, asked)) is is_free


def test_what_begins_long_before_the_window_still_takes_it() -> None:
    venue = make_venue("hotel", longest_stay=None)
    hold(venue, NOON, hours=24 * 95)
    late = Window(NOON + 90 * DAY, NOON + 91 * DAY)
    assert free(load(venue, late), late) == []


def test_a_hold_is_taken_until_the_instant_it_lapses() -> None:
    venue = make_venue("restaurant")
    row = hold(venue)
    assert row.hold_expires_at
    seen = [free(load(venue, now=now)) for now in around(row.hold_expires_at)]
    assert seen == [[], ["1"], ["1"]]


def test_a_guest_who_did_not_come_gives_the_rest_back_at_that_instant() -> None:
    venue = make_venue("parking")
    row = hold(venue)
    assert row.no_show_at == NOON + HOUR
    rest = Window(NOON + HOUR, NOON + 2 * HOUR)
    seen = [free(load(venue, now=now), rest) for now in around(row.no_show_at)]
    assert seen == [[], ["1"], ["1"]]
    first = Window(NOON + 59 * MINUTE, NOON + HOUR)
    assert [free(load(venue, now=now), first) for now in around(row.no_show_at)] == [[], [], []]


@pytest.mark.parametrize("is_swept", [False, True])
def test_what_a_guest_who_did_not_come_had_keeps_its_distance_as_a_booking_finds_it(
    frozen: FrozenDateTimeFactory, is_swept: bool
) -> None:
    venue = make_venue("parking", adds_buffers=True, buffer_before=10 * MINUTE, grace=HOUR)
    hold(venue, NOON, 4)
    frozen.move_to(NOON + HOUR)
    if is_swept:
        sweeps.mark_no_shows()
    for minutes, is_free in ((9, False), (10, True)):
        sold = Window(NOON + HOUR + minutes * MINUTE, NOON + 2 * HOUR)
        found = load(venue, sold, now=NOON + HOUR)
        assert bool(found.free(found.around(sold))) is is_free
        assert (comes_to(of_window(venue, sold)) is None) is is_free


@pytest.mark.parametrize("is_swept", [False, True])
def test_a_unit_kept_at_a_distance_by_who_did_not_come_costs_nobody_the_one_beside_it(
    frozen: FrozenDateTimeFactory, is_swept: bool
) -> None:
    venue = make_venue(
        "parking",
        units=2,
        unit_choice="guest",
        adds_buffers=True,
        buffer_before=10 * MINUTE,
        grace=HOUR,
    )
    hold(venue, NOON, 4, resource=venue.resources.get(name="1").pk)
    frozen.move_to(NOON + HOUR)
    if is_swept:
        sweeps.mark_no_shows()
    assert unit(hold(venue, NOON + HOUR + 9 * MINUTE, 1)) == "2"


def test_rows_say_what_they_are() -> None:
    venue = make_venue("restaurant", units=3)
    held, sold = hold(venue), hold(venue)
    actions.confirm(reservation_id=sold.pk, by=DESK)
    (last,) = load(venue).free(LUNCH)
    closures.close(venue_id=venue.pk, resource_ids=[last.pk], window=LUNCH, reason="paint", by=DESK)
    found = load(venue)
    rows = [row for unit in found.units for row in found.taken(unit.pk, LUNCH)]
    said = {row.reservation: (row.is_held, row.is_closure, row.lapses_at) for row in rows}
    assert said == {
        held.pk: (True, False, held.hold_expires_at),
        sold.pk: (False, False, sold.no_show_at),
        None: (False, True, None),
    }


def test_units_too_small_retired_or_elsewhere_are_left_out() -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    add_category(venue, "nook", units=2, capacity=2)
    venue.resources.filter(name="1").update(retired_at=NOON)
    make_venue("restaurant", units=2)
    assert sorted(free(load(venue))) == ["2", "3", "4"]
    assert free(load(venue, party=3)) == ["2"]
    of_category = snapshot_queries.snapshot(venue, LUNCH, now=NOON - DAY, category="nook")
    assert free(of_category) == ["3", "4"]


def test_the_count_is_that_of_the_fullest_instant() -> None:
    venue = make_venue("parking", units=3, unit_choice="guest")
    one, two, _ = venue.resources.order_by("pk")
    hold(venue, NOON, 1, resource=one.pk)
    hold(venue, NOON + HOUR, 1, resource=two.pk)
    found = load(venue)
    assert free(found) == ["3"]
    assert found.free_count(found.units, LUNCH) == 2
    hold(venue, NOON + HOUR, 1, resource=one.pk)
    found = load(venue)
    assert found.free_count(found.units, LUNCH) == 1


def test_there_is_room_where_somebody_can_be_moved_and_none_where_nobody_can() -> None:
    for is_chosen in (False, True):
        venue = make_venue("parking", units=2, unit_choice="guest")
        one, two = venue.resources.order_by("pk")
        hold(venue, NOON, 1, resource=one.pk)
        hold(venue, NOON + HOUR, 1, resource=two.pk)
        Allocation.objects.update(is_locked=is_chosen)
        found = load(venue)
        assert (free(found), found.free_count(found.units, LUNCH)) == ([], 1)
        assert found.can_reseat(found.units, LUNCH) is not is_chosen
        assert found.has_room(found.units, LUNCH) is not is_chosen


def test_a_combination_is_free_while_each_of_its_tables_is() -> None:
    venue = make_venue("restaurant", units=3, capacity=4)
    category = venue.categories.get()
    joined = join(venue, 8, "1", "2")
    join(venue, 6, "2", "3")
    found = load(venue, party=7)
    assert found.units == []
    assert [one.units for one in found.free_joined(category.pk, LUNCH)] == [
        list(joined.resources.all())
    ]
    hold(venue, resource=venue.resources.get(name="3").pk)
    assert [len(one.units) for one in load(venue, party=6).free_joined(category.pk, LUNCH)] == [2]
    hold(venue, resource=venue.resources.get(name="1").pk)
    assert load(venue, party=6).free_joined(category.pk, LUNCH) == []


def test_a_combination_with_a_retired_table_or_none_is_left_out() -> None:
    venue = make_venue("restaurant", units=3, capacity=4)
    join(venue, 8, "1", "2")
    join(venue, 8)
    venue.resources.filter(name="1").update(retired_at=NOON)
    assert load(venue, party=8).joined == []


def test_two_queries_whatever_there_is_and_one_more_for_large_parties(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant", units=2)
    for _ in range(3):
        load(venue)  # What the venue sells by is read once, and kept.
        with CaptureQueriesContext(connection) as asked:
            load(venue)
        assert len(asked) == 2
        with CaptureQueriesContext(connection) as asked:
            load(venue, party=5)
        assert len(asked) == 3
        add_category(venue, f"more-{venue.categories.count()}", units=5)
        for hour in range(3):
            hold(venue, NOON + hour * 3 * HOUR)
        frozen.tick(MINUTE)
