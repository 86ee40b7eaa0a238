"""What a refused change could ask for instead: its own time is free to it, and each can be made."""

from datetime import date, time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock
from reservations.alternatives import find
from reservations.alternatives.search import Alternative
from reservations.models import Reservation
from reservations.requests import Change, Times
from reservations.status import Status
from tests.effort import some
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import DAY, HOUR, MINUTE
from tests.reservations.worlds import change_comes_to, moments
from venues.hours import Window
from venues.models import Policy, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def to(start: Any, hours: float = 2, **fields: Any) -> Change:
    return Change(times=Times(starts_at=start, ends_at=start + hours * HOUR), **fields)


def instead(row: Reservation, wish: Change) -> list[Alternative]:
    """The alternatives, after a look that each can be asked for, as it is told, at this moment."""
    row.refresh_from_db()
    found = find.for_change(row, wish, by=DESK, now=clock.now())
    assert len(found) <= 3
    assert len({(one.window, one.category.pk, one.unit) for one in found}) == len(found)
    for one in found:
        assert change_comes_to(row, offered(wish, one)) is None, one
    return found


def offered(wish: Change, one: Alternative) -> Change:
    """The wish, as the alternative would have it."""
    return Change(
        times=Times(starts_at=one.window.start, ends_at=one.window.end),
        category=one.category.code,
        resource=one.unit.pk if one.unit else None,
        guest_count=wish.guest_count,
    )


def told(found: list[Alternative]) -> list[tuple[float, str, str | None]]:
    """Hours from NOON, category, unit."""
    return [
        ((one.window.start - NOON) / HOUR, one.category.code, one.unit.name if one.unit else None)
        for one in found
    ]


def lot(units: int = 1, **policy: Any) -> Venue:
    return make_venue("parking", units=units, **{"unit_choice": "guest"} | policy)


def test_another_time_is_offered_and_not_the_one_it_has() -> None:
    venue = lot()
    row = hold(venue)
    hold(venue, NOON + 3 * HOUR)
    wish = to(NOON + 2 * HOUR)
    assert change_comes_to(row, wish) is not None
    # What overlaps its own time is free to it.
    assert told(instead(row, wish)) == [
        (1, "standard", None),
        (5, "standard", None),
        (-1, "standard", None),
    ]


def test_its_own_time_is_free_to_it() -> None:
    venue = lot(step=HOUR)
    row = hold(venue)
    hold(venue, NOON + 3 * HOUR)
    assert told(instead(row, to(NOON + 2 * HOUR))) == [
        (1, "standard", None),
        (5, "standard", None),
        (-1, "standard", None),
    ]


def test_a_promised_unit_is_answered_with_others() -> None:
    venue = lot(units=3)
    first, second, _ = venue.resources.order_by("pk")
    row = hold(venue, resource=first.pk)
    later = NOON + 4 * HOUR
    hold(venue, later, resource=first.pk)
    hold(venue, later, resource=second.pk)
    assert told(instead(row, to(later)))[0] == (4, "standard", "3")
    taken = Change(resource=second.pk)
    hold(venue, resource=second.pk)
    assert told(instead(row, taken))[0] == (0, "standard", "3")


def test_where_the_venue_chooses_a_category_is_offered() -> None:
    venue = make_venue("parking", units=1)
    add_category(venue, "wide")
    row = hold(venue, category="standard")
    hold(venue, NOON + 2 * HOUR, category="standard")
    assert told(instead(row, to(NOON + 2 * HOUR)))[0] == (2, "wide", None)


def test_a_party_grown_too_large_is_offered_what_seats_it_at_the_same_time() -> None:
    venue = make_venue("restaurant", units=1, capacity=2)
    large = add_category(venue, "window", units=1, capacity=4)
    Rate.objects.create(venue=venue, category=large, unit=Rate.Unit.FLAT, amount_minor=7)
    row = hold(venue, category="standard")
    wish = Change(guest_count=4)
    refusal = change_comes_to(row, wish)
    assert refusal is not None and refusal.code == "party_too_large"
    found = instead(row, wish)
    assert told(found)[0] == (0, "window", None)
    assert found[0].price_minor == 7
    assert instead(row, Change(guest_count=9)) == []


