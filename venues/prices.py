"""Works out prices from rates, in integer minor units of the venue's currency.

A price is one function of rates, range and zone. Amounts are exact fractions until the total, which
is rounded half up once. docs/prices.md has a table of tariffs with their answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.utils.functional import lazy
from django.utils.translation import gettext

from venues import currencies
from venues.hours import Window, instant
from venues.models import Category, Rate, Venue

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOON = time(12)

Row = TypeVar("Row")

_Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]
_NUMBER: _Pair = (int, int)
_TEXT: _Pair = (str, str)
_DATE: _Pair = (date.isoformat, date.fromisoformat)
_TIME: _Pair = (time.isoformat, time.fromisoformat)
_KEPT: dict[str, _Pair] = {
    "unit": _TEXT,
    "resource_id": _NUMBER,
    "amount_minor": _NUMBER,
    "first_date": _DATE,
    "last_date": _DATE,
    "weekdays": _TEXT,
    "from_time": _TIME,
    "to_time": _TIME,
    "minimum_minor": _NUMBER,
    "day_maximum_minor": _NUMBER,
    "free_minutes": _NUMBER,
    "least_stay": _NUMBER,
}
"""The columns of a rate that a reservation keeps, each with how to write it to JSON and read it."""

_UNITS = [Rate.Unit.NIGHT, Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR, Rate.Unit.FLAT]
"""Of rates for the same days and hours, the one whose unit comes first here counts."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a price: its label and its amount in minor units.

    The label is worded only when it is read, since a booking needs just the sum.
    """

    label: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ExactLine:
    """One line of a price before it is rounded. `night` is the date of a night, else None."""

    label: str
    amount: Fraction
    night: date | None = None


@dataclass(slots=True)
class _Part:
    """What one rate charges: of a night, of one local day, of one flat window, or of the stay."""

    rate: Rate
    day: date | None
    amount: Fraction
    length: timedelta


_Key = tuple[int, date | None]
_Parts = dict[_Key, _Part]


def decimal(amount_minor: int, currency: str) -> Decimal:
    """An amount in minor units as a Decimal with the currency's number of decimals."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def exponent(currency: str) -> int:
    """The number of decimals of amounts in this currency; 2 for an unknown one."""
    return currencies.DECIMALS.get(currency, 2)


def itemise(rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo) -> list[Item]:
    """The lines of the price of `[start, end)` at a category's rates; [] when no rate applies.

    The amounts are rounded so that they add up to the rounded total.
    """
    return [
        Item(line.label, amount)
        for line, amount in rounded(lines(rates, start, end, zone), of=lambda line: line.amount)
    ]


def exact(rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo) -> Fraction:
    """The price of `[start, end)` in minor units, not rounded. 0 for an empty range."""
    return sum((line.amount for line in lines(rates, start, end, zone)), Fraction(0))


def lines(rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo) -> list[ExactLine]:
    """The lines of the price of `[start, end)`, not rounded, in the order in which they begin.

    A night has the rate of its date, and covers the time to the next noon. All other time is priced
    by the clock: a flat window that is entered is charged once, an hour by the second, a started
    hour as a whole. A flat rate without hours is charged once a stay. `day_maximum_minor` caps what
    a rate charges on one local day. `minimum_minor` is the least for the whole range, and
    `free_minutes` cost nothing, both of the rate with which the range begins. Time at which no rate
    applies costs nothing. Parts of a second do not count.
    """
    begin = start.replace(microsecond=0)
    finish = begin + (end - start) // SECOND * SECOND
    if finish <= begin:
        return []
    first, last = begin.astimezone(zone).date(), finish.astimezone(zone).date()
    offered = [rate for rate in rates if _is_long_enough(rate, finish - begin, (last - first).days)]
    timed = [rate for rate in offered if rate.unit != Rate.Unit.NIGHT]
    clock = _ByClock(timed, zone, paid_from=_paid_from(timed, begin, zone))
    if len(timed) == len(offered) or first == last:
        clock.add(begin, finish)
    else:
        for day, window in _nights(begin, finish, first, last, zone):
            rate = _rate_of_night(offered, day)
            if rate is not None and rate.unit == Rate.Unit.NIGHT:
                # Nights have keys of their own: no two rates charge one date.
                clock.parts[-1, day] = _Part(rate, day, Fraction(rate.amount_minor), DAY)
            else:
                clock.add(window.start, window.end)
    return _with_minimum(list(clock.parts.values()))


