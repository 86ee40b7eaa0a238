"""How full a venue is, was and usually is."""

import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock, records, sweeps
from reservations.errors import Invalid, Occupied, Refusal
from reservations.inventory import closures
from reservations.models import Allocation, Reservation
from reservations.reports import occupancy
from reservations.reports.occupancy import LONGEST_LOOK, MOST_STEPS, OccupancyAt, Stats
from reservations.status import Status
from tests.effort import some
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FOUR = Window(NOON, NOON + 4 * HOUR)


def over(venue: Venue, window: Window = FOUR, step: timedelta | None = None) -> list[OccupancyAt]:
    return occupancy.over(records.load_venue(venue.pk), window, step, now=clock.now())


def stats(venue: Venue, window: Window) -> Stats:
    return occupancy.stats(records.load_venue(venue.pk), window, now=clock.now())


def lot(units: int = 1) -> Venue:
    """Spots that the driver chooses, and keeps also when late."""
    return make_venue("parking", units=units, unit_choice="guest", releases_no_shows=False)


def test_the_share_is_of_the_time_of_all_units() -> None:
    venue = lot(units=4)
    hold(venue, NOON, 2)
    hold(venue, NOON + HOUR, 1)
    (found,) = over(venue)
    assert found.window == FOUR
    assert found.taken == 3 / 16


def test_only_what_lies_within_counts() -> None:
    venue = lot()
    hold(venue, NOON - HOUR, 2)
    hold(venue, NOON + 3 * HOUR, 5)
    assert over(venue)[0].taken == 0.5


def test_steps_follow_one_another_and_the_last_may_be_shorter() -> None:
    venue = lot()
    hold(venue, NOON + 2 * HOUR, 2)
    found = over(venue, FOUR, 90 * MINUTE)
    assert [one.window.start for one in found] == [NOON, NOON + 90 * MINUTE, NOON + 3 * HOUR]
    assert found[-1].window.end == FOUR.end
    assert [one.taken for one in found] == [0, 0.6667, 1]


def test_a_step_longer_than_the_window_is_the_window() -> None:
    assert [one.window for one in over(lot(), FOUR, DAY)] == [FOUR]


def test_floors_and_categories_are_told_apart() -> None:
    venue = lot(units=2)
    add_category(venue, "wide", units=2)
    venue.resources.filter(name="4").update(floor=-1)
    hold(venue, NOON, 4, resource=venue.resources.get(name="4").pk)
    hold(venue, NOON, 2, resource=venue.resources.get(name="1").pk)
    (found,) = over(venue)
    assert found.by_floor == {-1: 1.0, 1: 0.1667}
    assert found.by_category == {"standard": 0.25, "wide": 0.5}
    assert found.taken == 0.375


