"""The next few open slots of a page of venues: each can be booked, none costs a query."""

from collections.abc import Sequence
from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock
from reservations.availability import open_slots
from reservations.availability.open_slots import VenueSlot
from reservations.errors import Refusal
from reservations.inventory import closures
from reservations.models import Allocation
from tests.effort import some
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around
from tests.reservations.test_snapshot import join
from tests.reservations.worlds import comes_to, moments, of_window
from venues.hours import Window
from venues.models import Opening, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MONDAY = date(2027, 3, 1)
SUNDAY = date(2027, 2, 28)


def fresh(venue: Venue) -> Venue:
    """The venue as a list reads it, with nothing of it known yet."""
    return Venue.objects.get(pk=venue.pk)


def few(venue: Venue, day: date | None = None, party: int | None = None) -> list[VenueSlot]:
    """What is told of one venue, after a look that each can be booked just now."""
    found = open_slots.next_few([fresh(venue)], day=day, party=party, now=clock.now())[venue.pk]
    seated = party or (2 if venue.kind == "restaurant" else 1)
    for slot in found:
        wish = of_window(venue, slot.window, category=slot.category.code, guest_count=seated)
        assert comes_to(wish) is None, slot
    return found


def starts(found: Sequence[VenueSlot]) -> list[str]:
    return [f"{slot.window.start:%d %H:%M}" for slot in found]


def test_the_first_five_starts_of_a_day_each_in_the_cheapest_category() -> None:
    venue = make_venue("restaurant", notice=timedelta(0))
    cheap = add_category(venue, "bar", units=1)
    Rate.objects.create(venue=venue, category=cheap, unit="flat", amount_minor=500)
    add_hours(venue, time(18), time(22))
    found = few(venue, MONDAY)
    assert starts(found) == ["01 18:00", "01 18:15", "01 18:30", "01 18:45", "01 19:00"]
    assert {slot.window.end - slot.window.start for slot in found} == {2 * HOUR}
    assert {(slot.category.code, slot.price_minor) for slot in found} == {("bar", 500)}
    hold(venue, NOON + 6 * HOUR, category="bar")
    assert [slot.category.code for slot in few(venue, MONDAY)] == ["standard"] * 5


def test_nights_are_told_one_for_each_category_cheapest_first() -> None:
    venue = make_venue("hotel")
    suite = add_category(venue, "suite", units=1)
    Rate.objects.create(venue=venue, category=suite, unit="night", amount_minor=900)
    add_category(venue, "closet", units=0)
    told = [(slot.category.code, slot.price_minor) for slot in few(venue, MONDAY)]
    assert told == [("suite", 900), ("standard", 1_000)]
    (night,) = {slot.window for slot in few(venue, MONDAY)}
    assert night == Window(NOON + 3 * HOUR, NOON + 23 * HOUR)


def test_a_stay_as_short_as_the_hotel_lets_one_be() -> None:
    venue = make_venue("hotel", shortest_stay=3 * DAY)
    (stay,) = few(venue, MONDAY)
    assert (stay.window.end.date() - stay.window.start.date()).days == 3
    Opening.objects.create(venue=venue, date=MONDAY + 2 * DAY)
    assert few(venue, MONDAY) == []


def test_without_a_date_the_first_day_that_has_any() -> None:
    venue = make_venue("restaurant")
    add_hours(venue, time(18), time(20))
    # It is noon on the day before Monday.
    assert starts(few(venue)) == ["28 18:00"]
    hold(venue, NOON - DAY + 6 * HOUR)
    assert starts(few(venue)) == ["01 18:00"]


@pytest.mark.parametrize(("ahead", "seen"), [(1, True), (7, True), (8, False)])
def test_without_a_date_seven_days_after_today_are_looked_at(ahead: int, seen: bool) -> None:
    venue = make_venue("practice", notice=timedelta(0))
    unit = venue.resources.get()
    day = SUNDAY + ahead * DAY
    hours = {"opens": time(8), "closes": time(9)}
    Opening.objects.create(venue=venue, resource=unit, date=day, **hours)
    assert bool(few(venue)) is seen
    assert len(few(venue, day)) == 4


