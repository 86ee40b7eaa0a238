"""Prices of random tariffs and ranges are those of a slow second model, and their lines add up."""

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import examples
from tests.plain import price as plain
from tests.plain.price import PlainRate
from venues import prices
from venues.models import Rate

MINUTE = timedelta(minutes=1)
# Saturday, the day before the clocks go forward in Berlin.
SATURDAY = datetime(2027, 3, 27, tzinfo=UTC)
ZONES = [ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")]

CLOCKS = st.sampled_from([time(0), time(6), time(8, 30), time(12), time(18), time(22)])


@st.composite
def rates(draw: st.DrawFn) -> PlainRate:
    first = draw(st.sampled_from([date.min, date(2027, 3, 27), date(2027, 3, 28)]))
    opens, closes = (draw(CLOCKS), draw(CLOCKS)) if draw(st.booleans()) else (None, None)
    unit = draw(st.sampled_from(["hour", "hour", "started_hour", "flat", "night"]))
    return PlainRate(
        unit=unit,
        amount=draw(st.integers(0, 2_000)),
        first=first,
        last=draw(st.sampled_from([date.max, date(2027, 3, 29)])),
        weekdays=draw(st.sampled_from(["0123456", "56", "01234"])),
        opens=opens,
        closes=closes,
        least=draw(st.sampled_from([0, 0, 700])),
        most=draw(st.sampled_from([None, None, 1_500])),
        free=draw(st.sampled_from([0, 0, 20])),
        long=draw(st.sampled_from([0, 0, 2])),
    )


@st.composite
def tariffs(draw: st.DrawFn) -> list[PlainRate]:
    """Some rates of which no two are for the same days and hours, as saving demands."""
    drawn = draw(st.lists(rates(), min_size=1, max_size=4))
    scopes: dict[Any, PlainRate] = {}
    for one in drawn:
        scope = (one.first, one.last, one.weekdays, one.opens, one.closes, one.long)
        scopes.setdefault(scope, one)
    return list(scopes.values())


RANGES = st.tuples(st.integers(0, 3 * 1_440), st.integers(1, 2 * 1_440)).map(
    lambda drawn: (SATURDAY + drawn[0] * MINUTE, SATURDAY + sum(drawn) * MINUTE)
)


def rate_of(one: PlainRate, number: int) -> Rate:
    return Rate(
        pk=number,
        unit=one.unit,
        amount_minor=one.amount,
        first_date=None if one.first == date.min else one.first,
        last_date=None if one.last == date.max else one.last,
        weekdays="" if one.weekdays == "0123456" else one.weekdays,
        from_time=one.opens,
        to_time=one.closes,
        minimum_minor=one.least or None,
        day_maximum_minor=one.most,
        free_minutes=one.free or None,
        least_stay=one.long or None,
    )


def width(one: PlainRate) -> tuple[Any, ...]:
    """What decides between two rates. Equal widths are decided by age, which no tariff has."""
    return (one.last - one.first, len(one.weekdays), one.opens is None, one.long, one.unit)


@settings(max_examples=examples(300))
@given(tariffs(), RANGES, st.sampled_from(ZONES))
def test_a_price_is_that_of_the_plain_model(
    tariff: list[PlainRate], window: tuple[datetime, datetime], zone: ZoneInfo
) -> None:
    if len({width(one) for one in tariff}) < len(tariff):
        tariff = list({width(one): one for one in tariff}.values())
    rows = [rate_of(one, number) for number, one in enumerate(tariff, 1)]
    exact = prices.exact(rows, *window, zone)
    assert exact == plain.exact(tariff, *window, zone)
    items = prices.itemise(rows, *window, zone)
    assert prices.total(items) == prices.half_up(exact) == plain.price(tariff, *window, zone)
    rounded = [prices.half_up(line.amount) for line in prices.lines(rows, *window, zone)]
    off = [abs(item.amount_minor - near) for item, near in zip(items, rounded, strict=True)]
    assert all(difference <= 1 for difference in off)


@settings(max_examples=examples(100))
@given(tariffs(), RANGES)
def test_kept_rates_price_as_those_they_were(
    tariff: list[PlainRate], window: tuple[datetime, datetime]
) -> None:
    rows = [rate_of(one, number) for number, one in enumerate(tariff, 1)]
    again = prices.restored(prices.kept(rows))
    assert prices.exact(again, *window, ZONES[1]) == prices.exact(rows, *window, ZONES[1])


@pytest.mark.parametrize(("amount", "whole"), [("1/2", 1), ("-1/2", 0), ("3/2", 2), ("1/3", 0)])
def test_a_half_is_rounded_up(amount: str, whole: int) -> None:
    assert prices.half_up(Fraction(amount)) == whole
