"""The figures of a hotel's nights equal a slow count over a made-up year."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from reservations.errors import Invalid
from reservations.models import Allocation, Reservation
from reservations.reports import night_figures
from tests.factories import add_category, make_venue
from tests.reservations.facts import DAY
from venues.models import Opening, Rate, Venue

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("Europe/Amsterdam")
NEW_YEAR = date(2027, 1, 1)
NOW = datetime(2027, 7, 1, 12, tzinfo=UTC)
TODAY = NOW.astimezone(ZONE).date()
ENDS = ("came", "came", "came", "left early", "no-show", "cancelled", "held")


@dataclass
class Stay:
    """A stay as the test made it up. `made` and `gone` are dates of booking and cancelling."""

    arrival: date
    nights: int
    amount: int
    end: str
    category: str
    source: str
    made: date
    gone: date
    slept: int
    fee: int

    @property
    def dates(self) -> list[date]:
        return [self.arrival + number * DAY for number in range(self.nights)]

    @property
    def taken(self) -> list[date]:
        """The nights that count as sold."""
        if self.end in ("came", "left early"):
            return self.dates[: self.slept]
        return []


def at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=ZONE).astimezone(UTC)


def made_up(seed: int, count: int) -> list[Stay]:
    dice = random.Random(seed)
    stays = []
    for _ in range(count):
        arrival = NEW_YEAR + dice.randrange(365) * DAY
        nights = dice.choice([1, 1, 2, 3, 7, 14])
        end = dice.choice(ENDS)
        if arrival + nights * DAY >= TODAY and end in ("left early", "no-show"):
            end = "came"
        stays.append(
            Stay(
                arrival=arrival,
                nights=nights,
                amount=dice.randrange(5_000, 20_000),
                end=end,
                category=dice.choice(["standard", "suite"]),
                source=dice.choice(["", "", "acme", "tours"]),
                made=arrival - dice.randrange(1, 90) * DAY,
                gone=arrival - DAY,
                slept=dice.randint(1, nights) if end == "left early" else nights,
                fee=dice.choice([0, 3_300]),
            )
        )
    # A stay is cancelled by now, or is not.
    return [stay for stay in stays if stay.end != "cancelled" or stay.gone < TODAY]


def saved(venue: Venue, stay: Stay) -> Reservation:
    came = stay.end in ("came", "left early") and stay.arrival < TODAY
    start, end = at(stay.arrival, time(15)), at(stay.arrival + stay.nights * DAY, time(11))
    left = None
    if stay.end == "left early":
        # At six in the morning after the last night that was slept.
        left = at(stay.arrival + stay.slept * DAY, time(6))
    elif came and end < NOW:
        left = end
    facts: dict[str, Any] = {
        "confirmed_at": None if stay.end == "held" else at(stay.made, time(12)),
        "checked_in_at": start if came else None,
        "checked_out_at": left,
        "cancelled_at": at(stay.gone, time(12)) if stay.end == "cancelled" else None,
        "no_show_at": start + 6 * timedelta(hours=1) if stay.end == "no-show" else end,
        "hold_expires_at": at(stay.made + DAY, time(12)) if stay.end == "held" else None,
    }
    return Reservation.objects.create(
        venue=venue,
        category=venue.categories.get(code=stay.category),
        partner=stay.source,
        first_name="Ada",
        last_name="Lovelace",
        phone="+31201234567",
        guest_count=1,
        starts_at=start,
        ends_at=end,
        is_arrival_assumed=False,
        is_departure_assumed=False,
        is_no_show_released=False,
        price_minor=stay.nights * stay.amount,
        fee_due_minor=stay.fee if stay.end == "cancelled" else 0,
        currency="EUR",
        created_at=at(stay.made, time(12)),
        **facts,
    )


@pytest.fixture
def venue() -> Venue:
    place = make_venue("hotel", units=6)
    place.time_zone = "Europe/Amsterdam"
    place.save()
    suite = add_category(place, "suite", units=2)
    Rate.objects.create(venue=place, category=suite, unit=Rate.Unit.NIGHT, amount_minor=1)
    return Venue.objects.get(pk=place.pk)


@pytest.fixture
def stays(venue: Venue) -> list[Stay]:
    found = made_up(27, 150)
    for stay in found:
        saved(venue, stay)
    return found


def test_nights_sold_and_their_revenue_equal_a_slow_count(venue: Venue, stays: list[Stay]) -> None:
    last = NEW_YEAR + 364 * DAY
    found = night_figures.by_night(venue, NEW_YEAR, last, now=NOW)
    for one in found:
        sold = sum(stay.taken.count(one.night) for stay in stays)
        # What was agreed for a night that was not slept is revenue all the same.
        paid = [stay for stay in stays if stay.taken and one.night in stay.dates]
        assert (one.sold, one.revenue_minor) == (sold, sum(stay.amount for stay in paid)), one
        assert one.available == 8
    total = night_figures.totals(found)
    assert total.available == 365 * 8
    assert total.occupancy == Fraction(total.sold, 365 * 8)
    assert total.adr_minor is not None
    assert abs(total.adr_minor * total.sold - total.revenue_minor) <= total.sold / 2
    assert total.revpar_minor is not None
    assert abs(total.revpar_minor * 365 * 8 - total.revenue_minor) <= 365 * 8 / 2


def test_345_of_570_nights_are_60_5_per_cent() -> None:
    total = night_figures.Totals(available=570, sold=345, revenue_minor=3_450_001)
    assert total.occupancy is not None
    assert round(float(total.occupancy) * 100, 1) == 60.5
    assert (total.adr_minor, total.revpar_minor) == (10_000, 6_053)


def test_nothing_available_has_no_share() -> None:
    total = night_figures.totals([])
    assert (total.occupancy, total.adr_minor, total.revpar_minor) == (None, None, None)


def test_stays_equal_a_slow_count(venue: Venue, stays: list[Stay]) -> None:
    first, last = date(2027, 3, 1), date(2027, 8, 31)
    found = night_figures.of_stays(venue, first, last, now=NOW)
    within = [stay for stay in stays if first <= stay.arrival <= last]
    came = [stay for stay in within if stay.taken]
    gone = [stay for stay in within if stay.end == "cancelled"]
    missed = [stay for stay in within if stay.end == "no-show"]
    assert (found.arrivals, found.nights) == (len(came), sum(len(stay.taken) for stay in came))
    assert found.average_length == Fraction(found.nights, found.arrivals)
    assert (found.cancelled, found.cancelled_fees_minor) == (len(gone), sum(s.fee for s in gone))
    assert (found.no_shows, found.no_shows_owed_minor) == (
        len(missed),
        sum(stay.nights * stay.amount for stay in missed),
    )
    for source in ("", "acme", "tours"):
        assert found.sources[source] == sum(stay.source == source for stay in came)
    for code in ("standard", "suite"):
        nights = sum(len(stay.taken) for stay in came if stay.category == code)
        assert found.categories[code] == nights


def test_pickup_equals_a_slow_count(venue: Venue, stays: list[Stay]) -> None:
    first, last = date(2027, 5, 1), date(2027, 9, 30)
    since = at(date(2027, 5, 20), time(0))
    found = night_figures.pickup(venue, first, last, since=since, now=NOW)
    nights = revenue = 0
    for stay in stays:
        if stay.end == "held":
            continue
        for moment, sign in ((NOW, 1), (since, -1)):
            booked = at(stay.made, time(12)) <= moment
            gone = stay.end == "cancelled" and at(stay.gone, time(12)) <= moment
            missed = stay.end == "no-show" and at(stay.arrival, time(21)) <= moment
            if booked and not gone and not missed:
                within = [night for night in stay.dates if first <= night <= last]
                nights += sign * len(within)
                revenue += sign * len(within) * stay.amount
    assert (found.nights, found.revenue_minor) == (nights, revenue)
    assert nights


def test_rooms_out_of_order_and_closed_days_are_not_available(venue: Venue) -> None:
    first, second = list(venue.resources.order_by("pk")[:2])
    Allocation.objects.create(
        venue=venue,
        resource=first,
        closure_id=uuid4(),
        reason="Painters",
        starts_at=at(date(2027, 3, 2), time(15)),
        ends_at=at(date(2027, 3, 4), time(11)),
    )
    second.retired_at = at(date(2027, 3, 3), time(9))
    second.save()
    Opening.objects.create(venue=venue, date=date(2027, 3, 5))
    fresh = Venue.objects.get(pk=venue.pk)
    found = night_figures.by_night(fresh, date(2027, 3, 1), date(2027, 3, 5), now=NOW)
    assert [one.available for one in found] == [8, 7, 6, 7, 0]


@pytest.mark.parametrize(
    ("left", "nights"),
    [
        (at(date(2027, 3, 1), time(22)), 1),
        (at(date(2027, 3, 2), time(6)), 1),
        (at(date(2027, 3, 3), time(6)), 2),
        (at(date(2027, 3, 4), time(20)), 3),
    ],
)
def test_a_guest_who_leaves_early_had_the_nights_before(
    venue: Venue, left: datetime, nights: int
) -> None:
    stay = Stay(date(2027, 3, 1), 3, 10_000, "came", "standard", "", NEW_YEAR, NEW_YEAR, 3, 0)
    row = saved(venue, stay)
    row.checked_out_at = left
    assert len(night_figures.nights_of(row)) == nights


def test_a_period_that_ends_before_it_starts_is_refused(venue: Venue) -> None:
    with pytest.raises(Invalid):
        night_figures.by_night(venue, date(2027, 3, 2), date(2027, 3, 1), now=NOW)
