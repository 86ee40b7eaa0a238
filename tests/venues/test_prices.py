"""What a range costs: rates by period, in minor units, as Decimal with the currency's decimals."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from venues import prices
from venues.models import Rate
from venues.prices import Item

ZONE = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
START = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rate(amount: int, unit: str = "hour", first: str = "", last: str = "", pk: int = 1) -> Rate:
    return Rate(
        pk=pk,
        unit=unit,
        amount_minor=amount,
        first_date=date.fromisoformat(first) if first else None,
        last_date=date.fromisoformat(last) if last else None,
    )


def cost(rates: list[Rate], length: timedelta, start: datetime = START) -> int:
    return prices.total(prices.itemise(rates, start, start + length, UTC_ZONE))


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (12_000, "EUR", "120.00"),
        (1, "USD", "0.01"),
        (0, "EUR", "0.00"),
        (500, "JPY", "500"),
        (1_234, "KWD", "1.234"),
        (5, "BHD", "0.005"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str, shown: str) -> None:
    amount = prices.decimal(minor, currency)
    assert isinstance(amount, Decimal)
    assert str(amount) == shown


def test_very_large_amounts_stay_exact() -> None:
    assert str(prices.decimal(10**12 + 1, "EUR")) == "10000000000.01"


@pytest.mark.parametrize(
    ("length", "amount"),
    [
        (HOUR, 1_000),
        (HOUR / 2, 500),
        (timedelta(seconds=1), 0),
        (timedelta(seconds=2), 1),
        (timedelta(minutes=20), 333),
        (timedelta(minutes=40), 667),
        (25 * HOUR, 25_000),
    ],
)
def test_an_hour_is_priced_to_the_second_and_halves_are_rounded_up(
    length: timedelta, amount: int
) -> None:
    assert cost([rate(1_000)], length) == amount


def test_a_half_of_the_smallest_unit_is_rounded_up() -> None:
    assert cost([rate(1)], HOUR / 2) == 1
    assert cost([rate(1)], HOUR / 2 - timedelta(seconds=1)) == 0


@pytest.mark.parametrize(
    ("length", "hours"),
    [
        (timedelta(seconds=1), 1),
        (HOUR - timedelta(seconds=1), 1),
        (HOUR, 1),
        # Prices count whole seconds.
        (HOUR + timedelta(microseconds=999_999), 1),
        (HOUR + timedelta(seconds=1), 2),
        (24 * HOUR, 24),
    ],
)
def test_a_started_hour_is_an_hour(length: timedelta, hours: int) -> None:
    assert cost([rate(250, "started_hour")], length) == 250 * hours


@pytest.mark.parametrize("length", [timedelta(minutes=1), 100 * HOUR])
def test_a_flat_price_is_the_same_however_long(length: timedelta) -> None:
    assert cost([rate(700, "flat")], length) == 700


def test_each_night_has_the_rate_of_its_own_date() -> None:
    rates = [rate(10_000, "night"), rate(15_000, "night", "2027-03-02", "2027-03-03", pk=2)]
    items = prices.itemise(rates, START, START + timedelta(days=4), UTC_ZONE)
    assert items == [
        Item("2027-03-01", 10_000),
        Item("2027-03-02", 15_000),
        Item("2027-03-03", 15_000),
        Item("2027-03-04", 10_000),
    ]


def test_nights_are_counted_in_the_venues_zone_whatever_the_clocks_do() -> None:
    first = datetime(2027, 3, 27, 15, tzinfo=ZONE)
    last = datetime(2027, 3, 29, 11, tzinfo=ZONE)
    items = prices.itemise([rate(10_000, "night")], first, last, ZONE)
    assert [item.label for item in items] == ["2027-03-27", "2027-03-28"]


def test_a_night_without_a_rate_costs_nothing() -> None:
    rates = [rate(10_000, "night", "2027-03-01", "2027-03-01")]
    assert cost(rates, timedelta(days=3)) == 10_000


def test_the_shortest_period_that_holds_the_day_counts() -> None:
    rates = [
        rate(1, pk=1),
        rate(2, first="2027-01-01", last="2027-12-31", pk=2),
        rate(3, first="2027-03-01", last="2027-03-07", pk=3),
        rate(4, first="2027-03-02", last="2027-03-02", pk=4),
        rate(5, first="2027-02-01", pk=5),
    ]
    assert cost(rates, HOUR) == 3
    assert cost(rates, HOUR, START + timedelta(days=1)) == 4
    assert cost(rates, HOUR, START + timedelta(days=30)) == 2
    assert cost(rates[:1] + rates[4:], HOUR) == 5
    assert cost(rates, HOUR, START - timedelta(days=365)) == 1


@pytest.mark.parametrize(
    ("day", "amount"), [("02-28", 0), ("03-01", 9), ("03-02", 9), ("03-03", 0)]
)
def test_a_period_holds_its_first_and_its_last_day(day: str, amount: int) -> None:
    noon = datetime.fromisoformat(f"2027-{day}T12:00:00+00:00")
    assert cost([rate(9, first="2027-03-01", last="2027-03-02")], HOUR, noon) == amount


def test_of_two_equal_periods_the_older_rate_counts() -> None:
    assert cost([rate(2, pk=2), rate(1, pk=1)], HOUR) == 1


def test_without_a_rate_there_is_no_line_and_no_price() -> None:
    assert prices.itemise([], START, START + HOUR, UTC_ZONE) == []
    assert cost([], HOUR) == 0


def test_each_stretch_of_hours_has_the_rate_of_its_own_date() -> None:
    rates = [rate(100), rate(900, first="2027-03-02", last="2027-03-02", pk=2)]
    late = datetime(2027, 3, 1, 23, tzinfo=UTC)
    assert cost(rates, 3 * HOUR, late) == 100 + 2 * 900


def test_a_started_hour_has_the_rate_of_its_beginning() -> None:
    night = rate(900, "started_hour", first="2027-03-02", last="2027-03-02", pk=2)
    rates = [rate(100, "started_hour"), night]
    late = datetime(2027, 3, 1, 23, 30, tzinfo=UTC)
    assert cost(rates, HOUR, late) == 100
    assert cost(rates, HOUR + timedelta(seconds=1), late) == 1_000


def test_a_time_of_day_may_pass_midnight_and_belongs_to_its_evening() -> None:
    evening = rate(50, pk=2)
    evening.from_time, evening.to_time, evening.weekdays = time(22), time(6), "0"
    rates = [rate(200), evening]
    monday = datetime(2027, 3, 1, 21, tzinfo=UTC)
    # Until 22:00 by day, eight hours by night, and by day again from 06:00 on Tuesday.
    assert cost(rates, 10 * HOUR, monday) == 200 + 8 * 50 + 200
    # Tuesday's evening is not Monday's.
    assert cost(rates, 2 * HOUR, monday + timedelta(days=1)) == 400


def test_fewer_weekdays_are_narrower_than_all_of_them() -> None:
    weekend = rate(300, pk=2)
    weekend.weekdays = "56"
    saturday = datetime(2027, 3, 6, 12, tzinfo=UTC)
    assert cost([rate(100), weekend], HOUR, saturday) == 300
    assert cost([rate(100), weekend], HOUR, saturday - timedelta(days=1)) == 100


def test_rates_that_were_kept_price_as_they_did() -> None:
    evening = rate(50, "started_hour", first="2027-01-01", last="2027-12-31", pk=3)
    evening.from_time, evening.to_time, evening.weekdays = time(22), time(0), "01"
    evening.day_maximum_minor, evening.minimum_minor = 0, 700
    rates = [evening, rate(200, pk=2), rate(0, pk=1)]
    written = json.loads(json.dumps(prices.kept(rates)))
    assert written[0] == {"unit": "hour", "amount_minor": 0}
    for hour in range(48):
        start = START + hour * HOUR
        assert prices.itemise(prices.restored(written), start, start + 7 * HOUR, ZONE) == (
            prices.itemise(rates, start, start + 7 * HOUR, ZONE)
        )


def test_a_day_costs_at_most_its_maximum_and_a_stay_at_least_its_minimum() -> None:
    capped = rate(200, "started_hour")
    capped.day_maximum_minor, capped.minimum_minor = 1_000, 500
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert cost([capped], HOUR, noon) == 500
    assert cost([capped], 3 * HOUR, noon) == 600
    assert cost([capped], 12 * HOUR, noon) == 1_000
    assert cost([capped], 14 * HOUR, noon) == 1_000 + 400


def test_hours_across_a_change_of_the_clocks_are_elapsed_hours() -> None:
    before = datetime(2027, 3, 27, 22, tzinfo=UTC)
    items = prices.itemise([rate(100)], before, before + 5 * HOUR, ZONE)
    assert prices.total(items) == 500
