"""Lots and spots at this moment: how full each lot is, and who is on which spot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from desk import phrases
from reservations.allocation import presence
from reservations.allocation.presence import Occupant
from reservations.models import Allocation, Reservation
from reservations.pricing.owed import owed_expression
from reservations.querysets import AllocationQuerySet
from reservations.status import Status
from venues.models import Category, Resource, Venue

MOST_LOTS = 100
MOST_PAST = 25
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot in the list. `count` and `revenue` are those of the last 30 days."""

    venue: Venue
    price: str
    spots: int
    taken: int
    count: int
    revenue: str

    @property
    def free(self) -> int:
        """The number of spots that are free now."""
        return self.spots - self.taken

    @property
    def share(self) -> int:
        """The share of spots taken, in percent."""
        return round(100 * self.taken / self.spots) if self.spots else 0


@dataclass(frozen=True, slots=True)
class SpotNow:
    """A spot at this moment: free, reserved or occupied, or closed.

    `word` is the status, `label` its text. `reservation` is None if the spot is free or closed.
    """

    unit: Resource
    word: str
    label: str
    reservation: Reservation | None
    until: str
    reason: str


def lots(venues: Sequence[Venue], *, now: datetime) -> list[Lot]:
    """Returns one row for each lot, in the same number of queries for many as for one."""
    ids = [venue.pk for venue in venues]
    spots = _counted(Resource.objects.filter(venue__in=ids, retired_at=None))
    at_once = Allocation.objects.filter(venue__in=ids).taking_time(at=now)
    sold_now = at_once.filter(starts_at__lte=now, ends_at__gt=now, resource__retired_at=None)
    taken = _units(sold_now, presence.past_end_at(ids, now))
    sold = (
        Reservation.objects.filter(
            venue__in=ids,
            starts_at__gt=now - MONTH,
            starts_at__lte=now,
            confirmed_at__isnull=False,
        )
        .with_status(at=now)
        .order_by()
        .values_list("venue")
        .annotate(stays=Count("pk", filter=Q(cancelled_at=None)), revenue=Sum(owed_expression()))
    )
    month = {venue: (count, total or 0) for venue, count, total in sold}
    return [
        Lot(
            venue,
            price_of(venue),
            spots.get(venue.pk, 0),
            len(taken.get(venue.pk, ())),
            month.get(venue.pk, (0, 0))[0],
            phrases.money(month.get(venue.pk, (0, 0))[1], venue.currency),
        )
        for venue in venues
    ]


def spots(venue: Venue, *, now: datetime) -> list[SpotNow]:
    """Returns every spot of a lot, by floor and rank, in three queries."""
    rows = Allocation.objects.filter(venue=venue).taking_time(at=now)
    rows = rows.filter(starts_at__lte=now, ends_at__gt=now)
    late = Allocation.objects.filter(reservation__venue=venue).overstayed(at=now)
    # Who is there comes before who is due there.
    every = [row for found in (rows, late) for row in found.select_related("reservation__guest")]
    found = {row.resource_id: row for row in every}
    units = venue.resources.filter(retired_at=None).select_related("category")
    return [_spot(unit, found.get(unit.pk), venue, now) for unit in units.order_by("floor", "rank")]


def past(unit: Resource) -> list[Allocation]:
    """Returns the reservations of a spot, past and upcoming, the latest first: at
    most MOST_PAST.
    """
    rows = unit.allocations.filter(reservation__isnull=False).select_related("reservation__guest")
    return list(rows.order_by("-starts_at")[:MOST_PAST])


def price_of(venue: Venue) -> str:
    """Returns the price of an hour, or the lowest and highest, or "–" without a rate
    by the hour.
    """
    amounts = {rate.amount_minor for rate in venue.rates.all() if "hour" in rate.unit}
    if not amounts:
        return "–"
    told = [phrases.money(amount, venue.currency) for amount in (min(amounts), max(amounts))]
    return told[0] if len(amounts) == 1 else " – ".join(told)


def by_category(found: Sequence[SpotNow]) -> list[tuple[Category, int, int]]:
    """Counts the spots of each category, and how many of them are taken."""
    counts: dict[Category, list[int]] = {}
    for spot in found:
        count = counts.setdefault(spot.unit.category, [0, 0])
        count[0] += 1
        count[1] += spot.word != "free"
    return [(category, every, taken) for category, (every, taken) in counts.items()]


def _spot(unit: Resource, row: Allocation | None, venue: Venue, now: datetime) -> SpotNow:
    if row is None:
        return SpotNow(unit, "free", _("Free"), None, "", "")
    until = phrases.soon(row.ends_at, venue.zone, now)
    if row.reservation is None:
        return SpotNow(unit, "closed", _("Closed"), None, until, row.reason)
    row.reservation.venue = venue
    status = row.reservation.status_at(now)
    # A spot whose driver has not arrived yet counts as taken.
    label = _("Reserved") if status is Status.UPCOMING else str(phrases.LABELS[status])
    if status is Status.PRESENT and row.reservation.ends_at <= now:
        label = _("should have left")
    return SpotNow(unit, status.word, label, row.reservation, until, "")


def _units(rows: AllocationQuerySet, here: Iterable[Occupant]) -> dict[int, set[int]]:
    """The units of these rows and guests, by venue id."""
    found: dict[int, set[int]] = {}
    taken = rows.order_by().values_list("venue_id", "resource_id")
    for venue, unit in (*taken, *((one.venue, one.unit) for one in here)):
        found.setdefault(venue, set()).add(unit)
    return found


def _counted(rows: "object") -> dict[int, int]:
    counted = rows.order_by().values_list("venue").annotate(Count("pk"))  # type: ignore[attr-defined]
    return dict(counted)
