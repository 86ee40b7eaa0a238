"""What a policy and the hours say of a wish, each rule at its very boundary."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations.errors import (
    Closed,
    Invalid,
    NotOffered,
    PartyTooLarge,
    Refusal,
    TooFar,
    TooLong,
    TooShort,
    TooSoon,
)
from reservations.models import Reservation
from reservations.requests import Times
from tests.factories import NOON, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

NOW = NOON - DAY


def judged(venue: Venue, start: datetime, hours: float = 2, **wish: Any) -> type[Refusal] | None:
    """What a booking is refused for, or None where it is taken."""
    try:
        hold(venue, start, hours, **wish)
    except Refusal as refusal:
        return type(refusal)
    return None


def open_daily(opens: time, closes: time, **policy: Any) -> Venue:
    venue = make_venue(horizon=None, longest_stay=None, **policy)
    add_hours(venue, opens, closes)
    return venue


@pytest.mark.parametrize(("offset", "refusal"), [(-1, TooSoon), (0, None), (1, None)])
def test_a_start_exactly_a_day_ahead_is_far_enough(
    offset: int, refusal: type[Refusal] | None
) -> None:
    assert judged(make_venue(notice=DAY), NOON + offset * SECOND) is refusal


def test_too_soon_says_from_when_on() -> None:
    with pytest.raises(TooSoon) as refusal:
        hold(make_venue(notice=DAY), NOON - SECOND)
    assert refusal.value.facts == {"earliest_start": NOON}


@pytest.mark.parametrize(("offset", "refusal"), [(-60, TooSoon), (-59, None), (0, None), (1, None)])
def test_without_a_notice_only_the_past_is_too_soon(
    offset: int, refusal: type[Refusal] | None
) -> None:
    assert judged(make_venue(notice=0 * DAY), NOW + offset * SECOND) is refusal


@pytest.mark.parametrize("kind", ["hotel", "practice"])
def test_hotels_and_practices_ask_for_a_day(kind: str) -> None:
    assert make_venue(kind).policy.notice == DAY


@pytest.mark.parametrize("kind", ["restaurant", "parking"])
def test_restaurants_and_parking_ask_for_none(kind: str) -> None:
    assert make_venue(kind).policy.notice == timedelta(0)


@pytest.mark.parametrize(("offset", "refusal"), [(-1, None), (0, None), (1, TooFar)])
def test_the_horizon_is_the_last_start(offset: int, refusal: type[Refusal] | None) -> None:
    venue = make_venue(horizon=30 * DAY)
    assert judged(venue, NOW + 30 * DAY + offset * SECOND) is refusal


@pytest.mark.parametrize(("offset", "refusal"), [(-1, TooShort), (0, None), (1, None)])
def test_the_shortest_stay(offset: int, refusal: type[Refusal] | None) -> None:
    venue = make_venue(shortest_stay=HOUR)
    assert judged(venue, NOON, 1 + offset / 3600) is refusal


@pytest.mark.parametrize(
    ("length", "shortest", "refusal"),
    [
        (timedelta(microseconds=1), None, TooShort),
        (MINUTE - timedelta(microseconds=1), None, TooShort),
        (MINUTE, None, None),
        # A venue may sell less.
        (SECOND, SECOND, None),
    ],
)
def test_no_reservation_is_shorter_than_a_minute(
    length: timedelta, shortest: timedelta | None, refusal: type[Refusal] | None
) -> None:
    venue = make_venue(shortest_stay=shortest)
    assert judged(venue, NOON, length / HOUR) is refusal


@pytest.mark.parametrize(("offset", "refusal"), [(-1, None), (0, None), (1, TooLong)])
def test_the_longest_stay(offset: int, refusal: type[Refusal] | None) -> None:
    venue = make_venue(longest_stay=4 * HOUR)
    assert judged(venue, NOON, 4 + offset / 3600) is refusal


@pytest.mark.parametrize(("nights", "refusal"), [(2, TooShort), (3, None), (7, None), (8, TooLong)])
def test_nights_are_counted_by_their_dates(nights: int, refusal: type[Refusal] | None) -> None:
    venue = make_venue("hotel", shortest_stay=3 * DAY, longest_stay=7 * DAY)
    first = NOON.date() + 10 * DAY
    times = Times(check_in=first, check_out=first + nights * DAY)
    assert judged(venue, NOON, times=times) is refusal


@pytest.mark.parametrize(("offset", "refusal"), [(0, None), (1, TooLong)])
def test_no_reservation_is_longer_than_a_row_may_be(
    offset: int, refusal: type[Refusal] | None
) -> None:
    venue = make_venue(longest_stay=None, buffer_after=HOUR)
    assert judged(venue, NOON, 100 * 24 - 1 + offset / 3600) is refusal


@pytest.mark.parametrize(("party", "refusal"), [(4, None), (5, PartyTooLarge)])
def test_a_party_is_at_most_what_a_unit_seats(party: int, refusal: type[Refusal] | None) -> None:
    assert judged(make_venue(capacity=4), NOON, guest_count=party) is refusal


@pytest.mark.parametrize(
    ("times", "field"),
    [
        (Times(), "starts_at"),
        (Times(starts_at=NOON, ends_at=NOON), "ends_at"),
        (Times(starts_at=NOON, ends_at=NOON - SECOND), "ends_at"),
    ],
)
def test_times_that_are_no_range_name_the_field(times: Times, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        hold(make_venue(), times=times)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("times", "field"),
    [
        (Times(check_out=date(2027, 3, 9)), "check_in"),
        (Times(check_in=date(2027, 3, 9)), "check_out"),
        (Times(check_in=date(2027, 3, 9), check_out=date(2027, 3, 9)), "check_out"),
    ],
)
def test_dates_that_are_no_night_name_the_field(times: Times, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        hold(make_venue("hotel"), times=times)
    assert refusal.value.field == field


def test_a_start_alone_lasts_as_long_as_is_usual() -> None:
    row = hold(make_venue("restaurant"), times=Times(starts_at=NOON))
    assert row.ends_at == NOON + 2 * HOUR
    with pytest.raises(Invalid):
        hold(make_venue("restaurant", default_length=None), times=Times(starts_at=NOON))


def test_instants_at_a_hotel_are_read_as_the_nights_they_fall_on() -> None:
    venue = make_venue("hotel")
    venue.time_zone = "Asia/Tokyo"
    venue.save()
    tokyo = ZoneInfo("Asia/Tokyo")
    times = Times(
        starts_at=datetime(2027, 3, 9, 1, tzinfo=tokyo),
        ends_at=datetime(2027, 3, 10, 1, tzinfo=tokyo),
    )
    row = hold(venue, times=times)
    assert row.starts_at == datetime(2027, 3, 9, 15, tzinfo=tokyo)
    assert row.ends_at == datetime(2027, 3, 10, 11, tzinfo=tokyo)


@pytest.mark.parametrize(
    ("start", "hours", "refusal"),
    [
        (time(9), 2, None),
        (time(8, 59, 59), 1, Closed),
        (time(15), 2, None),
        (time(15, 0, 1), 2, Closed),
        (time(17), 1, Closed),
        (time(3), 1, Closed),
    ],
)
def test_a_range_lies_within_the_hours(
    start: time, hours: float, refusal: type[Refusal] | None
) -> None:
    venue = open_daily(time(9), time(17))
    assert judged(venue, datetime.combine(NOON.date() + DAY, start, UTC), hours) is refusal


@pytest.mark.parametrize(
    ("hour", "hours", "refusal"),
    [
        (22, 4, None),
        (23, 4, Closed),
        (24, 2, None),
        (25, 1, None),
        (26, 1, Closed),
        (21, 1, Closed),
    ],
)
def test_hours_past_midnight_belong_to_the_day_they_began(
    hour: int, hours: int, refusal: type[Refusal] | None
) -> None:
    venue = make_venue(horizon=None)
    # Tuesdays from ten in the evening until two.
    venue.openings.create(weekday=1, opens=time(22), closes=time(2))
    tuesday = datetime(2027, 3, 9, tzinfo=UTC)
    assert judged(venue, tuesday + hour * HOUR, hours) is refusal
    assert judged(venue, tuesday + DAY + hour * HOUR, hours) is Closed


def test_hours_that_touch_are_one() -> None:
    venue = make_venue()
    for opens, closes in ((time(8), time(12)), (time(12), time(16))):
        add_hours(venue, opens, closes)
    assert judged(venue, NOON - HOUR + DAY, 3) is None


def test_all_day_is_all_day() -> None:
    venue = open_daily(time(0), time(0))
    assert judged(venue, NOON + 11 * HOUR, 30) is None


def test_the_hours_of_a_date_stand_instead_of_the_weekly_ones() -> None:
    venue = open_daily(time(9), time(17))
    venue.openings.create(date=NOON.date() + DAY, opens=time(18), closes=time(20))
    assert judged(venue, NOON + DAY) is Closed
    assert judged(venue, NOON + DAY + 6 * HOUR) is None
    assert judged(venue, NOON + 2 * DAY) is None


def test_a_closed_day_is_closed_but_for_the_night_before() -> None:
    venue = open_daily(time(20), time(2))
    venue.openings.create(date=NOON.date() + DAY)
    assert judged(venue, NOON + 8 * HOUR, 6) is None
    assert judged(venue, NOON + DAY + 8 * HOUR, 1) is Closed
    assert judged(venue, NOON + DAY - 11 * HOUR, 1) is not None


@pytest.mark.parametrize(("nights_from_closed", "refusal"), [(-1, None), (0, Closed), (1, None)])
def test_no_night_of_a_stay_is_a_closed_one(
    nights_from_closed: int, refusal: type[Refusal] | None
) -> None:
    venue = make_venue("hotel")
    closed = NOON.date() + 20 * DAY
    venue.openings.create(date=closed)
    first = closed + nights_from_closed * DAY
    assert judged(venue, NOON, times=Times(check_in=first, check_out=first + DAY)) is refusal


def test_a_room_that_is_closed_for_a_night_leaves_the_others_open() -> None:
    venue = make_venue("hotel", units=2)
    closed = NOON.date() + 20 * DAY
    room = venue.resources.get(name="1")
    venue.openings.create(date=closed, resource=room)
    times = Times(check_in=closed, check_out=closed + DAY)
    assert hold(venue, times=times).allocations.get().resource.name == "2"
    assert judged(venue, NOON, times=times, resource=room.pk) is Closed


@pytest.mark.parametrize(
    ("minutes", "refusal"), [(0, None), (15, None), (20, NotOffered), (14, NotOffered)]
)
def test_a_start_is_on_a_step_from_the_opening(minutes: int, refusal: type[Refusal] | None) -> None:
    venue = open_daily(time(9, 5), time(17, 5), step=15 * MINUTE)
    start = datetime.combine(NOON.date() + DAY, time(9, 5), UTC) + minutes * MINUTE
    assert judged(venue, start) is refusal


@pytest.mark.parametrize(("minutes", "refusal"), [(0, None), (30, None), (10, NotOffered)])
def test_where_nothing_closes_steps_are_from_midnight(
    minutes: int, refusal: type[Refusal] | None
) -> None:
    assert judged(make_venue(step=30 * MINUTE), NOON + minutes * MINUTE) is refusal


def grid(**policy: Any) -> Venue:
    venue = make_venue(slot_length=4 * HOUR, default_length=None, **policy)
    venue.mode = Venue.Mode.SLOT
    venue.save()
    add_hours(venue, time(8), time(20))
    return venue


@pytest.mark.parametrize(
    ("hour", "hours", "refusal"),
    [
        (8, 4, None),
        (12, 4, None),
        (8, 8, None),
        (8, 12, None),
        (9, 4, NotOffered),
        (8, 3, NotOffered),
        (16, 8, Closed),
    ],
)
def test_slots_are_taken_whole(hour: int, hours: int, refusal: type[Refusal] | None) -> None:
    start = datetime.combine(NOON.date() + DAY, time(hour), UTC)
    assert judged(grid(), start, hours) is refusal


def test_a_slot_has_its_length_where_no_end_is_given() -> None:
    row = hold(grid(), times=Times(starts_at=NOON + DAY))
    assert row.ends_at == NOON + DAY + 4 * HOUR


def test_a_unit_is_open_by_its_own_schedule_only() -> None:
    venue = make_venue("practice", units=2)
    doctor, nurse = venue.resources.order_by("pk")
    opens, closes = time(8), time(11)
    venue.openings.create(resource=doctor, date=NOON.date() + 2 * DAY, opens=opens, closes=closes)
    eight = datetime.combine(NOON.date() + 2 * DAY, opens, UTC)
    assert judged(venue, eight, 0.25, resource=nurse.pk) is Closed
    assert hold(venue, eight, 0.25).allocations.get().resource == doctor
    assert judged(venue, eight + 3 * HOUR, 0.25) is Closed


def test_a_units_schedule_is_read_in_its_own_zone() -> None:
    venue = make_venue("practice")
    doctor = venue.resources.get()
    doctor.time_zone = "America/New_York"
    doctor.save()
    venue.openings.create(
        resource=doctor, date=NOON.date() + 2 * DAY, opens=time(8), closes=time(11)
    )
    eight_there = datetime.combine(NOON.date() + 2 * DAY, time(13), UTC)
    assert judged(venue, eight_there - 5 * HOUR, 0.25) is Closed
    assert judged(venue, eight_there, 0.25) is None


def berlin(opens: time, closes: time) -> Venue:
    venue = open_daily(opens, closes)
    venue.time_zone = "Europe/Berlin"
    venue.save()
    return venue


@pytest.mark.parametrize(
    ("start", "hours", "refusal"),
    [
        # In the night of the 28th of March the clocks go from two to three.
        ("2027-03-27T21:00+00:00", 4, None),
        ("2027-03-27T21:00+00:00", 5, Closed),
        # In the night of the 31st of October they go from three back to two.
        ("2027-10-30T20:00+00:00", 6, None),
        ("2027-10-30T20:00+00:00", 7, Closed),
    ],
)
def test_a_night_of_changing_clocks_is_as_long_as_it_is(
    start: str, hours: int, refusal: type[Refusal] | None
) -> None:
    venue = berlin(time(22), time(3))
    venue.policy.longest_stay = None
    assert judged(venue, datetime.fromisoformat(start), hours) is refusal


def test_the_clock_is_read_once_it_is_asked(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(notice=DAY)
    frozen.tick(SECOND)
    assert judged(venue, NOON) is TooSoon
    assert not Reservation.objects.exists()
