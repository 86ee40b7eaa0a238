"""Says which rates of a category or unit contradict each other. Asked wherever rates are saved."""

from collections.abc import Iterable
from datetime import date
from itertools import combinations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from venues.models import Rate

_BY_TIME = (Rate.Unit.NIGHT, Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR)


def judge(rates: Iterable[Rate]) -> None:
    """Raises ValidationError when two rates of one category cannot stand together.

    Two rates for the same days and hours contradict each other: only one would ever count. A flat
    price without hours is that of a whole stay, so it cannot stand beside a price by night or hour
    of the same days. Rates of one unit are judged among themselves.
    """
    for one, other in combinations(rates, 2):
        if one.resource_id != other.resource_id:
            # Those of a unit count before those of its category.
            continue
        if _is_flat_beside_time(one, other) or _is_flat_beside_time(other, one):
            raise ValidationError(
                gettext(
                    "A flat rate without hours is the price of a whole stay. It cannot stand "
                    "beside a rate by night or hour of the same days. Give it hours, such as 00:00 "
                    "to 00:00 for a day, or leave it out."
                ),
                code="flat_beside_time",
            )
        if _scope(one) == _scope(other):
            raise ValidationError(
                gettext(
                    "Two rates are for the same days and hours: %(one)s and %(other)s. Keep one, "
                    "or give one of them dates, weekdays or hours."
                )
                % {"one": one.get_unit_display(), "other": other.get_unit_display()},
                code="two_rates",
            )


def _scope(rate: Rate) -> tuple[object, ...]:
    return (
        rate.first_date,
        rate.last_date,
        rate.weekdays or "0123456",
        rate.from_time,
        rate.to_time,
        rate.least_stay or 0,
    )


def _is_flat_beside_time(flat: Rate, other: Rate) -> bool:
    is_whole_stay = flat.unit == Rate.Unit.FLAT and flat.from_time is None
    return is_whole_stay and other.unit in _BY_TIME and _share_days(flat, other)


def _share_days(one: Rate, other: Rate) -> bool:
    first = max(one.first_date or date.min, other.first_date or date.min)
    last = min(one.last_date or date.max, other.last_date or date.max)
    weekdays = set(one.weekdays or "0123456") & set(other.weekdays or "0123456")
    return first <= last and bool(weekdays)
