"""A month's parking, added up by hand from all stays: slow, and with another arithmetic."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from reservations.models import Reservation


def figures(
    rows: Iterable[Reservation], year: int, month: int, zone: str, now: datetime
) -> tuple[int, str | None, dict[str, int]]:
    """Bookings, the name of the most used lot, and what was spent by currency, in minor units."""
    bookings, spent = 0, defaultdict[str, int](int)
    visits = defaultdict[str, list[datetime]](list)
    for row in rows:
        begun = row.starts_at if row.checked_in_at is None else row.checked_in_at
        there = begun.astimezone(ZoneInfo(zone))
        has_come = row.checked_in_at is not None or (row.is_arrival_assumed and begun <= now)
        if row.confirmed_at is None or row.cancelled_at is not None:
            continue
        if row.venue.kind != "parking" or not (has_come or row.checked_out_at):
            continue
        if (there.year, there.month) != (year, month):
            continue
        bookings += 1
        visits[row.venue.name].append(begun)
        spent[row.currency] += row.price_minor + row.fee_due_minor
    lots = sorted(visits, key=lambda name: (len(visits[name]), max(visits[name])))
    return bookings, lots[-1] if lots else None, dict(spent)
