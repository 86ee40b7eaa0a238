"""Lists a person's own parking visits, and sums them up by month. Reads only."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from guests.models import User
from reservations.models import Allocation, Reservation
from reservations.pricing import owed
from reservations.querysets import ReservationQuerySet
from reservations.status import Status
from venues import kinds

MONTHS = 12
"""How many months are summed up, the present one included."""


@dataclass(slots=True)
class ParkingMonth:
    """The visits that began in one local month. `spent` is in minor units, by currency."""

    first: date
    visits: int = 0
    length: timedelta = timedelta(0)
    spent: Counter[str] = field(default_factory=Counter)


def parked(user: User, *, at: datetime) -> ReservationQuerySet:
    """The person's visits, including one that is still going on, latest first, with their spots."""
    spots = Allocation.objects.select_related("resource").order_by("-is_live", "-pk")
    rows = Reservation.objects.filter(guest=user, venue__kind=kinds.PARKING.code)
    rows = rows.in_one_of((Status.PRESENT, Status.LEFT), at=at)
    rows = rows.select_related("venue").order_by("-starts_at", "-pk")
    return rows.prefetch_related(Prefetch("allocations", spots))


def came_at(row: Reservation) -> datetime:
    """The instant (UTC) of arrival: as recorded, else the start."""
    return row.checked_in_at or row.starts_at


def left_at(row: Reservation, *, at: datetime) -> datetime | None:
    """The instant (UTC) of departure: as recorded, else the end.

    None while the vehicle is there.
    """
    if row.checked_out_at or row.status_at(at) == Status.PRESENT:
        return row.checked_out_at
    return row.ends_at


def months(user: User, *, at: datetime) -> list[ParkingMonth]:
    """The ended visits of the last twelve months, by month, oldest first, this month included."""
    rows = Reservation.objects.filter(guest=user, venue__kind=kinds.PARKING.code)
    rows = rows.in_status(Status.LEFT, at=at).filter(starts_at__gt=at - timedelta(days=400))
    return _by_month(rows.select_related("venue").order_by(), at)


def _by_month(rows: Iterable[Reservation], at: datetime) -> list[ParkingMonth]:
    found = {first: ParkingMonth(first) for first in _firsts(at.date())}
    for row in rows:
        begun = came_at(row)
        month = found.get(_first(begun, row.venue.zone))
        if month is not None:
            month.visits += 1
            # Older stays may have been ended before they began.
            month.length += max((left_at(row, at=at) or at) - begun, timedelta(0))
            month.spent[row.currency] += owed.owed(row, at)
    return list(found.values())


def _firsts(today: date) -> list[date]:
    """The first days of the months, oldest first."""
    number = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - MONTHS + 1, number + 1)]


def _first(begun: datetime, zone: ZoneInfo) -> date:
    return begun.astimezone(zone).date().replace(day=1)
