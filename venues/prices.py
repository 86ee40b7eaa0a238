"""What a range costs: rates per category and period, in integer minor units of the currency."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from venues.models import Rate

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a price: what, how much of it, and the amount in minor units."""

    label: str
    amount_minor: int


def decimal(amount_minor: int, currency: str) -> Decimal:
    """Minor units as an amount with the currency's own number of decimals."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def exponent(currency: str) -> int:
    """How many decimals amounts in this currency have."""
    return _EXPONENTS.get(currency, 2)


def itemise(rates: Sequence[Rate], start: datetime, end: datetime, zone: ZoneInfo) -> list[Item]:
    """The lines that make up the price of `[start, end)` at a category's rates.

    Per night each night has the rate of its own date; per hour, or flat, the rate of the first
    date counts. No rate that applies means no line: the price is nothing.
    """
    first = start.astimezone(zone).date()
    rate = rate_of(rates, first)
    if rate is None:
        return []
    if rate.unit == Rate.Unit.NIGHT:
        return list(_night_items(rates, first, end.astimezone(zone).date()))
    return [Item(rate.get_unit_display(), _amount(rate, end - start))]


def total(items: Iterable[Item]) -> int:
    """The sum of the lines, in minor units."""
    return sum(item.amount_minor for item in items)


def rate_of(rates: Iterable[Rate], day: date) -> Rate | None:
    """The rate whose period holds this day; of several the one with the shortest period."""
    return min((rate for rate in rates if _applies(rate, day)), key=_breadth, default=None)


def _night_items(rates: Sequence[Rate], first: date, last: date) -> Iterable[Item]:
    night = first
    while night < last:
        rate = rate_of(rates, night)
        if rate is not None:
            yield Item(night.isoformat(), rate.amount_minor)
        night += DAY


def _amount(rate: Rate, length: timedelta) -> int:
    if rate.unit == Rate.Unit.FLAT:
        return rate.amount_minor
    if rate.unit == Rate.Unit.STARTED_HOUR:
        return rate.amount_minor * -(-length // HOUR)
    # Half up, in integers, so that both databases and every machine agree.
    seconds = length // timedelta(seconds=1)
    return (rate.amount_minor * seconds * 2 + 3600) // 7200


def _applies(rate: Rate, day: date) -> bool:
    begun = rate.first_date is None or rate.first_date <= day
    return begun and (rate.last_date is None or day <= rate.last_date)


def _breadth(rate: Rate) -> tuple[timedelta, int]:
    first, last = rate.first_date or date.min, rate.last_date or date.max
    return last - first, rate.pk or 0