def rounded(rows: Iterable[Row], *, of: Callable[[Row], Fraction]) -> list[tuple[Row, int]]:
    """Pairs rows with their amounts, rounded so that they add up to the rounded sum."""
    exact_sum, told, pairs = Fraction(0), 0, list[tuple[Row, int]]()
    for row in rows:
        exact_sum += of(row)
        upto = half_up(exact_sum)
        pairs.append((row, upto - told))
        told = upto
    return pairs


def half_up(amount: Fraction) -> int:
    """The nearest whole number; of two, the larger."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


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
    return [
        Rate(**{name: _KEPT[name][1](value) for name, value in row.items() if name in _KEPT})
        for row in rows
    ]


def rate_at(rates: Iterable[Rate], local: datetime) -> Rate | None:
    """The rate of a local time, or None: of several a unit's own, the narrowest, the oldest."""
    return min((rate for rate in rates if _applies(rate, local)), key=_breadth, default=None)


def rates_of(category: Category) -> list[Rate]:
    """The rates of a category, without those of single units; of a priced copy, with its unit's."""
    rates = [rate for rate in category.rates.all() if rate.resource_id is None]
    return [*rates, *category.own_rates]


def price_of(venue: Venue, category: Category, window: Window) -> int:
    """The price of a range in a category, in minor units of the venue's currency.

    Runs no query when the category's rates are prefetched.
    """
    return half_up(exact(rates_of(category), window.start, window.end, venue.zone))