def test_a_start_that_has_passed_is_not_told(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant")
    add_hours(venue, time(12), time(14, 30))
    seen = []
    for now in around(NOON + MINUTE):
        frozen.move_to(now)
        seen.append(starts(few(venue, MONDAY)))
    assert seen == [
        ["01 12:00", "01 12:15", "01 12:30"],
        ["01 12:15", "01 12:30"],
        ["01 12:15", "01 12:30"],
    ]


@pytest.mark.parametrize("day", [date(1971, 1, 1), SUNDAY - DAY, date(2199, 12, 30)])
def test_a_day_that_has_passed_or_is_beyond_the_horizon_has_none(day: date) -> None:
    for kind in ("hotel", "restaurant", "parking"):
        assert few(make_venue(kind), day) == []


def test_notice_and_horizon_are_kept(frozen: FrozenDateTimeFactory) -> None:
    frozen.move_to(NOON - 5 * HOUR)
    venue = make_venue("restaurant", notice=8 * HOUR, horizon=8 * HOUR + 30 * MINUTE)
    assert starts(few(venue)) == ["01 15:00", "01 15:15", "01 15:30"]


def test_the_date_is_the_venue_s_own() -> None:
    venue = make_venue("parking")
    venue.time_zone = "Pacific/Auckland"
    venue.save()
    # There it is one in the morning of Monday.
    assert few(venue, SUNDAY) == []
    assert starts(few(venue, MONDAY))[0] == "28 13:00"


def test_hours_past_midnight_count_for_the_day_a_start_is_on() -> None:
    venue = make_venue("restaurant", step=HOUR, default_length=HOUR)
    add_hours(venue, time(22), time(2))
    assert starts(few(venue, MONDAY)) == ["01 00:00", "01 01:00", "01 22:00", "01 23:00"]


def test_a_party_is_seated_by_what_is_large_enough() -> None:
    venue = make_venue("restaurant", units=2, capacity=2)
    add_hours(venue, time(18), time(20))
    join(venue, 4, "1", "2")
    assert len(few(venue, MONDAY)) == 1
    assert len(few(venue, MONDAY, 4)) == 1
    assert few(venue, MONDAY, 5) == []
    hold(venue, NOON + 6 * HOUR)
    assert len(few(venue, MONDAY)) == 1
    assert few(venue, MONDAY, 3) == []


def test_a_table_is_looked_for_for_two_and_anything_else_for_one() -> None:
    for kind, found in (("restaurant", 0), ("parking", 5)):
        venue = make_venue(kind, capacity=1)
        assert len(few(venue, MONDAY)) == found
        assert len(few(venue, MONDAY, 1)) == 5


def test_what_is_on_request_only_is_left_out() -> None:
    venue = make_venue("parking")
    add_category(venue, "handicap", units=1, is_on_request=True)
    hold(venue, NOON - 12 * HOUR, 24, category="standard")
    assert few(venue, MONDAY) == []


def test_a_venue_without_units_has_nothing_open() -> None:
    assert few(make_venue("hotel", units=0)) == []
    assert few(make_venue("practice")) == []


def test_buffers_keep_starts_apart() -> None:
    venue = make_venue(
        "restaurant", default_length=HOUR, step=30 * MINUTE, buffer_after=15 * MINUTE
    )
    add_hours(venue, time(11), time(15))
    hold(venue, NOON, 1)
    assert starts(few(venue, MONDAY)) == ["01 13:30", "01 14:00"]


def test_a_hold_is_in_the_way_until_the_instant_it_lapses(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant")
    add_hours(venue, time(12), time(14))
    row = hold(venue)
    assert row.hold_expires_at
    seen = []
    for now in around(row.hold_expires_at):
        frozen.move_to(now)
        seen.append(bool(few(venue, MONDAY)))
    assert seen == [False, True, True]


def test_a_closure_is_in_the_way() -> None:
    venue = make_venue("parking")
    ids = [venue.resources.get().pk]
    window = Window(NOON - 12 * HOUR, NOON + 12 * HOUR)
    closures.close(venue_id=venue.pk, resource_ids=ids, window=window, reason="paint", by=DESK)
    assert few(venue, MONDAY) == []


def test_a_start_that_re_seating_makes_room_for_is_open() -> None:
    venue = make_venue("parking", units=2, step=HOUR)
    first, second = venue.resources.order_by("pk")
    Allocation.objects.filter(reservation=hold(venue, NOON - HOUR)).update(resource=first)
    Allocation.objects.filter(reservation=hold(venue, NOON + HOUR)).update(resource=second)
    assert "01 12:00" in starts(whole_day(venue))


def test_a_start_that_only_a_search_around_fixed_guests_would_find_is_not_told() -> None:
    venue = make_venue("parking", units=2, step=HOUR)
    first, second = venue.resources.order_by("pk")
    Allocation.objects.filter(reservation=hold(venue, NOON - HOUR)).update(resource=first)
    Allocation.objects.filter(reservation=hold(venue, NOON + HOUR)).update(resource=second)
    late = hold(venue, NOON + 11 * HOUR, 1)
    Allocation.objects.filter(reservation=late).update(is_locked=True)
    assert "01 12:00" not in starts(whole_day(venue))


def whole_day(venue: Venue) -> list[VenueSlot]:
    """Monday's from eleven on: nothing before is to be had."""
    for unit in venue.resources.all():
        window = Window(NOON - 12 * HOUR, NOON - HOUR)
        closures.close(
            venue_id=venue.pk, resource_ids=[unit.pk], window=window, reason="paint", by=DESK
        )
    return few(venue, MONDAY)


def test_of_two_providers_each_is_open_by_a_schedule_of_their_own() -> None:
    venue = make_venue("practice", units=2, notice=timedelta(0))
    early, late = venue.resources.order_by("pk")
    add_hours(venue, time(8), time(8, 30), resource=early)
    add_hours(venue, time(12), time(12, 30), resource=late)
    hold(venue, NOON - 4 * HOUR, 0.25, resource=early.pk)
    assert starts(few(venue, MONDAY)) == ["01 08:15", "01 12:00", "01 12:15"]


def test_a_time_that_the_clocks_skip_is_not_told_and_one_shown_twice_is_told_twice() -> None:
    venue = make_venue("parking", step=HOUR, default_length=HOUR, horizon=None)
    venue.time_zone = "Europe/Amsterdam"
    venue.save()
    gap = [slot.window.start.hour for slot in few(venue, date(2027, 3, 28))]
    assert gap == [23, 0, 1, 2, 3]
    fold = few(venue, date(2027, 10, 31))
    assert len({slot.window.start for slot in fold}) == 5
    assert [slot.window.start.hour for slot in fold] == [22, 23, 0, 1, 2]


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(60, 66)))
def test_each_can_be_booked_whatever_is_going_on(seed: int, frozen: FrozenDateTimeFactory) -> None:
    for venue, _, party in moments(seed, frozen):
        few(venue, party=party)
        few(venue, MONDAY, party)