def test_within_the_notice_the_time_it_has_can_still_be_kept(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("hotel", units=1, capacity=2)
    add_category(venue, "suite", capacity=4)
    nights = Times(check_in=date(2027, 3, 1), check_out=date(2027, 3, 3))
    row = hold(venue, times=nights, category="standard")
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    assert instead(row, Change(guest_count=3))[0].category.code == "suite"


def test_another_unit_at_the_same_time_costs_what_it_did() -> None:
    venue = lot(units=3)
    first, second, _ = venue.resources.order_by("pk")
    row = hold(venue, resource=first.pk)
    hold(venue, resource=second.pk)
    venue.rates.update(amount_minor=9_900)
    found = instead(row, Change(resource=second.pk))
    assert [(one.window.start == NOON, one.price_minor) for one in found] == [
        (True, 2_000), (False, 19_800), (False, 19_800),
    ]  # fmt: skip


def test_a_guest_who_is_here_can_go_on_elsewhere_and_at_no_other_time(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot(units=2)
    add_category(venue, "wide")
    first, second = venue.resources.filter(category__code="standard").order_by("pk")
    row = hold(venue, resource=first.pk)
    hold(venue, resource=second.pk)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    hold(venue, NOON + 2 * HOUR, resource=first.pk)
    wish = Change(times=Times(ends_at=NOON + 4 * HOUR))
    hold(venue, NOON + 2 * HOUR, resource=second.pk)
    assert told(instead(row, wish)) == [(0, "wide", None)]
    too_long = Change(times=Times(ends_at=NOON + 31 * DAY))
    assert instead(row, too_long) == []


def test_a_guest_who_is_here_can_stay_where_they_are_until_the_next_comes(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot(buffer_after=10 * MINUTE, buffer_before=5 * MINUTE)
    unit = venue.resources.get().pk
    row = hold(venue, resource=unit)
    hold(venue, NOON + 5 * HOUR, resource=unit)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    (found,) = instead(row, Change(times=Times(ends_at=NOON + 6 * HOUR)))
    assert found.window == Window(NOON, NOON + 5 * HOUR - 10 * MINUTE)


def test_a_guest_of_a_hotel_can_stay_for_the_nights_that_are_left(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("hotel", units=1)
    nights = [date(2027, 3, day) for day in (1, 2, 4, 6)]
    row, next_row = (
        hold(venue, times=Times(check_in=nights[number], check_out=nights[number + 1]))
        for number in (0, 2)
    )
    for made in (row, next_row):
        actions.confirm(reservation_id=made.pk, by=DESK)
    frozen.move_to(NOON + 4 * HOUR)
    actions.check_in(reservation_id=row.pk, by=DESK)
    (found,) = instead(row, Change(times=Times(check_out=nights[3])))
    assert found.window.end.date() == nights[2]


def test_one_a_day_takes_no_other_of_the_day() -> None:
    venue = make_venue("practice", units=1, notice=0 * DAY)
    assert venue.policy.per_day == Policy.PerDay.REPLACE
    unit = venue.resources.get()
    add_hours(venue, time(12), time(13), resource=unit)
    guest = UserFactory.create().pk
    kept = [
        hold(venue, NOON + days * DAY, 0.25, resource=unit.pk, guest_id=guest) for days in (0, 1)
    ]
    other = UserFactory.create().pk
    hold(venue, NOON + 15 * MINUTE, 0.25, resource=unit.pk, guest_id=other)
    wish = to(NOON + 15 * MINUTE, 0.25)
    found = instead(kept[0], wish)
    assert {one.window.start.date() for one in found} == {date(2027, 3, 1), date(2027, 2, 28)}


def test_a_wish_that_is_no_range_has_none() -> None:
    row = hold(lot())
    assert instead(row, Change(times=Times(starts_at=NOON, ends_at=NOON))) == []


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(51, 53)))
def test_each_can_be_asked_for_whatever_is_going_on(
    seed: int, frozen: FrozenDateTimeFactory
) -> None:
    refused = 0
    for _, window, party in moments(seed, frozen):
        now = clock.now()
        for row in Reservation.objects.all():
            if row.status_at(now) not in (Status.HELD, Status.UPCOMING, Status.PRESENT):
                continue
            start = row.starts_at if row.status_at(now) is Status.PRESENT else window.start
            if window.end <= start or window.end <= now:
                continue
            times = Times(starts_at=start, ends_at=window.end)
            wish = Change(times=times, guest_count=party)
            refusal = change_comes_to(row, wish)
            if refusal is not None and refusal.code in (
                "taken",
                "held_by_other",
                "occupied",
                "party_too_large",
            ):
                refused += 1
                for one in instead(row, wish):
                    assert one.window != Window(row.starts_at, row.ends_at) or (
                        party != row.guest_count or one.category != row.category or one.unit
                    )
    assert refused


def test_looking_costs_the_same_however_much_is_taken() -> None:
    venue = lot()
    row = hold(venue)
    counts: list[int] = []
    for _ in range(3):
        hold(venue, NOON + 2 * HOUR * (len(counts) + 1))
        with CaptureQueriesContext(connection) as asked:
            find.for_change(row, to(NOON + 2 * HOUR), by=DESK, now=clock.now())
        counts.append(len(asked))
    assert max(counts) <= 10 and counts[0] == counts[-1]
