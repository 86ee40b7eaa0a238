"""Works out prices from rates, in integer minor units of the venue's currency."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import lazy
from django.utils.translation import gettext

from venues import currencies
from venues.hours import Window, instant
from venues.models import Category, Rate, Venue

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]
_NUMBER: _Pair = (int, int)
_TEXT: _Pair = (str, str)
_DATE: _Pair = (date.isoformat, date.fromisoformat)
_TIME: _Pair = (time.isoformat, time.fromisoformat)
_KEPT: dict[str, _Pair] = {
    "unit": _TEXT,
    "amount_minor": _NUMBER,
    "first_date": _DATE,
    "last_date": _DATE,
    "weekdays": _TEXT,
    "from_time": _TIME,
    "to_time": _TIME,
    "minimum_minor": _NUMBER,
    "day_maximum_minor": _NUMBER,
}
"""The columns of a rate that a reservation keeps, each with how to write it to JSON and read it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a price: its label and its amount in minor units.

    The label is worded only when it is read, since a booking needs just the sum.
    """

    label: str
    amount_minor: int


def decimal(amount_minor: int, currency: str) -> Decimal:
    """An amount in minor units as a Decimal with the currency's number of decimals."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def exponent(currency: str) -> int:
    """The number of decimals of amounts in this currency; 2 for an unknown one."""
    return currencies.DECIMALS.get(currency, 2)


def itemise(rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo) -> list[Item]:
    """The lines of the price of `[start, end)` at a category's rates; [] when no rate applies.

    Each night, each started hour and each part at an hourly rate has the rate that applies when it
    begins, by the venue's clocks. A flat price is the one at the start. `day_maximum_minor` caps
    the sum of a rate on one local day; `minimum_minor` is the least for the whole range. Time at
    which no rate applies costs nothing.
    """
    rate = rate_at(rates, start.astimezone(zone))
    if rate is not None and rate.unit == Rate.Unit.FLAT:
        return [Item(_unit(rate), rate.amount_minor)]
    if (rate is not None and rate.unit == Rate.Unit.NIGHT) or _sells_nights(rates):
        return list(_night_items(rates, start.astimezone(zone).date(), end.astimezone(zone).date()))
    items = _hour_items(rates, start, end, zone)
    least = rate.minimum_minor if rate is not None and rate.minimum_minor else 0
    if total(items) < least:
        items.append(Item(gettext("minimum"), least - total(items)))
    return items


def total(items: Iterable[Item]) -> int:
    """The sum of these lines, in minor units."""
    return sum(item.amount_minor for item in items)


def kept(rates: Iterable[Rate]) -> list[dict[str, Any]]:
    """These rates as JSON, for pricing later even if the rates have changed. Oldest first."""
    # Oldest first: ties between rates are broken in this order.
    oldest_first = sorted(rates, key=lambda rate: rate.pk or 0)
    return [_row(rate) for rate in oldest_first]


def restored(rows: Iterable[Mapping[str, Any]]) -> list[Rate]:
    """The rates that `kept` wrote, in the same order. They are in no table and have no id."""
    return [Rate(**{name: _KEPT[name][1](value) for name, value in row.items()}) for row in rows]


def rate_at(rates: Iterable[Rate], local: datetime) -> Rate | None:
    """The rate that applies at a local time, or None. Of several the narrowest, then the oldest."""
    return min((rate for rate in rates if _applies(rate, local)), key=_breadth, default=None)


def _row(rate: Rate) -> dict[str, Any]:
    given = {name: getattr(rate, name) for name in _KEPT}
    return {name: _KEPT[name][0](value) for name, value in given.items() if value not in (None, "")}


def _sells_nights(rates: Iterable[Rate]) -> bool:
    units = {rate.unit for rate in rates}
    return units == {Rate.Unit.NIGHT}


