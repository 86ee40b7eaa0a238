"""The figures of restaurants, lots and practices equal a slow count by the minute."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from uuid import uuid4

import pytest

from reservations.models import Allocation, Reservation
from reservations.reports import visit_figures
from tests.factories import add_hours, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE
from venues.models import Opening, Venue

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2027, 3, 1), date(2027, 3, 7)
NOW = datetime(2027, 3, 5, 13, tzinfo=UTC)
MIDNIGHT = datetime(2027, 3, 1, tzinfo=UTC)


def saved(venue: Venue, start: datetime, length: timedelta, party: int, end: str) -> Reservation:
    came = end in ("left", "here")
    return Reservation.objects.create(
        venue=venue,
        category=venue.categories.get(),
        first_name="Ada",
        last_name="Lovelace",
        phone="+31201234567",
        guest_count=party,
        starts_at=start,
        ends_at=start + length,
        is_arrival_assumed=False,
        is_departure_assumed=False,
        is_no_show_released=True,
        currency="EUR",
        created_at=MIDNIGHT - DAY,
        confirmed_at=None if end == "held" else MIDNIGHT - DAY,
        hold_expires_at=MIDNIGHT if end == "held" else None,
        cancelled_at=MIDNIGHT - HOUR if end == "cancelled" else None,
        checked_in_at=start + 5 * MINUTE if came else None,
        checked_out_at=start + length - 10 * MINUTE if end == "left" else None,
        no_show_at=start + 20 * MINUTE,
    )


def a_week(venue: Venue) -> list[tuple[Reservation, str]]:
    """Visits of every end, each on a unit and at times where no other is."""
    dice = random.Random(3)
    found = []
    for unit in venue.resources.all():
        moment = MIDNIGHT + 9 * HOUR
        while moment < MIDNIGHT + 6 * DAY:
            length = dice.choice([30, 60, 90, 120]) * MINUTE
            end = dice.choice(["left", "left", "no-show", "cancelled", "held"])
            if moment > NOW - 3 * HOUR:
                end = "to come"
            row = saved(venue, moment, length, dice.randint(1, 6), end)
            if end == "to come":
                Reservation.objects.filter(pk=row.pk).update(no_show_at=NOW + 9 * DAY)
            Allocation.objects.create(
                venue=venue,
                resource=unit,
                reservation=row,
                starts_at=moment,
                # With ten minutes of buffer; of a guest who left early, until then.
                ends_at=moment + length + (-10 * MINUTE if end == "left" else 10 * MINUTE),
                is_live=end not in ("cancelled", "held", "no-show"),
            )
            found.append((row, end))
            moment += length + dice.choice([10, 45, 300]) * MINUTE
    return found


def test_covers_turn_time_and_turnover_equal_a_slow_count() -> None:
    venue = make_venue("restaurant", units=3)
    visits = a_week(venue)
    retired = venue.resources.first()
    assert retired is not None
    retired.retired_at = datetime(2027, 3, 4, 12, tzinfo=UTC)
    retired.save()
    for one in visit_figures.by_day(venue, FIRST, LAST, now=NOW):
        rows = [(row, end) for row, end in visits if row.starts_at.date() == one.day]
        there = [row for row, end in rows if end in ("left", "to come")]
        assert (one.visits, one.covers) == (len(there), sum(row.guest_count for row in there))
        assert one.units == (3 if one.day < date(2027, 3, 4) else 2)
        assert one.turnover == Fraction(len(there), one.units)
        turns = [
            (row.checked_out_at - row.checked_in_at).total_seconds()
            for row in there
            if row.checked_out_at and row.checked_in_at
        ]
        expected = sum(turns) / len(turns) if turns else None
        assert (one.turn_time and one.turn_time.total_seconds()) == pytest.approx(expected)


def test_use_of_schedules_equals_a_count_by_the_minute() -> None:
    venue = make_venue("practice", units=2, slot_length=30 * MINUTE)
    first, second = venue.resources.order_by("pk")
    # Hours that overlap count once.
    add_hours(venue, time(9), time(13), resource=first)
    add_hours(venue, time(12), time(15), resource=first)
    add_hours(venue, time(22), time(2), resource=second)
    Opening.objects.create(venue=venue, date=date(2027, 3, 3), resource=first)
    visits = a_week(Venue.objects.get(pk=venue.pk))
    Allocation.objects.filter(resource=first, starts_at__date=date(2027, 3, 2)).delete()
    Allocation.objects.create(
        venue=venue,
        resource=first,
        closure_id=uuid4(),
        starts_at=datetime(2027, 3, 2, 10, tzinfo=UTC),
        ends_at=datetime(2027, 3, 2, 11, 30, tzinfo=UTC),
    )
    taken: dict[int, set[datetime]] = defaultdict(set)
    for row, end in visits:
        for one in Allocation.objects.filter(reservation=row):
            if end in ("left", "to come"):
                minute = one.starts_at
                while minute < min(one.ends_at, row.ends_at):
                    taken[one.resource_id].add(minute)
                    minute += MINUTE
    for found in visit_figures.use_of_schedules(
        Venue.objects.get(pk=venue.pk), FIRST, LAST, now=NOW
    ):
        opened = sold = 0
        for number in range(7 * 24 * 60):
            minute = MIDNIGHT + number * MINUTE
            if found.unit.pk == first.pk:
                is_open = 9 <= minute.hour < 15 and minute.day != 3
                is_open &= not (minute.day == 2 and 600 <= minute.hour * 60 + minute.minute < 690)
            else:
                is_open = minute.hour >= 22 or minute.hour < 2
            opened += is_open
            sold += is_open and minute in taken[found.unit.pk]
        assert (found.open, found.sold) == (opened * MINUTE, sold * MINUTE)
        assert found.use == Fraction(sold, opened)


def test_a_unit_that_is_never_open_has_no_use() -> None:
    venue = make_venue("practice", units=1)
    (found,) = visit_figures.use_of_schedules(venue, FIRST, LAST, now=NOW)
    assert (found.open, found.use) == (timedelta(0), None)