def town(count: int) -> list[Venue]:
    """Venues of every kind, each with something taken and most with something open."""
    venues = []
    for number in range(count):
        kind = ("hotel", "restaurant", "parking", "practice")[number % 4]
        venue = make_venue(kind, units=2, capacity=2, buffer_after=number * MINUTE)
        if kind == "practice":
            for unit in venue.resources.all():
                add_hours(venue, time(8), time(18), resource=unit)
        if kind == "restaurant":
            join(venue, 4, "1", "2")
            hold(venue, NOON + HOUR)
            hold(venue, NOON + 2 * HOUR)
        else:
            hold(venue, NOON + 3 * HOUR, 20 if kind == "hotel" else 0.25)
        venues.append(venue)
    return venues


@pytest.mark.parametrize("party", [1, 3])
def test_two_venues_take_as_many_queries_as_twenty(party: int) -> None:
    counts = []
    for venues in (town(4), town(20)):
        every = [fresh(venue) for venue in venues]
        with CaptureQueriesContext(connection) as asked:
            open_slots.next_few(every, day=MONDAY, party=party, now=clock.now())
        counts.append(len(asked))
    # Policies, hours, categories, rates; units; combinations and their tables; what is taken.
    assert counts[0] == counts[1]
    assert counts[0] <= 8


def test_venues_that_are_full_today_take_one_look_more_however_many_there_are() -> None:
    def full(count: int) -> list[Venue]:
        venues = [make_venue("restaurant") for _ in range(count)]
        for venue in venues:
            add_hours(venue, time(18), time(20))
            hold(venue, NOON - DAY + 6 * HOUR)
        return venues

    counts = []
    for venues in (full(2), full(9)):
        every = [fresh(venue) for venue in venues]
        with CaptureQueriesContext(connection) as asked:
            found = open_slots.next_few(every, day=None, party=None, now=clock.now())
        assert all(starts(slots) == ["01 18:00"] for slots in found.values())
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 8


def test_no_venue_takes_no_look_at_taken_time() -> None:
    assert open_slots.next_few([], day=None, party=None, now=clock.now()) == {}


def test_what_is_given_back_is_open_again() -> None:
    venue = make_venue("restaurant")
    add_hours(venue, time(18), time(20))
    row = hold(venue, NOON + 6 * HOUR)
    assert few(venue, MONDAY) == []
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert starts(few(venue, MONDAY)) == ["01 18:00"]
    with pytest.raises(Refusal):
        hold(venue, NOON + 6 * HOUR - SECOND)
