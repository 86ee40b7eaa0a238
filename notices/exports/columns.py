"""The columns of exports, and the rows that fill them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from notices.models import Export
from notices.models.export import ExportKind
from reservations.models import Allocation, Reservation
from reservations.pricing import owed
from reservations.reports import parking
from reservations.rules import parties
from reservations.rules.guest_fields import GIVEN
from reservations.status import Status
from venues import prices
from venues.kinds import Mode
from venues.models import Resource, Venue

PARKING = (
    "reservation", "slot_id", "spot_id", "lot", "spot_number", "floor", "reserved_from",
    "reserved_until", "parked_at", "left_at", "cost", "currency", "plate", "remarks",
)  # fmt: skip
"""A person's parking. `slot_id` is `{spot}:{start}` on a fixed grid, else empty."""

_INSTANTS = ("created_at", "confirmed_at", "checked_in_at", "checked_out_at", "cancelled_at")

RESERVATIONS = (
    "id", "code", "group_id", "venue", "category", "resource", "resource_name", "starts_at",
    "ends_at", "time_zone", "status", "price", "paid", "due", "currency", *GIVEN, "adults",
    "children", "reference", *_INSTANTS,
)  # fmt: skip
"""Reservations, by the API's names. With several units, they are joined by ` + `."""

Row = Sequence[object]


def header(export: Export) -> Row:
    """Returns the names of an export's columns."""
    return PARKING if export.kind == ExportKind.PARKING else RESERVATIONS


def writer(export: Export) -> Callable[[Reservation, datetime], Row]:
    """Returns what makes a row of a reservation at an instant (UTC)."""
    return _parking if export.kind == ExportKind.PARKING else _reservation


def _parking(row: Reservation, now: datetime) -> Row:
    spot = next(iter(_units(row)), None)
    status = row.status_at(now)
    has_parked = status in (Status.PRESENT, Status.LEFT)
    return (
        row.pk,
        f"{spot.pk}:{instant(row.starts_at)}" if spot and _has_grid(row.venue) else "",
        spot.pk if spot else "",
        row.venue.slug,
        spot.name if spot else "",
        spot.floor if spot else "",
        instant(row.starts_at),
        instant(row.ends_at),
        instant(parking.came_at(row)) if has_parked else "",
        instant(parking.left_at(row, at=now)) if has_parked else "",
        prices.decimal(owed.owed(row, now), row.currency),
        row.currency,
        row.vehicle_plate,
        row.remarks,
    )


def _reservation(row: Reservation, now: datetime) -> Row:
    units = _units(row)
    return (
        row.pk,
        row.code,
        row.group_id,
        row.venue.slug,
        row.category.code,
        " + ".join(str(unit.pk) for unit in units),
        " + ".join(unit.name for unit in units),
        instant(row.starts_at),
        instant(row.ends_at),
        row.venue.time_zone,
        row.status_at(now).word,
        prices.decimal(row.price_minor, row.currency),
        prices.decimal(row.paid_minor, row.currency),
        prices.decimal(owed.due(row, now), row.currency),
        row.currency,
        *(_plain(value) for value in _given(row)),
        parties.adults_of(row),
        " ".join(str(age) for age in parties.children_of(row)),
        row.reference or "",
        *(instant(value) for value in _facts(row)),
    )


_given: Callable[[Reservation], Sequence[Any]] = attrgetter(*GIVEN)
_facts: Callable[[Reservation], Sequence[datetime | None]] = attrgetter(*_INSTANTS)


def instant(value: datetime | None) -> str:
    """Returns an instant as text in UTC with `Z`, as the API has it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else ""


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _has_grid(venue: Venue) -> bool:
    return venue.mode == Mode.SLOT


def _units(row: Reservation) -> list[Resource]:
    """Returns the units of the live allocations that end last, else of the newest."""
    taken: list[Allocation] = sorted(row.allocations.all(), key=attrgetter("pk"))
    shown = [one for one in taken if one.is_live] or taken[-1:]
    last = max((one.ends_at for one in shown), default=None)
    return [one.resource for one in shown if one.ends_at == last]
