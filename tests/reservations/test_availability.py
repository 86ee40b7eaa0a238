"""What could be booked: whole ranges, nights of a month, slots of some days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from config.demonstration import venues
from reservations import actions, clock, records
from reservations.availability import calendar_days, offers
from reservations.availability import slots as availability
from reservations.availability.calendar_days import CalendarDay
from reservations.availability.offers import Availability
from reservations.availability.slots import Slot
from reservations.errors import HeldByOther, Invalid, NotFound, Refusal, Taken
from reservations.inventory import closures
from reservations.models import Allocation
from reservations.requests import Times
from reservations.rules import modes
from tests.effort import some
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around, unit
from tests.reservations.test_snapshot import join
from tests.reservations.worlds import comes_to, moments, of_window
from venues.hours import Window
from venues.models import Opening, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LUNCH = Window(NOON, NOON + 2 * HOUR)
MONDAY = NOON.date()
LORD_HOWE = "Australia/Lord_Howe"


def again(venue: Venue) -> Venue:
    """The venue with its policy and hours as they are now."""
    return records.load_venue(venue.pk)


def of_range(venue: Venue, window: Window = LUNCH, party: int = 1, **asked: Any) -> Availability:
    times = asked.get("times") or Times(starts_at=window.start, ends_at=window.end)
    return offers.of_range(
        again(venue), times, party=party, category=asked.get("category"), now=clock.now()
    )


def counts(found: Availability) -> dict[str, int]:
    return {offer.category.code: offer.count for offer in found.offers}


def units(found: Availability) -> dict[str, list[str]]:
    return {offer.category.code: [one.name for one in offer.units] for offer in found.offers}


def slots(venue: Venue, first: date = MONDAY, last: date | None = None) -> list[Slot]:
    within = modes.days(first, last or first, venue.zone)
    return availability.slots(again(venue), within, now=clock.now())


def starts(found: list[Slot], venue: Venue) -> list[str]:
    """Local times of the starts."""
    return [f"{slot.window.start.astimezone(venue.zone):%H:%M}" for slot in found]


def month(venue: Venue, first: date, **asked: Any) -> dict[date, CalendarDay]:
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    found = calendar_days.calendar(again(venue), first, last, now=clock.now(), **asked)
    return {day.day: day for day in found}


def zoned(venue: Venue, zone: str) -> Venue:
    venue.time_zone = zone
    venue.save()
    return venue


def test_each_category_tells_its_free_units_count_and_price() -> None:
    venue = make_venue("parking", units=2)
    category = add_category(venue, "wide", units=1)
    Rate.objects.create(venue=venue, category=category, unit=Rate.Unit.HOUR, amount_minor=1_500)
    hold(venue, category="standard")
    found = of_range(venue)
    assert found.refusal is None
    assert counts(found) == {"standard": 1, "wide": 1}
    assert [len(names) for names in units(found).values()] == [1, 1]
    assert [offer.price_minor for offer in found.offers] == [2_000, 3_000]


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(6)))
def test_what_is_shown_is_what_a_booking_comes_to(seed: int, frozen: FrozenDateTimeFactory) -> None:
    for venue, window, party in moments(seed, frozen):
        for offer in of_range(venue, window, party).offers:
            code = offer.category.code
            refusal = comes_to(of_window(venue, window, category=code, guest_count=party))
            assert (offer.count > 0) is (refusal is None), (code, window, party, refusal)
            shown = {one.pk for one in offer.units}
            for one in offer.category.resources.all():
                wish = of_window(venue, window, resource=one.pk, guest_count=party)
                assert (one.pk in shown) is (comes_to(wish) is None), (one, window, party)


def test_the_count_is_how_often_the_range_can_be_booked() -> None:
    venue = make_venue("parking", units=3)
    hold(venue, NOON, 1)
    hold(venue, NOON + HOUR, 1)
    left = counts(of_range(venue))["standard"]
    assert left == 2
    for _ in range(left):
        hold(venue)
    assert counts(of_range(venue)) == {"standard": 0}
    with pytest.raises(Taken):
        hold(venue)


def test_where_only_moving_somebody_makes_room_no_unit_is_shown_and_it_still_books() -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    for start, one in zip((NOON, NOON + HOUR), venue.resources.order_by("pk"), strict=True):
        hold(venue, start, 1, resource=one.pk)
    Allocation.objects.update(is_locked=False)
    found = of_range(venue)
    assert (counts(found), units(found)) == ({"standard": 1}, {"standard": []})
    assert hold(venue, category="standard").pk


def test_where_nobody_can_be_moved_nothing_is_offered() -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    for start, one in zip((NOON, NOON + HOUR), venue.resources.order_by("pk"), strict=True):
        hold(venue, start, 1, resource=one.pk)
    assert counts(of_range(venue)) == {"standard": 0}
    with pytest.raises(Taken) as refusal:
        hold(venue, category="standard")
    assert refusal.value.facts["reason"] == "fixed_units"


def test_a_lapsed_hold_is_free_at_that_instant(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant")
    row = hold(venue)
    assert row.hold_expires_at
    seen = []
    for instant in around(row.hold_expires_at):
        frozen.move_to(instant)
        found = of_range(venue)
        seen.append((counts(found)["standard"], len(found.offers[0].units)))
        assert isinstance(comes_to(of_window(venue, LUNCH)), HeldByOther | None)
    assert seen == [(0, 0), (1, 1), (1, 1)]


def test_only_units_that_seat_the_party_are_offered() -> None:
    venue = make_venue("restaurant", units=1, capacity=2)
    add_category(venue, "window", units=2, capacity=4)
    assert counts(of_range(venue, party=2)) == {"standard": 1, "window": 2}
    assert counts(of_range(venue, party=3)) == {"standard": 0, "window": 2}
    assert units(of_range(venue, party=3)) == {"standard": [], "window": ["2", "3"]}


def test_a_party_that_nothing_seats_is_told_so() -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    found = of_range(venue, party=5)
    assert found.refusal is not None and found.refusal.code == "party_too_large"
    assert counts(found) == {"standard": 0}


def test_a_party_for_tables_together_is_offered_those() -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    join(venue, 8, "1", "2")
    assert counts(of_range(venue, party=8)) == {"standard": 1}
    assert units(of_range(venue, party=8)) == {"standard": []}
    hold(venue, guest_count=8)
    assert counts(of_range(venue, party=8)) == {"standard": 0}
    assert counts(of_range(venue, party=4)) == {"standard": 0}


def test_one_category_is_told_alone_and_an_unknown_one_is_not_found() -> None:
    venue = make_venue("parking", units=2)
    add_category(venue, "wide")
    assert counts(of_range(venue, category="wide")) == {"wide": 1}
    with pytest.raises(NotFound):
        of_range(venue, category="penthouse")


@pytest.mark.parametrize(
    ("policy", "window", "code"),
    [
        ({"notice": DAY + SECOND}, LUNCH, "too_soon"),
        ({"notice": DAY}, LUNCH, None),
        ({"horizon": DAY - SECOND}, LUNCH, "too_far"),
        ({"horizon": DAY}, LUNCH, None),
        ({"longest_stay": 2 * HOUR - SECOND}, LUNCH, "too_long"),
        ({"shortest_stay": 2 * HOUR + SECOND}, LUNCH, "too_short"),
        ({"step": 45 * MINUTE}, Window(NOON + 30 * MINUTE, NOON + 2 * HOUR), "not_offered"),
        ({}, Window(NOON - 3 * HOUR - SECOND, NOON), "closed"),
        ({}, Window(NOON - 3 * HOUR, NOON), None),
        ({}, Window(NOON, NOON + 5 * HOUR), None),
        ({}, Window(NOON, NOON + 5 * HOUR + SECOND), "closed"),
    ],
)
def test_a_range_outside_the_rules_shows_the_rule(
    policy: dict[str, Any], window: Window, code: str | None
) -> None:
    rules = {"longest_stay": None, "horizon": None, "step": None} | policy
    venue = make_venue("restaurant", **rules)
    add_hours(venue, time(9), time(17))
    found = of_range(venue, window)
    refusal = comes_to(of_window(venue, window))
    assert (found.refusal.code if found.refusal else None) == code
    assert (refusal.code if refusal else None) == code
    assert counts(found) == {"standard": 0 if code else 1}
    assert found.offers[0].price_minor


def test_units_with_hours_of_their_own_are_offered_when_they_are_open() -> None:
    venue = make_venue("practice", units=2, notice=timedelta(0), longest_stay=None)
    first, second = venue.resources.order_by("pk")
    add_hours(venue, time(12), time(13), resource=first)
    add_hours(venue, time(14), time(15), resource=second)
    slot = 15 * MINUTE
    assert units(of_range(venue, Window(NOON, NOON + slot))) == {"standard": ["1"]}
    assert units(of_range(venue, Window(NOON + 2 * HOUR, NOON + 2 * HOUR + slot))) == {
        "standard": ["2"]
    }
    between = of_range(venue, Window(NOON + HOUR, NOON + HOUR + slot))
    assert between.refusal is not None and between.refusal.code == "closed"


def test_times_that_mean_no_range_are_invalid() -> None:
    for times in (Times(), Times(starts_at=NOON, ends_at=NOON), Times(ends_at=NOON)):
        with pytest.raises(Invalid):
            of_range(make_venue("parking"), times=times)


@pytest.mark.parametrize(
    ("night", "start", "end"),
    [
        (date(2027, 3, 27), "2027-03-27 14:00", "2027-03-28 09:00"),
        (date(2027, 3, 28), "2027-03-28 13:00", "2027-03-29 09:00"),
        (date(2027, 10, 30), "2027-10-30 13:00", "2027-10-31 10:00"),
    ],
)
def test_nights_are_from_arrival_to_leaving_whatever_the_clocks_do(
    night: date, start: str, end: str
) -> None:
    venue = zoned(make_venue("hotel"), "Europe/Berlin")
    found = of_range(venue, times=Times(check_in=night, check_out=night + DAY))
    assert [f"{at:%Y-%m-%d %H:%M}" for at in (found.window.start, found.window.end)] == [start, end]
    assert counts(found) == {"standard": 1}
    assert found.offers[0].price_minor == 1_000


def test_a_stay_that_touches_a_dearer_period_costs_what_its_nights_cost() -> None:
    venue = make_venue("hotel")
    dearer(venue, date(2027, 3, 3), date(2027, 3, 4))
    found = of_range(venue, times=Times(check_in=MONDAY, check_out=date(2027, 3, 6)))
    assert found.offers[0].price_minor == 3 * 1_000 + 2 * 2_500


def dearer(venue: Venue, first: date, last: date) -> None:
    Rate.objects.create(
        venue=venue,
        category=venue.categories.get(),
        unit=Rate.Unit.NIGHT,
        amount_minor=2_500,
        first_date=first,
        last_date=last,
    )


def test_each_night_tells_capacity_what_is_free_and_the_lowest_price() -> None:
    venue = make_venue("hotel", units=3)
    add_category(venue, "suite", units=1)
    hold(venue, NOON, 48, category="standard")
    dearer_night = date(2027, 3, 5)
    Rate.objects.create(
        venue=venue,
        category=venue.categories.get(code="suite"),
        unit=Rate.Unit.NIGHT,
        amount_minor=4_000,
    )
    Rate.objects.create(
        venue=venue,
        category=venue.categories.get(code="standard"),
        unit=Rate.Unit.NIGHT,
        amount_minor=2_500,
        first_date=dearer_night,
        last_date=dearer_night,
    )
    found = month(venue, date(2027, 3, 1))
    assert list(found) == [date(2027, 3, day) for day in range(1, 32)]
    assert {day.capacity for day in found.values()} == {4}
    assert [found[date(2027, 3, day)].free for day in (1, 2, 3)] == [3, 3, 4]
    assert found[date(2027, 3, 4)].lowest_price_minor == 1_000
    assert found[dearer_night].lowest_price_minor == 2_500
    suites = month(venue, date(2027, 3, 1), category="suite")
    assert {(day.capacity, day.free, day.lowest_price_minor) for day in suites.values()} == {
        (1, 1, 4_000)
    }


def test_the_lowest_price_is_that_of_what_is_free_while_anything_is() -> None:
    venue = make_venue("hotel", units=1)
    Rate.objects.create(
        venue=venue,
        category=add_category(venue, "suite", units=1),
        unit=Rate.Unit.NIGHT,
        amount_minor=4_000,
    )
    hold(venue, NOON, 24, category="standard")
    assert month(venue, date(2027, 3, 1))[MONDAY].lowest_price_minor == 4_000
    hold(venue, NOON, 24, category="suite")
    assert month(venue, date(2027, 3, 1))[MONDAY].lowest_price_minor == 1_000


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2027, 2, 1), 28),
        (date(2028, 2, 1), 29),
        (date(2027, 4, 1), 30),
        (date(2027, 12, 1), 31),
    ],
)
def test_a_month_ends_where_it_ends(first: date, last: int) -> None:
    venue = make_venue("hotel", horizon=None, notice=timedelta(0))
    end = first.replace(day=last)
    hold(venue, datetime.combine(end, time(18), UTC), 24)
    found = month(venue, first)
    assert (min(found), max(found), len(found)) == (first, end, last)
    assert found[end].free == 0


def test_nights_outside_notice_and_horizon_and_closed_ones_are_not_free() -> None:
    venue = make_venue("hotel", notice=2 * DAY, horizon=4 * DAY)
    Opening.objects.create(venue=venue, date=date(2027, 3, 4))
    # It is the 28th of February, noon; a night begins at three.
    found = month(venue, date(2027, 3, 1))
    assert [found[date(2027, 3, day)].free for day in range(1, 7)] == [0, 1, 1, 0, 0, 0]
    assert found[date(2027, 3, 4)].capacity == 0
    assert found[date(2027, 3, 4)].lowest_price_minor is None


def test_each_day_of_times_counts_what_begins_on_it() -> None:
    venue = make_venue("restaurant", units=2, default_length=2 * HOUR, step=HOUR)
    add_hours(venue, time(12), time(16))
    hold(venue)
    found = month(venue, date(2027, 3, 1))
    # Three starts for two tables; what is taken, and the quarter of an hour after, meets all three.
    assert (found[MONDAY].capacity, found[MONDAY].free) == (6, 3)
    assert found[MONDAY + DAY].free == 6


def test_what_begins_after_midnight_counts_for_the_day_it_begins_on() -> None:
    venue = make_venue("practice", unit_schedules=False)
    Opening.objects.create(venue=venue, date=date(2027, 3, 31), opens=time(23), closes=time(1))
    assert month(venue, date(2027, 3, 1))[date(2027, 3, 31)].capacity == 4
    assert month(venue, date(2027, 4, 1))[date(2027, 4, 1)].capacity == 4


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_a_provider_half_a_world_away_is_shown_on_the_venues_days(zone: str) -> None:
    venue = zoned(make_venue("practice", notice=timedelta(0)), "Europe/Amsterdam")
    provider = venue.resources.get()
    provider.time_zone = zone
    provider.save()
    add_hours(venue, time(0), time(0), resource=provider)
    found = month(venue, date(2027, 4, 1))
    assert {day.capacity for day in found.values()} == {96}
    late = datetime(2027, 4, 30, 23, 45, tzinfo=venue.zone)
    hold(venue, late.astimezone(UTC), 0.25)
    assert month(venue, date(2027, 4, 1))[date(2027, 4, 30)].free == 95
    shown = slots(venue, date(2027, 4, 30))
    assert [slot.window.start for slot in shown if slot.state == "taken"] == [late]


def test_the_grid_of_smart_parking_is_three_by_five() -> None:
    venue = venues.smart_parking()
    spot = venue.resources.get(name="103")
    hold(venue, NOON, 4, resource=spot.pk)
    found = slots(venue)
    assert len(found) == 15
    assert [slot.unit.name for slot in found[:5]] == ["101", "102", "103", "104", "105"]
    assert starts(found[::5], venue) == ["08:00", "12:00", "16:00"]
    assert {slot.window.end - slot.window.start for slot in found} == {4 * HOUR}
    taken = [(slot.unit.name, slot.window.start) for slot in found if slot.state != "free"]
    assert taken == [("103", NOON)]


@pytest.mark.parametrize(("blocks", "count"), [([(8, 15)], 28), ([(8, 11), (12, 15)], 24)])
def test_a_schedule_is_cut_into_slots_of_a_quarter(
    blocks: list[tuple[int, int]], count: int
) -> None:
    venue = make_venue("practice")
    for opens, closes in blocks:
        Opening.objects.create(
            venue=venue,
            resource=venue.resources.get(),
            date=MONDAY + DAY,
            opens=time(opens),
            closes=time(closes),
        )
    found = slots(venue, MONDAY + DAY)
    assert len(found) == count
    assert {slot.state for slot in found} == {"free"}
    assert (starts(found, venue)[0], starts(found, venue)[-1]) == ("08:00", "14:45")
    assert slots(venue, MONDAY) == slots(venue, MONDAY + 2 * DAY) == []


def state_at(venue: Venue, instant: datetime, frozen: FrozenDateTimeFactory) -> str:
    frozen.move_to(instant)
    (found,) = [slot for slot in slots(venue) if slot.window.start == NOON]
    return found.state


@pytest.fixture
def noon_slot() -> Callable[..., Venue]:
    """Makes a venue whose only slot of the day is from NOON for two hours."""

    def make(**policy: Any) -> Venue:
        venue = make_venue(
            "parking", slot_length=2 * HOUR, longest_stay=None, unit_choice="guest", **policy
        )
        Venue.objects.filter(pk=venue.pk).update(mode=Venue.Mode.SLOT)
        add_hours(venue, time(12), time(14))
        return venue

    return make


@pytest.mark.parametrize(
    ("policy", "boundary", "states"),
    [
        # A start within the present minute still means now.
        ({}, NOON + MINUTE, ["free", "past", "past"]),
        ({"notice": 3 * HOUR}, NOON - 3 * HOUR, ["free", "free", "closed"]),
        ({"horizon": 3 * HOUR}, NOON - 3 * HOUR, ["closed", "free", "free"]),
    ],
)
def test_a_slot_changes_its_state_at_the_instant(
    noon_slot: Callable[..., Venue],
    frozen: FrozenDateTimeFactory,
    policy: dict[str, Any],
    boundary: datetime,
    states: list[str],
) -> None:
    venue = noon_slot(**policy)
    assert [state_at(venue, at, frozen) for at in around(boundary)] == states


def test_a_held_slot_is_taken_until_the_hold_lapses(
    noon_slot: Callable[..., Venue], frozen: FrozenDateTimeFactory
) -> None:
    venue = noon_slot(confirms_at_once=False)
    row = hold(venue)
    assert row.hold_expires_at
    seen = [state_at(venue, at, frozen) for at in around(row.hold_expires_at)]
    assert seen == ["taken", "free", "free"]


def test_a_slot_that_is_closed_is_told_from_one_that_is_taken(
    noon_slot: Callable[..., Venue], frozen: FrozenDateTimeFactory
) -> None:
    venue = noon_slot()
    ids = [venue.resources.get().pk]
    window = Window(NOON, NOON + HOUR)
    closures.close(venue_id=venue.pk, resource_ids=ids, window=window, reason="paint", by=DESK)
    assert state_at(venue, NOON - HOUR, frozen) == "closed"
    Allocation.objects.all().delete()
    hold(venue)
    assert state_at(venue, NOON - HOUR, frozen) == "taken"
    assert state_at(venue, NOON + MINUTE, frozen) == "past"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(3)))
def test_a_free_slot_can_be_chosen_and_no_other_can(
    seed: int, frozen: FrozenDateTimeFactory
) -> None:
    for venue, _, _ in moments(seed, frozen):
        for slot in slots(venue)[::11]:
            refusal = comes_to(of_window(venue, slot.window, resource=slot.unit.pk))
            assert (slot.state == "free") is (refusal is None), (slot, refusal)


def test_a_slot_longer_than_the_policy_lets_anyone_stay_is_not_free(
    noon_slot: Callable[..., Venue],
) -> None:
    venue = noon_slot()
    venue.policy.longest_stay = HOUR
    venue.policy.save()
    assert [slot.state for slot in slots(venue)] == ["closed"]


def test_a_stay_of_days_is_seen_as_taken_by_the_slots_before_it() -> None:
    venue = make_venue("parking", default_length=9 * DAY, longest_stay=None)
    hold(venue, NOON + 7 * DAY, 2)
    assert {slot.state for slot in slots(venue)} == {"taken"}


@pytest.mark.parametrize(
    ("zone", "day", "closes", "length", "shown"),
    [
        ("Europe/Berlin", date(2027, 3, 28), time(5), HOUR, "00:00 01:00 03:00 04:00"),
        (
            "Europe/Berlin", date(2027, 10, 31), time(5), HOUR,
            "00:00 01:00 02:00 02:00 03:00 04:00",
        ),
        (
            LORD_HOWE, date(2027, 10, 3), time(4), 30 * MINUTE,
            "00:00 00:30 01:00 01:30 02:30 03:00 03:30",
        ),
        (
            LORD_HOWE, date(2027, 4, 4), time(4), 30 * MINUTE,
            "00:00 00:30 01:00 01:30 01:30 02:00 02:30 03:00 03:30",
        ),
    ],
)  # fmt: skip
def test_a_skipped_time_is_not_offered_and_one_that_comes_twice_is_offered_twice(
    zone: str, day: date, closes: time, length: timedelta, shown: str
) -> None:
    venue = make_venue("practice", slot_length=length, longest_stay=None, horizon=None)
    zoned(venue, zone)
    add_hours(venue, time(0), closes, resource=venue.resources.get())
    found = slots(venue, day)
    assert starts(found, venue) == shown.split()
    assert len({slot.window.start for slot in found}) == len(found)
    assert all(comes_to(of_window(venue, slot.window)) is None for slot in found)


def test_where_it_is_open_day_and_night_starts_are_counted_from_each_midnight() -> None:
    venue = make_venue("parking", step=2 * HOUR, default_length=3 * HOUR)
    zoned(venue, "Europe/Berlin")
    found = slots(venue, date(2027, 3, 28), date(2027, 3, 29))
    assert starts(found, venue) == [
        *("00:00", "03:00", "05:00", "07:00", "09:00", "11:00"),
        *("13:00", "15:00", "17:00", "19:00", "21:00", "23:00"),
        *(f"{hour:02}:00" for hour in range(0, 24, 2)),
    ]
    assert all(comes_to(of_window(venue, slot.window)) is None for slot in found)


def test_a_provider_is_open_by_a_zone_of_their_own_and_shown_in_the_clients() -> None:
    venue = zoned(make_venue("practice", units=2), "Europe/Amsterdam")
    here, there = venue.resources.order_by("pk")
    there.time_zone = "Asia/Tokyo"
    there.save()
    for provider in (here, there):
        add_hours(venue, time(9), time(9, 30), resource=provider)
    found = slots(venue, date(2027, 3, 3))
    assert [(slot.unit.name, f"{slot.window.start:%d %H:%M}") for slot in found] == [
        ("2", "03 00:00"),
        ("2", "03 00:15"),
        ("1", "03 08:00"),
        ("1", "03 08:15"),
    ]
    honolulu = modes.days(date(2027, 3, 2), date(2027, 3, 2), ZoneInfo("Pacific/Honolulu"))
    seen = availability.slots(again(venue), honolulu, now=clock.now())
    assert [f"{slot.window.start:%d %H:%M}" for slot in seen] == [
        "03 00:00", "03 00:15", "03 08:00", "03 08:15",
    ]  # fmt: skip
    alone = availability.of_unit(there, honolulu, now=clock.now())
    assert [f"{slot.window.start:%d %H:%M}" for slot in alone] == ["03 00:00", "03 00:15"]


def test_buffers_keep_neighbouring_slots_apart() -> None:
    venue = make_venue("restaurant", default_length=HOUR, step=HOUR, buffer_after=15 * MINUTE)
    add_hours(venue, time(11), time(15))
    row = hold(venue, NOON, 1)
    assert unit(row) == "1"
    assert [slot.state for slot in slots(venue)] == ["taken", "taken", "taken", "free"]


def queries(read: Callable[[], object]) -> int:
    read()  # What the venue sells by is read once, and kept.
    with CaptureQueriesContext(connection) as asked:
        read()
    return len(asked)


def test_reading_costs_the_same_whatever_there_is_to_read() -> None:
    venue = make_venue("restaurant", units=1)
    add_hours(venue, time(12), time(22))
    # Whether the venue is as it was read; what takes its units.
    for number in range(3):
        assert queries(lambda: of_range(venue)) == 2
        assert queries(lambda: of_range(venue, category="standard")) == 2
        assert queries(lambda: month(venue, date(2027, 3, 1))) == 2
        assert queries(lambda: slots(venue, MONDAY, MONDAY + 30 * DAY)) == 2
        add_category(venue, f"more-{number}", units=4)
        for day in range(5):
            hold(venue, NOON + day * DAY, category="standard" if not number else f"more-{number}")


def test_looking_for_whom_to_move_costs_one_query_more_however_many_categories_ask() -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    for number in range(3):
        category = venue.categories.last()
        assert category is not None
        pair = zip((NOON, NOON + HOUR), category.resources.order_by("pk"), strict=True)
        for start, one in pair:
            hold(venue, start, 1, resource=one.pk)
        Allocation.objects.update(is_locked=False)
        assert queries(lambda: of_range(venue)) == 3
        assert set(counts(of_range(venue)).values()) == {1}
        add_category(venue, f"more-{number}", units=2)


def test_a_refused_range_costs_no_more() -> None:
    venue = make_venue("restaurant", horizon=HOUR)
    assert queries(lambda: of_range(venue)) == 2


def test_confirming_changes_nothing_of_what_is_free() -> None:
    venue = make_venue("restaurant")
    row = hold(venue)
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert counts(of_range(venue)) == {"standard": 0}
    with pytest.raises(Refusal):
        hold(venue)
