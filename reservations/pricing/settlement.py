"""Works out the final price at check-out, from the time that was used or overstayed."""

from datetime import datetime
from enum import StrEnum

from reservations.models import Reservation
from reservations.pricing.terms import Terms, terms_of
from venues import prices
from venues.hours import DAY, Window, instant
from venues.models import Rate


class Charge(StrEnum):
    """What a guest pays who leaves before the end: all that was sold, or the time used."""

    ALL = "all"
    USED = "used"


def final_price(reservation: Reservation, now: datetime, charge: Charge | None = None) -> int:
    """The price at check-out at `now` (UTC), in minor units.

    By default the time used where the policy as promised charges that, else what was sold. An
    overstay costs what the kept tariff asks for the whole stay, less what it asks for the range
    sold. Without a recorded arrival, use counts from the start.
    """
    terms = terms_of(reservation)
    left_at = _forgiven(terms, now)
    if (charge or (Charge.USED if terms.is_by_use else Charge.ALL)) is Charge.USED:
        return _used(terms, reservation.checked_in_at, left_at)
    return max(terms.price(), terms.price() + _overstay(terms, left_at))


def sold_price(reservation: Reservation) -> int:
    """The price of the range as sold, in minor units, whatever was charged at check-out."""
    return terms_of(reservation).price()


def _used(terms: Terms, came_at: datetime | None, left_at: datetime) -> int:
    start, end = terms.sold.start, terms.sold.end
    begin, until = came_at or start, left_at
    if _sells_nights(terms):
        begin, until = start, left_at if left_at > end else _last_night_end(terms, left_at)
    if until <= begin:
        return 0
    terms = terms.arrived(begin)
    if until > end:
        latest = terms.sales[-1]
        terms = terms.extended(Window(terms.sold.start, until), latest.rates, latest.scale)
    return terms.price(Window(begin, until))


def _overstay(terms: Terms, left_at: datetime) -> int:
    """The price in minor units of the time past the end, by the tariff sold last."""
    start, end = terms.sold.start, terms.sold.end
    if left_at <= end:
        return 0
    rates = terms.sales[-1].rates
    whole, sold = (prices.exact(rates, start, until, terms.zone) for until in (left_at, end))
    # Taxes and extras go by the nights that were sold; a share of the room grows with it.
    return max(0, terms.total(terms.exact(terms.sold) + whole - sold, terms.sold) - terms.price())


def _forgiven(terms: Terms, now: datetime) -> datetime:
    """The instant up to which time is charged: the end, for who leaves within the leaving grace."""
    end = terms.sold.end
    return end if end < now <= end + terms.promised.leaving_grace else now


def _sells_nights(terms: Terms) -> bool:
    local = terms.sold.start.astimezone(terms.zone)
    rates = [rate for sale in terms.sales for rate in sale.rates if rate.unit == Rate.Unit.NIGHT]
    return bool(rates) and local.date() < terms.sold.end.astimezone(terms.zone).date()


def _last_night_end(terms: Terms, left_at: datetime) -> datetime:
    """The end of the last night that had begun at `left_at`; of the first one at least."""
    start = terms.sold.start.astimezone(terms.zone)
    day = left_at.astimezone(terms.zone).date()
    clock = start.time().replace(tzinfo=None)
    if left_at >= instant(day, clock, terms.zone):
        day += DAY
    day = max(day, start.date() + DAY)
    return min(instant(day, clock, terms.zone), terms.sold.end)
