"""Says which reservations stand in time that is not open: to come, held, or in house."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from reservations import records
from reservations.errors import ReservationsAffected
from reservations.models import Allocation, Reservation
from reservations.rules import modes
from reservations.status import Status
from venues import hours
from venues.hours import DAY, Window
from venues.models import Opening, Resource, Venue

HERE_OR_TO_COME = (Status.HELD, Status.UPCOMING, Status.PRESENT)
"""The statuses of reservations that a change of hours touches."""

MOST_NAMED = 20
"""The largest number of reservations that a refusal names."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A reservation and those of its units on which it stands in time that is not open."""

    reservation: Reservation
    units: tuple[Resource, ...]
    status: Status
    is_pinned: bool = True
    """False when the engine may give the guest another unit without asking anybody."""


def refusal(
    affected: Sequence[Affected], *, is_changed: bool = False, detail: str = ""
) -> ReservationsAffected:
    """The refusal that asks what becomes of these. `is_changed`: they are not those decided on."""
    if is_changed:
        detail = gettext(
            "The reservations that this touches have changed meanwhile. Look at the list again."
        )
    found = ReservationsAffected(detail, reservations=told(affected))
    found.affected = list(affected)
    return found


def told(affected: Iterable[Affected]) -> list[dict[str, Any]]:
    """The first MOST_NAMED as a refusal names them: `{id, code, units, starts_at, ends_at}`."""
    return [
        {
            "id": str(one.reservation.pk),
            "code": one.reservation.code,
            "units": [unit.name for unit in one.units],
            "starts_at": one.reservation.starts_at,
            "ends_at": one.reservation.ends_at,
        }
        for one in list(affected)[:MOST_NAMED]
    ]


def on_units(units: Collection[int], window: Window, now: datetime) -> list[Affected]:
    """The reservations that take time on these units (ids) within the range, earliest first.

    Leaves out stays that are over, and time that a guest in house has used already.
    """
    rows = Allocation.objects.filter(
        resource_id__in=units, starts_at__lt=window.end, ends_at__gt=max(window.start, now)
    )
    return _by_reservation(rows, now)


def outside_hours(venue: Venue, now: datetime, unit: Resource | None = None) -> list[Affected]:
    """The reservations of a venue, or of one unit, that do not lie within the hours, earliest
    first.

    Hours are judged as those of a booking are, in a stay that has begun from now on. Where nights
    are sold, a stay at other times than those of its dates is outside as well.
    """
    rows = Allocation.objects.filter(venue=venue, ends_at__gt=now)
    if unit is not None:
        rows = rows.filter(resource=unit)
    found = _by_reservation(rows, now)
    known = records.load_venue(venue.pk)
    judge = _Hours(known, [one.reservation for one in found])
    touched = []
    for one in found:
        if one.status not in HERE_OR_TO_COME or one.reservation.ends_at <= now:
            continue
        closed = tuple(unit for unit in one.units if not judge.is_open(one.reservation, unit, now))
        if closed:
            touched.append(Affected(one.reservation, closed, one.status, one.is_pinned))
    return touched


def _by_reservation(rows: Any, now: datetime) -> list[Affected]:
    taking = rows.filter(reservation__isnull=False).taking_time(at=now)
    taking = taking.select_related(
        "reservation__venue__policy", "reservation__category", "resource"
    )
    found: dict[int, list[Allocation]] = {}
    for row in taking.order_by("starts_at", "pk"):
        found.setdefault(row.reservation_id, []).append(row)
    return [_affected(allocations, now) for allocations in found.values()]


def _affected(rows: list[Allocation], now: datetime) -> Affected:
    reservation = rows[0].reservation
    assert reservation is not None
    is_pinned = bool(reservation.checked_in_at) or any(
        row.is_locked or row.starts_at <= now for row in rows
    )
    units = tuple({row.resource_id: row.resource for row in rows}.values())
    return Affected(reservation, units, reservation.status_at(now), is_pinned)


class _Hours:
    """The hours of a venue's units over the days of some reservations, worked out once."""

    def __init__(self, venue: Venue, rows: Sequence[Reservation]) -> None:
        self.venue = venue
        self.first = min((row.starts_at for row in rows), default=None)
        self.last = max((row.ends_at for row in rows), default=None)
        self._runs: dict[object, list[Window]] = {}
        self._closed: dict[int, set[date]] = {}

    def is_open(self, row: Reservation, unit: Resource, now: datetime) -> bool:
        """True when the unit is open for what is left of the reservation."""
        window = Window(row.starts_at, row.ends_at)
        # Units without hours of their own have the venue's.
        own = unit if hours.opens_by_itself(self.venue) else None
        if modes.sells_nights(self.venue):
            return self._has_nights(window, own, now)
        openings = hours.openings_of(self.venue, own)
        if modes.is_always_open(self.venue, openings):
            return True
        unit.venue = self.venue
        zone = unit.zone if own is not None else self.venue.zone
        runs = self._runs_of(openings, zone)
        place = bisect_right(runs, max(window.start, now), key=lambda run: run.start) - 1
        return place >= 0 and runs[place].end >= window.end

    def _has_nights(self, window: Window, unit: Resource | None, now: datetime) -> bool:
        first, last = modes.local_dates(self.venue, window)
        key = unit.pk if unit is not None else 0
        if key not in self._closed:
            self._closed[key] = hours.closed_days(self.venue, unit)
        # The running night belongs to the day before until noon or so: it is not sold anew.
        today = modes.business_date(self.venue, now)
        if any(max(first, today) <= day < last for day in self._closed[key]):
            return False
        usual = modes.stay(self.venue, first, last)
        # A stay that has begun keeps its start, whenever that was.
        return usual.end == window.end and (usual.start == window.start or window.start <= now)

    def _runs_of(self, openings: Sequence[Opening], zone: ZoneInfo) -> list[Window]:
        assert self.first is not None
        assert self.last is not None
        key = (zone.key, tuple(row.pk for row in openings))
        if key not in self._runs:
            first = self.first.astimezone(zone).date() - DAY
            last = self.last.astimezone(zone).date()
            self._runs[key] = hours.runs(hours.windows(openings, zone, first, last))
        return self._runs[key]
