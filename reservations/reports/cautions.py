"""Warns of reservations that were taken, but that somebody should look at. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext, override

from reservations.models import Reservation
from reservations.rules import plates
from reservations.status import Facts, Status, status_of
from venues import kinds
from venues.models import Venue

STANDING = (Status.HELD, Status.UPCOMING, Status.PRESENT)
"""The statuses of what still stands. Nobody is warned of the past."""


@dataclass(frozen=True, slots=True)
class Caution:
    """One warning: `code` is stable, `detail` is for people."""

    code: str
    detail: str


class Warned(Facts, Protocol):
    """The fields of a reservation that warnings depend on, besides those of its status."""

    pk: int
    venue_id: int
    first_name: str
    last_name: str
    vehicle_plate: str


def nobody() -> tuple[str, str]:
    """The first and last name of a walk-in who gave none, in the active language."""
    return gettext("Walk-in"), gettext("Guest")


def of_one(row: Reservation, now: datetime) -> list[Caution]:
    """The warnings of one reservation with its venue; [] for most. At most one query."""
    return of([row], {row.venue_id: row.venue}, now)[row.pk]


def of(
    rows: Sequence[Warned], venues: Mapping[int, Venue], now: datetime
) -> dict[int, list[Caution]]:
    """The warnings of each reservation, by its id. `venues` are theirs, by id.

    At most one query: for vehicles, at venues that ask for the plate.
    """
    found: dict[int, list[Caution]] = {row.pk: [] for row in rows}
    cars = [
        row
        for row in rows
        if kinds.named(venues[row.venue_id].kind).asks_plate and status_of(row, now) in STANDING
    ]
    if not cars:
        return found
    unnamed = _names_of_nobody()
    others = _others(cars, now)
    for row in cars:
        key = plates.folded(row.vehicle_plate)
        if any(pk != row.pk and start < row.ends_at and row.starts_at < end
               for pk, start, end in others[row.venue_id, key]):  # fmt: skip
            found[row.pk].append(_twice())
        if not key and (row.first_name, row.last_name) in unnamed:
            found[row.pk].append(_unknown())
    return found


def _others(
    cars: Iterable[Warned], now: datetime
) -> Mapping[tuple[int, str], list[tuple[int, datetime, datetime]]]:
    """Id, start and end of what stands for these plates, by venue and plate."""
    wanted = {plates.folded(row.vehicle_plate) for row in cars} - {""}
    found: defaultdict[tuple[int, str], list[tuple[int, datetime, datetime]]] = defaultdict(list)
    if not wanted:
        return found
    rows = Reservation.objects.filter(
        plate_key__in=wanted,
        ends_at__gt=min(row.starts_at for row in cars),
        venue__in={row.venue_id for row in cars},
    )
    for pk, venue, key, start, end in (
        rows.filter(plate_key__isnull=False)
        .in_one_of(STANDING, at=now)
        .order_by()
        .values_list("pk", "venue_id", "plate_key", "starts_at", "ends_at")
    ):
        found[venue, key or ""].append((pk, start, end))
    return found


@cache
def _names_of_nobody() -> set[tuple[str, str]]:
    names = set()
    for language, _ in settings.LANGUAGES:
        with override(language):
            names.add(nobody())
    return names


def _twice() -> Caution:
    told = gettext("This vehicle has another reservation here at that time.")
    return Caution("plate_twice", told)


def _unknown() -> Caution:
    told = gettext("There is neither a plate nor a name. Nobody can tell whose vehicle it is.")
    return Caution("no_plate", told)