class _ByClock:
    """Adds up time that is priced by the clock. `parts` grows in the order in which they begin."""

    def __init__(self, rates: Sequence[Rate], zone: ZoneInfo, *, paid_from: datetime) -> None:
        self.rates, self.zone = rates, zone
        self.parts: _Parts = {}
        # Up to here time costs nothing more: it was free, or in an hour that has started.
        self.paid_until = paid_from

    def add(self, start: datetime, end: datetime) -> None:
        """Adds `[start, end)`, which begins where the last range ended or later."""
        moment = start
        while moment < end and self.rates:
            local = moment.astimezone(self.zone)
            rate = rate_at(self.rates, local)
            until = min(_next_change(self.rates, moment, self.zone), end)
            if rate is not None:
                self._charge(rate, local, moment, until)
            moment = until

    def _charge(self, rate: Rate, local: datetime, start: datetime, end: datetime) -> None:
        number = self.rates.index(rate)
        if rate.unit == Rate.Unit.FLAT:
            if self._is_free(end):
                return
            if rate.from_time is None:
                self._once(-2, None, rate)
            else:
                self._once(number, _day_of(rate, local), rate)
            return
        begin = max(start, self.paid_until)
        if begin >= end:
            return
        length = end - begin
        if rate.unit == Rate.Unit.STARTED_HOUR:
            # A started hour keeps the rate of its beginning, even past a change of rate.
            length = -(-length // HOUR) * HOUR
            self.paid_until = begin + length
        self._time(number, local.date(), rate, length)

    def _is_free(self, end: datetime) -> bool:
        return not self.parts and end <= self.paid_until

    def _once(self, number: int, day: date | None, rate: Rate) -> None:
        if (number, day) not in self.parts:
            amount = Fraction(rate.amount_minor)
            self.parts[number, day] = _Part(rate, day, amount, timedelta(0))

    def _time(self, number: int, day: date, rate: Rate, length: timedelta) -> None:
        part = self.parts.setdefault((number, day), _Part(rate, day, Fraction(0), timedelta(0)))
        part.length += length
        amount = Fraction(rate.amount_minor * (part.length // SECOND), HOUR // SECOND)
        most = rate.day_maximum_minor
        part.amount = amount if most is None else min(amount, Fraction(most))


def _with_minimum(parts: Sequence[_Part]) -> list[ExactLine]:
    found = [_line(part) for part in parts]
    least = parts[0].rate.minimum_minor if parts else None
    missing = (least or 0) - sum((line.amount for line in found), Fraction(0))
    if missing > 0:
        found.append(ExactLine(_minimum(), missing))
    return found


def _line(part: _Part) -> ExactLine:
    rate, day = part.rate, part.day
    if rate.unit == Rate.Unit.NIGHT and day is not None:
        return ExactLine(day.isoformat(), part.amount, night=day)
    if day is None:
        return ExactLine(_unit(rate), part.amount)
    if rate.unit == Rate.Unit.FLAT:
        return ExactLine(_flat_window(day, rate), part.amount)
    return ExactLine(_stretch(day, rate, part.length), part.amount)


def _row(rate: Rate) -> dict[str, Any]:
    given = {name: getattr(rate, name) for name in _KEPT}
    return {name: _KEPT[name][0](value) for name, value in given.items() if value not in (None, "")}


def _is_long_enough(rate: Rate, length: timedelta, nights: int) -> bool:
    if not rate.least_stay:
        return True
    if rate.unit == Rate.Unit.NIGHT:
        return nights >= rate.least_stay
    return length >= rate.least_stay * HOUR


def _paid_from(rates: Sequence[Rate], begin: datetime, zone: ZoneInfo) -> datetime:
    rate = rate_at(rates, begin.astimezone(zone))
    return begin + (rate.free_minutes or 0) * MINUTE if rate is not None else begin


def _nights(
    begin: datetime, finish: datetime, first: date, last: date, zone: ZoneInfo
) -> Iterator[tuple[date, Window]]:
    """Yields the dates of the nights, each with the time that it covers: from noon to noon."""
    start, night = begin, first
    while night < last:
        following = night + DAY
        end = instant(following, NOON, zone) if following < last else finish
        yield night, Window(start, end)
        start, night = end, following


def _rate_of_night(rates: Iterable[Rate], night: date) -> Rate | None:
    """The rate of a night, or one without hours of another unit where that is narrower."""
    on_date = (
        rate
        for rate in rates
        if (rate.unit == Rate.Unit.NIGHT or rate.from_time is None) and _is_on(rate, night)
    )
    return min(on_date, key=_breadth_of_day, default=None)


def _next_change(rates: Iterable[Rate], moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    clocks = {time(0)} | {clock for rate in rates for clock in _clocks(rate)}
    changes = (
        instant(local.date() + days * DAY, clock, zone) for days in (0, 1) for clock in clocks
    )
    return min(change for change in changes if change > moment)


def _clocks(rate: Rate) -> list[time]:
    return [clock for clock in (rate.from_time, rate.to_time) if clock is not None]


def _word_stretch(day: date, rate: Rate, length: timedelta) -> str:
    minutes = length // MINUTE
    return gettext("%(day)s, %(length)s at %(unit)s rate") % {
        "day": day.isoformat(),
        "length": f"{minutes // 60}:{minutes % 60:02}",
        "unit": rate.get_unit_display(),
    }


def _word_flat_window(day: date, rate: Rate) -> str:
    return gettext("%(day)s, flat from %(start)s to %(end)s") % {
        "day": day.isoformat(),
        "start": f"{rate.from_time:%H:%M}",
        "end": f"{rate.to_time:%H:%M}",
    }


_stretch: Callable[[date, Rate, timedelta], str] = lazy(_word_stretch, str)
_flat_window: Callable[[date, Rate], str] = lazy(_word_flat_window, str)
_unit: Callable[[Rate], str] = lazy(lambda rate: str(rate.get_unit_display()), str)
_minimum: Callable[[], str] = lazy(lambda: gettext("minimum"), str)


def _applies(rate: Rate, local: datetime) -> bool:
    if rate.from_time is not None and rate.to_time is not None:
        clock, passes_midnight = local.time(), rate.to_time <= rate.from_time
        is_after = passes_midnight and clock < rate.to_time
        if not is_after and clock < rate.from_time:
            return False
        if not passes_midnight and clock >= rate.to_time:
            return False
    return _is_on(rate, _day_of(rate, local))


def _day_of(rate: Rate, local: datetime) -> date:
    """The date to which a local time belongs. Hours after midnight belong to the evening before."""
    if rate.from_time is None or rate.to_time is None or rate.to_time > rate.from_time:
        return local.date()
    return local.date() - DAY if local.time() < rate.to_time else local.date()


def _is_on(rate: Rate, day: date) -> bool:
    if rate.weekdays and str(day.weekday()) not in rate.weekdays:
        return False
    begun = rate.first_date is None or rate.first_date <= day
    return begun and (rate.last_date is None or day <= rate.last_date)


_Breadth = tuple[bool, timedelta, int, bool, int, int, int]


def _breadth(rate: Rate) -> _Breadth:
    first, last = rate.first_date or date.min, rate.last_date or date.max
    return (
        rate.resource_id is None,
        last - first,
        len(rate.weekdays) or 7,
        rate.from_time is None,
        -(rate.least_stay or 0),
        _UNITS.index(Rate.Unit(rate.unit)),
        rate.pk or 0,
    )


def _breadth_of_day(rate: Rate) -> _Breadth:
    # The hours of a nightly rate say nothing.
    of_all, period, weekdays, _, longest, unit, age = _breadth(rate)
    return of_all, period, weekdays, True, longest, unit, age