def _night_items(rates: Sequence[Rate], first: date, last: date) -> Iterable[Item]:
    night = first
    while night < last:
        rate = rate_at(rates, datetime.combine(night, time(12)))
        if rate is not None:
            yield Item(night.isoformat(), rate.amount_minor)
        night += DAY


def _hour_items(
    rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo
) -> list[Item]:
    spent: dict[tuple[int, date], int] = {}
    lines: dict[tuple[int, date], tuple[Rate, timedelta]] = {}
    for rate, begin, length in _stretches(rates, start, end, zone):
        key = (rates.index(rate), begin.astimezone(zone).date())
        amount = spent.get(key, 0) + _amount(rate, length)
        most = rate.day_maximum_minor
        spent[key] = amount if most is None else min(amount, most)
        lines[key] = (rate, lines.get(key, (rate, timedelta(0)))[1] + length)
    return [Item(_stretch(day, *lines[key, day]), spent[key, day]) for key, day in lines]


def _stretches(
    rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[Rate, datetime, timedelta]]:
    """Yields the range in parts, cut where another rate or local day begins.

    Started hours are whole.
    """
    moment = start
    while moment < end:
        rate = rate_at(rates, moment.astimezone(zone))
        until = min(_next_change(rates, moment, zone), end)
        if rate is not None and rate.unit == Rate.Unit.STARTED_HOUR:
            hours = -(-(until - moment) // HOUR)
            # A started hour keeps the rate of its beginning, even past a change of rate.
            yield rate, moment, hours * HOUR
            moment += hours * HOUR
            continue
        if rate is not None and rate.unit == Rate.Unit.HOUR:
            yield rate, moment, until - moment
        moment = until


def _next_change(rates: Iterable[Rate], moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    clocks = {time(0)} | {clock for rate in rates for clock in _clocks(rate)}
    changes = (
        instant(local.date() + days * DAY, clock, zone) for days in (0, 1) for clock in clocks
    )
    return min(change for change in changes if change > moment)


def _clocks(rate: Rate) -> list[time]:
    return [clock for clock in (rate.from_time, rate.to_time) if clock is not None]


def _amount(rate: Rate, length: timedelta) -> int:
    # Rounds half up, in integers.
    seconds = length // timedelta(seconds=1)
    return (rate.amount_minor * seconds * 2 + 3600) // 7200


def _word_stretch(day: date, rate: Rate, length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return gettext("%(day)s, %(length)s at %(unit)s rate") % {
        "day": day.isoformat(),
        "length": f"{minutes // 60}:{minutes % 60:02}",
        "unit": rate.get_unit_display(),
    }


_stretch: Callable[[date, Rate, timedelta], str] = lazy(_word_stretch, str)
_unit: Callable[[Rate], str] = lazy(lambda rate: str(rate.get_unit_display()), str)


def _applies(rate: Rate, local: datetime) -> bool:
    day = local.date()
    if rate.from_time is not None and rate.to_time is not None:
        clock, passes_midnight = local.time(), rate.to_time <= rate.from_time
        if passes_midnight and clock < rate.to_time:
            # Hours after midnight belong to the evening before.
            day -= DAY
        elif clock < rate.from_time or (not passes_midnight and clock >= rate.to_time):
            return False
    if rate.weekdays and str(day.weekday()) not in rate.weekdays:
        return False
    begun = rate.first_date is None or rate.first_date <= day
    return begun and (rate.last_date is None or day <= rate.last_date)


def _breadth(rate: Rate) -> tuple[timedelta, int, bool, int]:
    first, last = rate.first_date or date.min, rate.last_date or date.max
    return last - first, len(rate.weekdays) or 7, rate.from_time is None, rate.pk or 0


def price_of(venue: Venue, category: Category, window: Window) -> int:
    """The price of a range in a category, in minor units of the venue's currency.

    Runs no query when the category's rates are prefetched.
    """
    items = itemise(list(category.rates.all()), window.start, window.end, venue.zone)
    return total(items)
