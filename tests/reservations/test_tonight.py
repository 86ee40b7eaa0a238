"""Tonight is sold until the last hour of arrival, and a start a moment ago means now."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.callers import Caller
from reservations import actions, clock, records, sweeps
from reservations.alternatives import find
from reservations.alternatives.search import RefusedWish, Search
from reservations.availability import calendar_days, explanations, offers, open_slots, slots
from reservations.errors import Refusal, TooFar, TooSoon
from reservations.inventory import closures
from reservations.models import Reservation
from reservations.requests import Change, Times
from reservations.rules import modes
from reservations.status import Status
from tests.factories import DESK, GUEST, NOON, booking, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND
from tests.reservations.worlds import comes_to
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MONDAY = date(2027, 3, 1)
BERLIN = ZoneInfo("Europe/Berlin")


def hotel(**policy: Any) -> Venue:
    """A hotel in Berlin without a notice: check-in 15:00, check-out 11:00."""
    rules: dict[str, Any] = {"notice": timedelta(0), "releases_no_shows": False}
    venue = make_venue("hotel", units=1, **rules | policy)
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Berlin")
    return records.load_venue(venue.pk)


def there(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, second, tzinfo=BERLIN)


def tonight(nights: int = 1, day: date = MONDAY) -> Times:
    return Times(check_in=day, check_out=day + nights * DAY)


def told_everywhere(venue: Venue, day: date = MONDAY, *, by: Caller = GUEST) -> set[bool]:
    """What each reader says: can this night be had?"""
    is_desk = by is DESK
    now, times = clock.now(), tonight(day=day)
    window = modes.resolve(venue, times)
    wish = booking(venue, times=times)
    said = explanations.explain(venue, times, resource=None, party=1, now=now, is_desk=is_desk)
    listed = slots.slots(venue, modes.days(day, day, venue.zone), now=now)
    counted = calendar_days.calendar(venue, day, day, now=now)
    offered = offers.of_range(venue, times, party=1, category=None, now=now, is_desk=is_desk)
    opened = open_slots.of_day(venue, day, party=1, now=now)
    # As an alternative to a night that is past, which is not tonight's.
    refused = RefusedWish(
        venue=venue,
        window=modes.stay(venue, day - DAY, day),
        party=1,
        category=None,
        resource=None,
        now=now,
        is_desk=is_desk,
    )
    instead = [one.window for one in Search(refused).run()]
    if is_desk:
        # These are for everybody.
        return {
            comes_to(wish, by=by) is None,
            said.refusal is None,
            sum(offer.count for offer in offered.offers) == 1,
            window in instead,
        }
    return {
        comes_to(wish, by=by) is None,
        said.refusal is None,
        [slot.state for slot in listed] == ["free"],
        counted[0].free == 1,
        sum(offer.count for offer in offered.offers) == 1,
        [slot.window for slot in opened] == [window],
        window in instead,
    }


@pytest.mark.parametrize(
    ("last_arrival", "at", "is_sold"),
    [
        (24, there(1, 14, 59), True),
        (24, there(1, 15, 1), True),
        (24, there(1, 23, 59), True),
        (24, there(2, 0), False),
        (22, there(1, 21, 59), True),
        (22, there(1, 22), False),
        (26, there(2, 1, 59), True),
        (26, there(2, 2), False),
    ],
)
def test_tonight_is_sold_until_the_last_hour_of_arrival(
    frozen: FrozenDateTimeFactory, last_arrival: int, at: datetime, is_sold: bool
) -> None:
    venue = hotel(last_arrival=last_arrival * HOUR)
    frozen.move_to(at)
    assert told_everywhere(venue) == {is_sold}


@pytest.mark.parametrize("by", [DESK, GUEST])
def test_a_notice_still_counts_from_the_check_in_hour(
    frozen: FrozenDateTimeFactory, by: Caller
) -> None:
    venue = hotel(notice=2 * HOUR)
    frozen.move_to(there(1, 13))
    assert comes_to(booking(venue, times=tonight()), by=by) is None
    frozen.move_to(there(1, 13, 0, 1))
    assert isinstance(comes_to(booking(venue, times=tonight()), by=by), TooSoon)


@pytest.mark.parametrize(
    ("day_ends", "at", "is_sold"),
    [
        (4, there(1, 14, 59), False),
        (4, there(1, 15), True),
        (4, there(2, 0, 30), True),
        (4, there(2, 3, 59), True),
        (4, there(2, 4), False),
        (0, there(1, 23, 59), True),
        (0, there(2, 0), False),
    ],
)
def test_the_desk_sells_the_night_that_has_begun_until_its_day_ends(
    frozen: FrozenDateTimeFactory, day_ends: int, at: datetime, is_sold: bool
) -> None:
    venue = hotel(notice=DAY, last_arrival=22 * HOUR, day_ends=time(day_ends))
    frozen.move_to(at)
    assert told_everywhere(venue, by=DESK) == {is_sold}
    assert told_everywhere(venue) == {False}
    # The night before is over, whoever asks.
    assert told_everywhere(venue, MONDAY - DAY, by=DESK) == {False}


def test_staff_move_a_stay_to_the_night_that_has_begun(frozen: FrozenDateTimeFactory) -> None:
    venue = hotel(notice=DAY)
    row = hold(venue, times=tonight(day=MONDAY + 3 * DAY))
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(there(2, 0, 30))
    assert changed(row, check_in=MONDAY, check_out=MONDAY + DAY) is None
    row.refresh_from_db()
    assert row.starts_at == there(1, 15)


def test_the_hour_is_of_local_clocks_on_a_night_when_they_change(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue, saturday = hotel(last_arrival=28 * HOUR), date(2027, 3, 27)
    # Four in the morning of the 28th of March comes after 27 hours.
    for at, is_sold in ((there(28, 3, 59), True), (there(28, 4), False)):
        frozen.move_to(at)
        wish = booking(venue, times=tonight(day=saturday))
        assert (comes_to(wish, by=GUEST) is None) is is_sold


def test_who_books_tonight_is_awaited_from_then_on(frozen: FrozenDateTimeFactory) -> None:
    venue = hotel(grace=2 * HOUR, confirms_at_once=False)
    frozen.move_to(there(1, 22))
    row = hold(venue, times=tonight())
    assert (row.starts_at, row.no_show_at) == (there(1, 15), there(2, 0))
    frozen.tick(10 * MINUTE)
    row = actions.confirm(reservation_id=row.pk, by=DESK)
    assert row.status_at(clock.now()) is Status.UPCOMING
    assert actions.check_in(reservation_id=row.pk, by=DESK).checked_in_at == clock.now()


def test_the_room_of_who_left_this_afternoon_can_be_had_tonight(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = hotel()
    before = hold(venue, times=tonight(2, day=MONDAY - DAY), override_reason="stays over")
    actions.confirm(reservation_id=before.pk, by=DESK)
    frozen.move_to(there(1, 14))
    actions.check_in(reservation_id=before.pk, by=DESK)
    frozen.move_to(there(1, 17))
    assert told_everywhere(venue) == {False}
    actions.check_out(reservation_id=before.pk, by=DESK)
    assert told_everywhere(venue) == {True}
    row = hold(venue, times=tonight())
    (taken,) = row.allocations.all()
    assert (row.starts_at, taken.starts_at) == (there(1, 15), there(1, 17))
    assert told_everywhere(venue) == {False}


def test_a_closure_that_is_over_is_not_in_the_way_tonight(frozen: FrozenDateTimeFactory) -> None:
    venue = hotel()
    closures.close(
        venue_id=venue.pk,
        resource_ids=[venue.resources.get().pk],
        window=Window(there(1, 12), there(1, 16)),
        reason="paint",
        by=DESK,
    )
    frozen.move_to(there(1, 15, 30))
    assert told_everywhere(venue) == {False}
    frozen.move_to(there(1, 16))
    assert told_everywhere(venue) == {True}


def test_a_stay_that_staff_enter_afterwards_takes_all_of_it(frozen: FrozenDateTimeFactory) -> None:
    venue = hotel()
    frozen.move_to(there(2, 9))
    row = hold(venue, times=tonight(2), override_reason="forgotten")
    assert row.allocations.get().starts_at == there(1, 15)


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (1, True), (59, True), (60, False)])
@pytest.mark.parametrize("kind", ["parking", "restaurant"])
def test_a_start_a_moment_ago_means_now(
    frozen: FrozenDateTimeFactory, kind: str, seconds: int, is_taken: bool
) -> None:
    venue = make_venue(kind, units=1)
    frozen.move_to(NOON + seconds * SECOND)
    if not is_taken:
        with pytest.raises(TooSoon):
            hold(venue, NOON)
        return
    row = hold(venue, NOON)
    assert (row.starts_at, row.allocations.get().starts_at) == (NOON, clock.now())
    assert row.price_minor in (2_000, 1_000)


def test_who_left_a_moment_ago_is_not_in_the_way(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("parking", units=1)
    first = hold(venue, NOON - HOUR, 2)
    frozen.move_to(NOON - HOUR)
    actions.check_in(reservation_id=first.pk, by=DESK)
    frozen.move_to(NOON + 10 * SECOND)
    actions.check_out(reservation_id=first.pk, by=DESK)
    frozen.move_to(NOON + 20 * SECOND)
    assert hold(venue, NOON).starts_at == NOON


def changed(row: Reservation, **times: Any) -> type[Refusal] | None:
    try:
        actions.modify(reservation_id=row.pk, change=Change(times=Times(**times)), by=DESK)
    except Refusal as refusal:
        return type(refusal)
    return None


def test_notice_and_horizon_are_judged_where_the_start_moves(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("parking", units=1, notice=DAY, horizon=10 * DAY)
    row = hold(venue, NOON)
    frozen.move_to(NOON - HOUR)
    assert changed(row, ends_at=NOON + 3 * HOUR) is None
    assert changed(row, ends_at=NOON + HOUR) is None
    assert changed(row, starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR) is TooSoon
    assert changed(row, starts_at=NOON + 30 * DAY, ends_at=NOON + 31 * DAY) is TooFar
    far = hold(venue, NOON + 9 * DAY)
    venue.policy.horizon = 5 * DAY
    venue.policy.save()
    assert changed(far, ends_at=NOON + 9 * DAY + HOUR) is None


def test_alternatives_to_a_longer_stay_are_not_refused_for_the_notice(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("hotel", units=2, notice=DAY)
    first = hold(venue, times=tonight(day=MONDAY + DAY), resource=venue.resources.all()[0].pk)
    actions.confirm(reservation_id=first.pk, by=DESK)
    frozen.move_to(NOON)
    times = Times(check_out=MONDAY + 3 * DAY)
    hold(venue, times=tonight(day=MONDAY + 2 * DAY), resource=venue.resources.all()[0].pk)
    change = Change(times=times, resource=venue.resources.all()[0].pk)
    with pytest.raises(Refusal) as refused:
        actions.modify(reservation_id=first.pk, change=change, by=DESK)
    assert refused.value.code == "held_by_other"
    found = find.for_change(first, change, by=DESK, now=clock.now())
    assert [(one.window.start, one.unit.name) for one in found if one.unit][:1] == [
        (first.starts_at, "2")
    ]


def test_alternatives_never_carry_odd_seconds(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    frozen.move_to(NOON + 23 * SECOND)
    for unit in venue.resources.all():
        hold(venue, clock.now(), 2, resource=unit.pk)
    sweeps.mark_no_shows()
    now = clock.now()
    for resource in (None, venue.resources.all()[0].pk):
        wish = RefusedWish(
            venue=records.load_venue(venue.pk),
            window=Window(now, now + 2 * HOUR),
            party=1,
            category=None,
            resource=resource,
            now=now,
        )
        found = Search(wish).run()
        assert found
        for one in found:
            assert not one.window.start.second and not one.window.start.microsecond
            assert not one.window.end.second and not one.window.end.microsecond
            assert comes_to(booking(venue, times=modes.times_of(venue, one.window))) is None
