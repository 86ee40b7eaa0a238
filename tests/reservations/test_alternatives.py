"""What is offered instead of a refused time: at most three, each of which can be booked."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import clock
from reservations.alternatives import find
from reservations.alternatives.search import Alternative
from reservations.inventory import closures
from reservations.models import Allocation
from reservations.requests import Booking, Contact, Times
from tests.effort import some
from tests.factories import DESK, NOON, add_category, add_hours, booking, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import DAY, HOUR, MINUTE
from tests.reservations.test_snapshot import join
from tests.reservations.worlds import comes_to, moments, of_window
from venues.hours import Window
from venues.models import Opening, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def instead(wish: Booking) -> list[Alternative]:
    """The alternatives, after a look that each can be booked, as it is told, at this moment."""
    found = find.for_booking(wish, by=DESK, now=clock.now())
    assert len(found) <= 3
    assert len({(one.window, one.category.pk, one.unit) for one in found}) == len(found)
    for one in found:
        assert comes_to(offered(wish, one)) is None, one
    return found


def offered(wish: Booking, one: Alternative) -> Booking:
    """The wish, as the alternative would have it."""
    venue = Venue.objects.get(slug=wish.venue)
    code, resource = (None, one.unit.pk) if one.unit else (one.category.code, None)
    return of_window(
        venue, one.window, category=code, resource=resource, guest_count=wish.guest_count
    )


def told(found: list[Alternative]) -> list[tuple[float, str, str | None]]:
    """Hours from NOON, category, unit."""
    return [
        (
            (one.window.start - NOON) / HOUR,
            one.category.code,
            one.unit.name if one.unit else None,
        )
        for one in found
    ]


def lot(units: int = 1, **policy: Any) -> Venue:
    return make_venue("parking", units=units, **{"unit_choice": "guest"} | policy)


def test_the_nearest_earlier_and_later_times_and_the_next() -> None:
    venue = lot()
    hold(venue)
    assert told(instead(booking(venue))) == [
        (-2, "standard", None),
        (2, "standard", None),
        (-4, "standard", None),
    ]


def test_nearest_first_whether_before_or_after() -> None:
    venue = lot()
    hold(venue, NOON - 4 * HOUR, 8)
    found = [start for start, _, _ in told(instead(booking(venue)))]
    assert found == [4, -6, 6]


def test_another_category_at_the_same_time_comes_first_and_leaves_room_for_other_times() -> None:
    venue = lot()
    for code in ("wide", "tall", "covered"):
        add_category(venue, code)
    hold(venue, category="standard")
    found = told(instead(booking(venue, category="standard")))
    assert found == [(0, "wide", None), (-2, "standard", None), (2, "standard", None)]


def test_where_no_other_time_is_free_other_categories_fill_the_list() -> None:
    venue = lot()
    for code in ("wide", "tall", "covered", "long"):
        add_category(venue, code)
    ids = [unit.pk for unit in venue.resources.filter(category__code="standard")]
    week = Window(NOON - DAY, NOON + 20 * DAY)
    closures.close(venue_id=venue.pk, resource_ids=ids, window=week, reason="paint", by=DESK)
    found = told(instead(booking(venue, category="standard")))
    assert found == [(0, "wide", None), (0, "tall", None), (0, "covered", None)]


def test_another_unit_first_and_then_the_same_one_at_other_times() -> None:
    venue = lot(units=3)
    first, second, _ = venue.resources.order_by("pk")
    hold(venue, resource=first.pk)
    hold(venue, resource=second.pk)
    found = told(instead(booking(venue, resource=first.pk)))
    assert found == [(0, "standard", "3"), (-2, "standard", "1"), (2, "standard", "1")]


def test_a_unit_of_another_category_where_those_like_it_are_taken() -> None:
    venue = lot()
    add_category(venue, "wide")
    hold(venue, category="standard")
    found = told(instead(booking(venue, resource=venue.resources.get(name="1").pk)))
    assert found[0] == (0, "wide", "2")


def test_who_named_nothing_is_offered_a_dearer_category() -> None:
    venue = lot()
    wide = add_category(venue, "wide")
    Rate.objects.create(venue=venue, category=wide, unit=Rate.Unit.HOUR, amount_minor=9_000)
    hold(venue, category="standard")
    found = instead(booking(venue))
    assert told(found)[0] == (0, "wide", None)
    assert found[0].price_minor == 18_000


def test_what_is_given_only_on_request_is_not_offered_to_others() -> None:
    venue = lot()
    add_category(venue, "accessible", is_on_request=True)
    hold(venue, category="standard")
    assert {code for _, code, _ in told(instead(booking(venue)))} == {"standard"}
    hold(venue, category="accessible")
    assert {code for _, code, _ in told(instead(booking(venue, category="accessible")))} == {
        "accessible"
    }


def test_a_party_is_offered_what_seats_it() -> None:
    venue = make_venue("restaurant", units=1, capacity=2)
    add_category(venue, "window", units=1, capacity=4)
    hold(venue, category="window")
    found = told(instead(booking(venue, category="window", guest_count=4)))
    assert {code for _, code, _ in found} == {"window"}


def test_a_party_for_tables_together_is_offered_them_at_other_times() -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    join(venue, 8, "1", "2")
    hold(venue)
    found = told(instead(booking(venue, guest_count=8)))
    assert [abs(start) for start, _, _ in found] == [2.25, 2.25, 2.5]


def test_room_that_only_moving_somebody_makes_is_offered() -> None:
    venue = lot(units=2)
    add_hours(venue, time(12), time(16))
    one, two = venue.resources.order_by("pk")
    for unit, start, hours in ((one, 12, 3), (two, 12, 2), (two, 15, 1)):
        hold(venue, NOON.replace(hour=start), hours, resource=unit.pk)
    assert told(instead(booking(venue)))[0][0] == -22
    Allocation.objects.update(is_locked=False)
    # An hour is left on each; together they are two in a row.
    assert told(instead(booking(venue)))[0] == (2, "standard", None)


def test_nothing_is_offered_where_nothing_is_to_be_had() -> None:
    venue = lot()
    ids = [venue.resources.get().pk]
    month = Window(NOON - DAY, NOON + 30 * DAY)
    closures.close(venue_id=venue.pk, resource_ids=ids, window=month, reason="paint", by=DESK)
    assert instead(booking(venue)) == []
    assert instead(booking(venue, resource=ids[0])) == []


@pytest.mark.parametrize(
    "wish",
    [
        {"guest_count": 99},
        {"times": Times()},
        {"times": Times(starts_at=NOON, ends_at=NOON)},
        {"times": Times(starts_at=NOON, ends_at=NOON + 101 * DAY)},
    ],
)
def test_what_could_never_be_booked_has_no_alternative(wish: dict[str, Any]) -> None:
    assert instead(booking(lot(), **wish)) == []


def test_a_venue_that_is_not_there_has_none() -> None:
    venue = lot()
    wish = booking(venue)
    Venue.objects.update(is_active=False)
    assert find.for_booking(wish, by=DESK, now=NOON) == []


def test_what_is_too_near_or_too_far_is_not_offered(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(notice=HOUR, horizon=4 * HOUR)
    hold(venue, NOON - 23 * HOUR, 2)
    frozen.move_to(NOON - DAY)
    found = told(instead(booking(venue, NOON - 23 * HOUR)))
    # At -20 one could have it too, but who may have -21 is helped little by that.
    assert found == [(-21, "standard", None)]


def test_nights_are_offered_from_seven_days_before_to_seven_after() -> None:
    venue = make_venue("hotel")
    ids = [venue.resources.get().pk]
    for first, last in ((-4, 6), (8, 30)):
        window = Window(NOON + first * DAY, NOON + last * DAY)
        closures.close(venue_id=venue.pk, resource_ids=ids, window=window, reason="paint", by=DESK)
    nights = Times(check_in=date(2027, 3, 1), check_out=date(2027, 3, 3))
    found = instead(booking(venue, times=nights))
    assert [one.window.start.date() for one in found] == [date(2027, 3, 7)]
    assert [one.window.end.date() for one in found] == [date(2027, 3, 9)]
    assert found[0].price_minor == 2_000


def test_a_closed_night_within_the_stay_is_stepped_over() -> None:
    venue = make_venue("hotel", notice=timedelta(0))
    Opening.objects.create(venue=venue, date=date(2027, 3, 2))
    nights = Times(check_in=date(2027, 3, 1), check_out=date(2027, 3, 3))
    found = instead(booking(venue, times=nights))
    assert [one.window.start.date() for one in found] == [
        date(2027, 2, 28),
        date(2027, 3, 3),
        date(2027, 3, 4),
    ]


def test_a_time_while_it_is_closed_is_answered_with_times_while_it_is_open() -> None:
    venue = make_venue("restaurant")
    add_hours(venue, time(17), time(22))
    found = told(instead(booking(venue)))
    assert [start for start, _, _ in found] == [5, 5.25, 5.5]


def test_a_time_between_the_steps_is_answered_with_those_beside_it() -> None:
    venue = make_venue("restaurant")
    found = told(instead(booking(venue, NOON + 5 * MINUTE)))
    assert [round(start * 60) for start, _, _ in found] == [0, 15, -15]


def test_every_provider_is_offered_by_a_schedule_of_their_own() -> None:
    venue = make_venue("practice", units=2, notice=timedelta(0))
    early, late = venue.resources.order_by("pk")
    add_hours(venue, time(8), time(8, 30), resource=early)
    add_hours(venue, time(12), time(12, 30), resource=late)
    hold(venue, NOON, 0.25, resource=late.pk)
    named = instead(booking(venue, NOON, 0.25, resource=late.pk))
    assert told(named)[0] == (0.25, "standard", "2")
    assert told(instead(booking(venue, NOON, 0.25)))[0] == (0.25, "standard", None)
    assert {one.unit.name for one in named if one.unit} == {"1", "2"}


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(40, 44)))
def test_each_can_be_booked_whatever_is_going_on(seed: int, frozen: FrozenDateTimeFactory) -> None:
    for venue, window, party in moments(seed, frozen):
        wishes = [
            of_window(venue, window, category="standard", guest_count=party),
            of_window(venue, window, guest_count=party),
            of_window(venue, window, resource=venue.resources.all()[0].pk, guest_count=party),
        ]
        for wish in wishes:
            if comes_to(wish) is None:
                continue
            found = instead(wish)
            distances = [abs(one.window.start - window.start) for one in found]
            assert distances == sorted(distances)
            for one in found:
                same = one.window == window and one.category.code == wish.category
                assert not same
                assert one.window != window or one.unit is None or one.unit.pk != wish.resource


def test_looking_costs_the_same_however_much_is_taken() -> None:
    venue = make_venue("restaurant", units=1)
    add_hours(venue, time(12), time(22))
    start: datetime = NOON
    counts = []
    for number in range(3):
        wish = booking(venue, category="standard")
        find.for_booking(wish, by=DESK, now=clock.now())
        with CaptureQueriesContext(connection) as asked:
            find.for_booking(wish, by=DESK, now=clock.now())
        counts.append(len(asked))
        add_category(venue, f"more-{number}", units=4)
        for _ in range(4):
            hold(venue, start, category="standard" if not number else f"more-{number - 1}")
            start += 3 * HOUR if start.hour < 18 else 18 * HOUR
    # Whether the venue is as it was read; what takes its units near by, and then further off;
    # whom to move, in either look.
    assert max(counts) <= 5


BOB = Contact(first_name="Bob", last_name="Byron", phone="+31205550123")


@pytest.mark.parametrize("named", [True, False])
def test_a_day_on_which_the_client_has_one_is_not_offered(named: bool) -> None:
    venue = make_venue("practice", notice=timedelta(0), per_day="refuse")
    unit = venue.resources.get()
    add_hours(venue, time(12), time(13), resource=unit)
    client = UserFactory.create().pk
    hold(venue, NOON + 45 * MINUTE, 0.25, resource=unit.pk, guest_id=client)
    hold(venue, NOON, 0.25, resource=unit.pk, contact=BOB)
    place = {"resource": unit.pk} if named else {"category": "standard"}
    others = find.for_booking(booking(venue, NOON, 0.25, **place), by=DESK, now=clock.now())
    assert others[0].window.start == NOON + 15 * MINUTE
    wish = booking(venue, NOON, 0.25, guest_id=client, **place)
    mine = find.for_booking(wish, by=DESK, now=clock.now())
    assert [one.window.start.date() for one in mine] == [date(2027, 2, 28)] * 2 + [date(2027, 3, 2)]
    for one in mine:
        theirs = of_window(venue, one.window, guest_id=client, **place)
        assert comes_to(theirs) is None
