"""The figures of a venue that sells nights: nights sold, occupancy and revenue. Reads only.

A night is named by the local date on which it begins. It is sold if a confirmed stay covers it: one
that is to come, is going on, or was slept. Holds, cancelled stays and no-shows sell no night; what
they owe is told apart. Amounts are in minor units of the venue's currency.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from reservations.models import Reservation
from reservations.pricing import nightly, owed
from reservations.querysets import ReservationQuerySet
from reservations.ranges import MAX_SPAN
from reservations.reports import periods
from reservations.rules import modes
from reservations.status import Status
from venues import hours
from venues.hours import DAY, Window
from venues.models import Resource, Venue


@dataclass(frozen=True, slots=True)
class NightFigures:
    """One night: units in service that are not closed, units sold, and the revenue of rooms.

    Amounts are in minor units. A night may have more sold than available, if a unit was closed or
    retired under a guest.
    """

    night: date
    available: int
    sold: int
    revenue_minor: int


@dataclass(slots=True)
class Totals:
    """The sum of some nights."""

    available: int = 0
    sold: int = 0
    revenue_minor: int = 0

    @property
    def occupancy(self) -> Fraction | None:
        """Nights sold by nights available, from 0; None when none is available."""
        return Fraction(self.sold, self.available) if self.available else None

    @property
    def adr_minor(self) -> int | None:
        """The average daily rate: revenue by nights sold, in minor units; None without any."""
        return _rounded(self.revenue_minor, self.sold)

    @property
    def revpar_minor(self) -> int | None:
        """Revenue by nights available, in minor units; None when none is available."""
        return _rounded(self.revenue_minor, self.available)


@dataclass(slots=True)
class StayFigures:
    """Stays by their date of arrival.

    `sources` counts stays by partner, "" for those made without one; `categories` counts nights by
    the code of their category. Fees are in minor units.
    """

    arrivals: int = 0
    nights: int = 0
    cancelled: int = 0
    cancelled_fees_minor: int = 0
    no_shows: int = 0
    no_shows_owed_minor: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)

    @property
    def average_length(self) -> Fraction | None:
        """The nights of a stay, on average; None when nobody arrives."""
        return Fraction(self.nights, self.arrivals) if self.arrivals else None


@dataclass(frozen=True, slots=True)
class Pickup:
    """How many nights of a period were sold since an instant, less those given back, and for how
    much in minor units.
    """

    nights: int
    revenue_minor: int


def by_night(venue: Venue, first: date, last: date, *, now: datetime) -> list[NightFigures]:
    """The figures of each night from `first` to `last`, inclusive, as they stand at `now` (UTC).

    Raises Invalid when the period is too long or ends before it starts.
    """
    window = periods.window_of(venue, first, last)
    sold: Counter[date] = Counter()
    revenue: Counter[date] = Counter()
    for row in _counted(_covering(venue, window), now):
        sold.update(nights_of(row))
        for night, amount in nightly.prices_of(row, venue, row.category):
            revenue[night] += amount
    available = _available(venue, first, last)
    return [
        NightFigures(night, available[night], sold[night], revenue[night])
        for night in hours.dates(first, last)
    ]


def totals(nights: Iterable[NightFigures]) -> Totals:
    """The sum of these nights."""
    found = Totals()
    for one in nights:
        found.available += one.available
        found.sold += one.sold
        found.revenue_minor += one.revenue_minor
    return found


def of_stays(venue: Venue, first: date, last: date, *, now: datetime) -> StayFigures:
    """The figures of stays that arrive from `first` to `last`, inclusive, as they stand at `now`.

    Stays that were never confirmed do not count. Raises Invalid when the period is too long or ends
    before it starts.
    """
    window = periods.window_of(venue, first, last)
    found = StayFigures()
    for row in _confirmed(venue).filter(starts_at__gte=window.start, starts_at__lt=window.end):
        _count(found, row, now)
    return found


def pickup(venue: Venue, first: date, last: date, *, since: datetime, now: datetime) -> Pickup:
    """Nights from `first` to `last` that were sold after `since`, less those cancelled after it.

    A stay counts with its present dates and price. Raises Invalid when the period is too long or
    ends before it starts.
    """
    window = periods.window_of(venue, first, last)
    nights = revenue = 0
    for row in _covering(venue, window):
        sign = _is_on_books(row, now) - _is_on_books(row, since)
        for night, amount in nightly.prices_of(row, venue, row.category) if sign else ():
            if first <= night <= last:
                nights, revenue = nights + sign, revenue + sign * amount
    return Pickup(nights, revenue)


def nights_of(row: Reservation) -> list[date]:
    """The nights that a stay takes: to its end, or to the date on which the guest left before it.

    A guest who left on the day of arrival had one night.
    """
    zone = row.venue.zone
    end = min(row.ends_at, row.checked_out_at or row.ends_at)
    first, last = (at.astimezone(zone).date() for at in (row.starts_at, end))
    return list(hours.dates(first, max(first, last - DAY)))


def _covering(venue: Venue, window: Window) -> Iterator[Reservation]:
    # No stay is longer than MAX_SPAN, which bounds what an index on the start has to read.
    rows = _confirmed(venue).filter(
        starts_at__lt=window.end, starts_at__gt=window.start - MAX_SPAN, ends_at__gt=window.start
    )
    return rows.iterator(chunk_size=1_000)


def _confirmed(venue: Venue) -> ReservationQuerySet:
    rows = Reservation.objects.filter(venue=venue, confirmed_at__isnull=False)
    return rows.select_related("category", "venue__policy").order_by()


def _counted(rows: Iterable[Reservation], now: datetime) -> Iterator[Reservation]:
    return (row for row in rows if row.status_at(now) in periods.COUNTED)


def _count(found: StayFigures, row: Reservation, now: datetime) -> None:
    status = row.status_at(now)
    if status is Status.CANCELLED:
        found.cancelled += 1
        found.cancelled_fees_minor += owed.owed(row, now)
    elif status is Status.NO_SHOW:
        found.no_shows += 1
        found.no_shows_owed_minor += owed.owed(row, now)
    elif status in periods.COUNTED:
        nights = len(nights_of(row))
        found.arrivals += 1
        found.nights += nights
        found.sources[row.partner] += 1
        found.categories[row.category.code] += nights


def _is_on_books(row: Reservation, at: datetime) -> bool:
    """True when the stay was confirmed by `at` (UTC), and neither cancelled nor missed by then."""
    confirmed = row.confirmed_at is not None and row.confirmed_at <= at
    cancelled = row.cancelled_at is not None and row.cancelled_at <= at
    came = row.checked_in_at is not None or row.is_arrival_assumed
    missed = not came and row.no_show_at is not None and row.no_show_at <= at
    return confirmed and not cancelled and not missed


def _available(venue: Venue, first: date, last: date) -> Counter[date]:
    """By night, the units in service that no closure takes, on days that are not closed."""
    nights = {night: modes.stay(venue, night, night + DAY) for night in hours.dates(first, last)}
    units = list(Resource.objects.filter(venue=venue).select_related("venue"))
    for unit in units:
        unit.venue = venue
    shut = periods.closures_of(venue, Window(nights[first].start, nights[last].end))
    days_off = {unit.pk: hours.closed_days(venue, unit) for unit in units}
    found: Counter[date] = Counter()
    for night, window in nights.items():
        found[night] = sum(
            (unit.retired_at is None or unit.retired_at > window.start)
            and night not in days_off[unit.pk]
            and not any(_overlap(window, one) for one in shut.get(unit.pk, ()))
            for unit in units
        )
    return found


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end


def _rounded(amount_minor: int, parts: int) -> int | None:
    """An amount divided, in minor units, rounded half up; None when there are no parts."""
    return (2 * amount_minor + parts) // (2 * parts) if parts else None
