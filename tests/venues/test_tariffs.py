"""Rates that contradict each other are refused when they are saved."""

from datetime import date, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from venues import tariffs
from venues.models import Rate

SUMMER = {"first_date": date(2027, 6, 1), "last_date": date(2027, 8, 31)}
WINTER = {"first_date": date(2027, 12, 1), "last_date": date(2028, 2, 28)}
EVENING = {"from_time": time(18), "to_time": time(8)}


def rate(unit: str, **limits: Any) -> Rate:
    return Rate(unit=unit, amount_minor=100, **limits)


@pytest.mark.parametrize(
    ("rates", "code"),
    [
        ([rate("night"), rate("flat")], "flat_beside_time"),
        ([rate("hour"), rate("flat", **SUMMER)], "flat_beside_time"),
        ([rate("flat", weekdays="56"), rate("started_hour", weekdays="6")], "flat_beside_time"),
        ([rate("hour"), rate("hour")], "two_rates"),
        ([rate("night"), rate("hour")], "two_rates"),
        ([rate("hour", **EVENING), rate("flat", **EVENING)], "two_rates"),
        ([rate("night", weekdays="0123456"), rate("night")], "two_rates"),
        ([rate("hour"), rate("hour", **SUMMER), rate("hour", **SUMMER)], "two_rates"),
    ],
)
def test_what_contradicts_itself_is_refused(rates: list[Rate], code: str) -> None:
    for order in (rates, rates[::-1]):
        with pytest.raises(ValidationError) as refused:
            tariffs.judge(order)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "rates",
    [
        [],
        [rate("flat"), rate("flat", **SUMMER)],
        [rate("hour"), rate("flat", **EVENING)],
        [rate("night"), rate("flat", **EVENING)],
        [rate("hour", **WINTER), rate("flat", **SUMMER)],
        [rate("hour", weekdays="01234"), rate("flat", weekdays="56")],
        [rate("night"), rate("night", least_stay=7)],
        [rate("night"), rate("night", **SUMMER), rate("night", weekdays="45")],
    ],
)
def test_what_goes_together_is_taken(rates: list[Rate]) -> None:
    tariffs.judge(rates)