def test_closures_and_holds_take_time_and_lapsed_holds_do_not(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant", units=2, buffer_after=timedelta(0))
    row = hold(venue, NOON, 4, resource=venue.resources.get(name="1").pk)
    ids = [venue.resources.get(name="2").pk]
    closures.close(venue_id=venue.pk, resource_ids=ids, window=FOUR, reason="paint", by=DESK)
    assert row.hold_expires_at
    seen = []
    for instant in around(row.hold_expires_at):
        frozen.move_to(instant)
        seen.append(over(venue)[0].taken)
    assert seen == [1.0, 0.5, 0.5]


def test_what_was_left_early_counts_to_the_leaving(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    row = hold(venue, NOON, 4)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert over(venue)[0].taken == 0.25


def test_a_venue_without_units_is_empty() -> None:
    (found,) = over(make_venue("parking", units=0))
    assert (found.taken, found.by_floor, found.by_category) == (0, {}, {})


@pytest.mark.parametrize(
    ("window", "step", "field"),
    [
        (Window(NOON, NOON), None, "ends_at"),
        (Window(NOON, NOON - SECOND), None, "ends_at"),
        (Window(NOON, NOON + LONGEST_LOOK + SECOND), None, "ends_at"),
        (Window(NOON, NOON + MOST_STEPS * MINUTE + SECOND), MINUTE, "step"),
    ],
)
def test_more_than_an_answer_holds_is_refused(
    window: Window, step: timedelta | None, field: str
) -> None:
    with pytest.raises(Invalid) as fault:
        over(lot(), window, step)
    assert fault.value.field == field


def test_as_much_as_an_answer_holds_is_given() -> None:
    assert len(over(lot(), Window(NOON, NOON + MOST_STEPS * MINUTE), MINUTE)) == MOST_STEPS
    assert len(over(lot(), Window(NOON, NOON + LONGEST_LOOK))) == 1


def test_one_look_serves_every_step() -> None:
    venue = lot()
    for number in range(3):
        over(venue, Window(NOON, NOON + MINUTE), MINUTE)
        with CaptureQueriesContext(connection) as asked:
            found = over(venue, Window(NOON, NOON + 10 * DAY), 15 * MINUTE)
        # Whether the venue is as it was read; what takes its units.
        assert (len(found), len(asked)) == (960, 2)
        add_category(venue, f"more-{number}", units=3)
        for day in range(4):
            hold(venue, NOON + day * DAY, category=f"more-{number}")


def test_hours_and_weekdays_are_those_of_the_venues_clocks() -> None:
    venue = lot()
    Venue.objects.filter(pk=venue.pk).update(time_zone="Asia/Kathmandu")
    # 12:00 in UTC is 17:45 there, on the same Monday.
    hold(venue, NOON, 2)
    found = stats(venue, Window(NOON - DAY, NOON + DAY))
    assert {hour: share for hour, share in found.by_hour.items() if share} == {
        17: 0.25, 18: 1, 19: 0.75,
    }  # fmt: skip
    assert {day: share for day, share in found.by_weekday.items() if share} == {0: 2}
    assert found.peak_hours == [18]
    assert found.reservations == 1


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2027, 3, 28), {0: 1, 1: 1, 2: 0, 3: 1}),
        ("Europe/Berlin", date(2027, 10, 31), {0: 1, 1: 1, 2: 2, 3: 1}),
        ("Australia/Lord_Howe", date(2027, 10, 3), {0: 1, 1: 1, 2: 0.5, 3: 1}),
        ("Australia/Lord_Howe", date(2027, 4, 4), {0: 1, 1: 1.5, 2: 1, 3: 1}),
    ],
)
def test_an_hour_that_comes_twice_counts_twice_and_one_that_is_skipped_never(
    zone: str, day: date, hours: dict[int, float]
) -> None:
    venue = make_venue("parking", longest_stay=None, horizon=None)
    Venue.objects.filter(pk=venue.pk).update(time_zone=zone)
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    end = datetime(day.year, day.month, day.day, 4, tzinfo=ZoneInfo(zone))
    window = Window(start.astimezone(UTC), end.astimezone(UTC))
    hold(venue, window.start, (window.end - window.start) / HOUR)
    found = stats(venue, window)
    assert {hour: found.by_hour[hour] for hour in range(4)} == hours
    assert sum(found.by_hour.values()) == (window.end - window.start) / HOUR


def test_what_was_given_up_or_only_held_or_closed_is_not_usual() -> None:
    venue = make_venue("restaurant", units=4)
    rows = [hold(venue) for _ in range(3)]
    for row in rows[:2]:
        actions.confirm(reservation_id=row.pk, by=DESK)
    actions.cancel(reservation_id=rows[0].pk, by=DESK)
    (last,) = venue.resources.exclude(allocations__is_live=True)[:1]
    closures.close(venue_id=venue.pk, resource_ids=[last.pk], window=FOUR, reason="paint", by=DESK)
    found = stats(venue, Window(NOON - DAY, NOON + DAY))
    assert found.reservations == 1
    # Two hours and the quarter that the table needs afterwards.
    assert sum(found.by_hour.values()) == 2.25


def test_no_shows_are_a_share_of_those_who_should_have_come(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("parking", units=4, grace=HOUR)
    window = Window(NOON - DAY, NOON + 2 * DAY)
    assert stats(venue, window).no_show_share is None
    rows = [hold(venue, NOON, 2) for _ in range(3)]
    hold(venue, NOON + DAY, 2)
    actions.cancel(reservation_id=rows[0].pk, by=DESK)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=rows[1].pk, by=DESK)
    seen = []
    for instant in around(NOON + HOUR):
        frozen.move_to(instant)
        seen.append(stats(venue, window).no_show_share)
    assert seen == [0.0, 0.5, 0.5]


