"""Works out the final price at check-out, from the time that was used or overstayed."""

from datetime import datetime, timedelta
from typing import Any

from reservations.models import Reservation
from venues import prices
from venues.hours import Window
from venues.models import Category, Rate, Venue

_MARGIN = timedelta(days=2)
"""How long before the start rates may apply: an early guest, or a rate that runs past midnight."""


def tariff(venue: Venue, category: Category, window: Window) -> dict[str, Any]:
    """The rates that a reservation keeps for its settlement, as JSON.

    `rates` is [] when no settlement can need them: they are neither hourly nor charged by use.
    """
    rates, by_use = list(category.rates.all()), venue.policy.charges_time_used
    local = window.start.astimezone(venue.zone)
    if not (by_use or _is_hourly(prices.rate_at(rates, local))):
        return {"by_use": False, "rates": []}
    first = (local - _MARGIN).date()
    lasting = [rate for rate in rates if rate.last_date is None or rate.last_date >= first]
    return {"by_use": by_use, "rates": prices.kept(lasting)}


def final_price(reservation: Reservation, now: datetime) -> int:
    """The price at check-out at `now` (UTC), in minor units.

    Charges the time used where the policy says so; else the price that was promised, and for hourly
    rates the overstay. Without a recorded arrival, the time used is not charged.
    """
    by_use, rates = _tariff_of(reservation)
    came_at, zone = reservation.checked_in_at, reservation.venue.zone
    if by_use and came_at is not None:
        return prices.total(prices.itemise(rates, came_at, now, zone))
    overstay = 0
    if now > reservation.ends_at and _is_hourly(
        prices.rate_at(rates, reservation.starts_at.astimezone(zone))
    ):
        overstay = prices.total(prices.itemise(rates, reservation.ends_at, now, zone))
    return reservation.price_minor + overstay


def _tariff_of(reservation: Reservation) -> tuple[bool, list[Rate]]:
    kept = reservation.tariff
    if kept is None:
        # The reservation is older than the column.
        window = Window(reservation.starts_at, reservation.ends_at)
        kept = tariff(reservation.venue, reservation.category, window)
    return kept["by_use"], prices.restored(kept["rates"])


def _is_hourly(rate: Rate | None) -> bool:
    return rate is not None and rate.unit in (Rate.Unit.HOUR, Rate.Unit.STARTED_HOUR)
