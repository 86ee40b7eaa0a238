"""What an attendant or administrator sees of lots: how full each is, and who is on which spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from desk import phrases
from reservations.models import Allocation, Reservation
from reservations.status import Status
from venues.models import Category, Resource, Venue

MOST_LOTS = 100
MOST_PAST = 25
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot in a list."""

    venue: Venue
    price: str
    spots: int
    taken: int
    count: int
    revenue: str

    @property
    def free(self) -> int:
        return self.spots - self.taken

    @property
    def share(self) -> int:
        """Of all spots, in percent."""
        return round(100 * self.taken / self.spots) if self.spots else 0


@dataclass(frozen=True, slots=True)
class SpotNow:
    """A spot now: free, or with whom or what is on it."""

    unit: Resource
    word: str
    label: str
    reservation: Reservation | None
    until: str
    reason: str


def lots(venues: Sequence[Venue], *, now: datetime) -> list[Lot]:
    """A line of each; as many queries for many lots as for one."""
    ids = [venue.pk for venue in venues]
    spots = _counted(Resource.objects.filter(venue__in=ids, retired_at=None))
    at_once = Allocation.objects.filter(venue__in=ids).taking_time(at=now)
    here = at_once.filter(starts_at__lte=now, ends_at__gt=now, resource__retired_at=None)
    taken = _counted(here)
    sold = (
        Reservation.objects.filter(
            venue__in=ids,
            starts_at__gt=now - MONTH,
            starts_at__lte=now,
            confirmed_at__isnull=False,
            cancelled_at=None,
        )
        .order_by()
        .values_list("venue")
        .annotate(Count("pk"), Sum("price_minor"))
    )
    month = {venue: (count, total or 0) for venue, count, total in sold}
    return [
        Lot(
            venue,
            price_of(venue),
            spots.get(venue.pk, 0),
            taken.get(venue.pk, 0),
            month.get(venue.pk, (0, 0))[0],
            phrases.money(month.get(venue.pk, (0, 0))[1], venue.currency),
        )
        for venue in venues
    ]


def spots(venue: Venue, *, now: datetime) -> list[SpotNow]:
    """Every spot of a lot as it stands, in two queries."""
    rows = Allocation.objects.filter(venue=venue).taking_time(at=now)
    rows = rows.filter(starts_at__lte=now, ends_at__gt=now).select_related("reservation__guest")
    found = {row.resource_id: row for row in rows}
    units = venue.resources.filter(retired_at=None).select_related("category")
    return [_spot(unit, found.get(unit.pk), venue, now) for unit in units.order_by("floor", "rank")]


def past(unit: Resource) -> list[Allocation]:
    """Who was, is and will be on a spot, the latest first."""
    rows = unit.allocations.filter(reservation__isnull=False).select_related("reservation__guest")
    return list(rows.order_by("-starts_at")[:MOST_PAST])


def price_of(venue: Venue) -> str:
    """What an hour costs, where it costs the same everywhere."""
    amounts = {rate.amount_minor for rate in venue.rates.all() if "hour" in rate.unit}
    if not amounts:
        return "–"
    told = [phrases.money(amount, venue.currency) for amount in (min(amounts), max(amounts))]
    return told[0] if len(amounts) == 1 else " – ".join(told)


def by_category(found: Sequence[SpotNow]) -> list[tuple[Category, int, int]]:
    """How many spots of each category there are, and how many of them are taken."""
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
    # What is sold and not arrived at yet is taken all the same.
    label = _("Reserved") if status is Status.UPCOMING else str(phrases.LABELS[status])
    return SpotNow(unit, status.word, label, row.reservation, until, "")


def _counted(rows: "object") -> dict[int, int]:
    counted = rows.order_by().values_list("venue").annotate(Count("pk"))  # type: ignore[attr-defined]
    return dict(counted)