@pytest.mark.parametrize("is_swept", [False, True])
def test_who_did_not_come_had_the_unit_until_then_swept_or_not(
    frozen: FrozenDateTimeFactory, is_swept: bool
) -> None:
    venue = make_venue("parking", grace=HOUR)
    hold(venue, NOON, 4)
    frozen.move_to(NOON + HOUR)
    if is_swept:
        sweeps.mark_no_shows()
    assert over(venue)[0].taken == 0.25
    assert sum(stats(venue, FOUR).by_hour.values()) == 1


@pytest.mark.parametrize("length", [timedelta(0), -SECOND, LONGEST_LOOK + SECOND])
def test_stats_of_no_time_or_too_much_are_refused(length: timedelta) -> None:
    with pytest.raises(Invalid):
        stats(lot(), Window(NOON, NOON + length))


@pytest.mark.parametrize("seed", some(range(3)))
def test_stats_and_shares_are_what_a_plain_count_gives(
    seed: int, frozen: FrozenDateTimeFactory
) -> None:
    dice = random.Random(seed)
    venue = _busy(dice, frozen)
    window = Window(NOON + dice.randrange(20) * HOUR, NOON + dice.randrange(30, 90) * HOUR)
    found, steps = stats(venue, window), over(venue, window, 7 * HOUR)
    assert sweeps.mark_no_shows()
    minutes = _counted(venue, window)
    by_hour = Counter(moment.hour for moment in minutes.elements())
    by_weekday = Counter(moment.weekday() for moment in minutes.elements())
    assert found.by_hour == {hour: round(by_hour[hour] / 60, 3) for hour in range(24)}
    assert found.by_weekday == {day: round(by_weekday[day] / 60, 3) for day in range(7)}
    most = max(by_hour.values())
    assert found.peak_hours == [hour for hour in range(24) if by_hour[hour] == most]
    shares = [_share(venue, one.window, minutes) for one in steps]
    assert [one.taken for one in steps] == pytest.approx(shares, abs=1e-4)
    begun = [
        row
        for row in Reservation.objects.filter(venue=venue)
        if row.status_at(clock.now()) not in (Status.CANCELLED, Status.EXPIRED)
        and window.start <= row.starts_at < window.end
    ]
    assert found.reservations == len(begun)
    due = [row for row in begun if row.checked_in_at or (row.no_show_at or NOON) <= clock.now()]
    missed = [row for row in due if row.status_at(clock.now()) is Status.NO_SHOW]
    assert found.no_show_share == round(len(missed) / len(due), 4)


def _busy(dice: random.Random, frozen: FrozenDateTimeFactory) -> Venue:
    """A lot with some days of stays, of which some were left early, given up or never begun."""
    venue = make_venue("parking", units=3, grace=30 * MINUTE, longest_stay=None)
    Venue.objects.filter(pk=venue.pk).update(time_zone="Asia/Kolkata")
    for _ in range(25):
        start = NOON + dice.randrange(90) * HOUR + dice.randrange(4) * 15 * MINUTE
        try:
            row = hold(venue, start, dice.randrange(1, 40) / 4)
        except Refusal:
            continue
        frozen.move_to(row.starts_at)
        if dice.random() < 0.7:
            with suppress(Occupied):
                row = actions.check_in(reservation_id=row.pk, by=DESK)
            if row.checked_in_at and dice.random() < 0.5:
                frozen.tick(15 * MINUTE)
                actions.check_out(reservation_id=row.pk, by=DESK)
        elif dice.random() < 0.5:
            actions.cancel(reservation_id=row.pk, by=DESK)
        frozen.move_to(NOON - DAY)
    frozen.move_to(NOON + 10 * DAY)
    return venue


def _counted(venue: Venue, window: Window) -> Counter[datetime]:
    """How many units are taken in each local minute of a window, counted one by one."""
    minutes: Counter[datetime] = Counter()
    for row in Allocation.objects.filter(venue=venue, is_live=True):
        moment = max(row.starts_at, window.start)
        while moment < min(row.ends_at, window.end):
            minutes[moment.astimezone(ZoneInfo("Asia/Kolkata"))] += 1
            moment += MINUTE
    return minutes


def _share(venue: Venue, window: Window, minutes: Counter[datetime]) -> float:
    taken = sum(count for at, count in minutes.items() if window.start <= at < window.end)
    return taken * MINUTE / ((window.end - window.start) * venue.resources.count())
