"""The figures of a person's parking in one month, by the clock of their own zone. Reads only."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models.functions import Coalesce

from guests.models import User
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.querysets import ReservationQuerySet
from reservations.reports import parking
from reservations.status import Status
from venues import hours, kinds
from venues.hours import Window
from venues.models import Venue

MONTHS = 6
"""How many months the table of bookings goes back, the month itself included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """What a person parked in the month that begins on `first`.

    `bookings` counts the visits that began in it, `by_month` those of the months before and of
    this one, oldest first. `spent` is in minor units by currency. `lot` was used most, of several
    the one used last; None without visits.
    """

    first: date
    bookings: int
    by_month: Sequence[tuple[date, int]]
    lot: Venue | None
    lot_visits: int
    spent: Counter[str]


def figures(user: User, first: date, zone: ZoneInfo, *, at: datetime) -> MonthFigures:
    """Sums up the visits of a month, as they stand at `at` (UTC). A visit counts by its arrival."""
    rows = list(_visits(user, hours.month(first, zone), at))
    lots = Counter(row.venue for row in rows)
    # The rows are in order of arrival, so that of two lots the one used last comes first.
    latest = {row.venue: number for number, row in enumerate(rows)}
    most = max(lots, key=lambda lot: (lots[lot], latest[lot]), default=None)
    spent: Counter[str] = Counter()
    for row in rows:
        spent[row.currency] += owed.owed(row, at)
    return MonthFigures(
        first=first,
        bookings=len(rows),
        by_month=[*_before(user, first, zone, at), (first, len(rows))],
        lot=most,
        lot_visits=lots[most] if most else 0,
        spent=spent,
    )


def parked_between(window: Window) -> ReservationQuerySet:
    """Returns the stays in lots whose guest arrived in the range, at whatever status."""
    rows = Reservation.objects.filter(venue__kind__in=kinds.with_spots())
    return rows.alias(came=Coalesce("checked_in_at", "starts_at")).filter(
        came__gte=window.start, came__lt=window.end
    )


def _visits(user: User, window: Window, at: datetime) -> ReservationQuerySet:
    rows = parked_between(window).filter(guest=user)
    rows = rows.in_one_of((Status.PRESENT, Status.LEFT), at=at).select_related("venue")
    return rows.alias(came=Coalesce("checked_in_at", "starts_at")).order_by("came", "pk")


def _before(user: User, first: date, zone: ZoneInfo, at: datetime) -> Iterator[tuple[date, int]]:
    months = [first]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    months.reverse()
    window = Window(hours.month(months[0], zone).start, hours.month(first, zone).start)
    came = (parking.came_at(row).astimezone(zone) for row in _visits(user, window, at))
    counts = Counter(one.date().replace(day=1) for one in came)
    yield from ((month, counts[month]) for month in months[:-1])
