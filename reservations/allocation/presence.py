"""Says who is in which unit: guests who have arrived and not left, past their end too.

Sold time and presence are two facts. A guest who stays on after the end takes no time that was sold
to others, yet the unit is not free: nobody who begins now is put there, and who begins later only
after all other units. Only a recorded arrival counts, where the venue records departures. Until the
end the allocation takes the unit, so what readers need to add are the guests past their end.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reservations.allocation.seating import Seat, Timed
from reservations.errors import Occupied
from reservations.models import Allocation
from venues.models import Resource

INSTANT = timedelta(microseconds=1)
"""The smallest difference between two instants in the database."""


class Occupant(NamedTuple):
    """A guest in a unit. Venue, unit and reservation are ids; instants are UTC.

    `since` is the arrival on this unit, `ends_at` the end that was sold.
    """

    venue: int
    unit: int
    reservation: int
    since: datetime
    ends_at: datetime


_FACTS = (
    "venue_id",
    "resource_id",
    "reservation_id",
    "reservation__checked_in_at",
    "reservation__ends_at",
    "starts_at",
)


def occupied_by(unit: int, now: datetime, *, but: int | None = None) -> Occupant | None:
    """The guest who is in a unit (by id) at `now` though their end has passed, or None.

    `but` is the id of a reservation that does not count.
    """
    return _by_unit(Allocation.objects.filter(resource_id=unit), now, but).get(unit)


def past_end(venue: int, now: datetime, *, but: int | None = None) -> dict[int, Occupant]:
    """By unit id, the guests of a venue who are still there though their end has passed.

    `but` is the id of a reservation that does not count.
    """
    return _by_unit(Allocation.objects.filter(reservation__venue=venue), now, but)


def past_end_at(venues: Collection[int], now: datetime) -> list[Occupant]:
    """The guests of these venues who are still there though their end has passed, in one query."""
    if not venues:
        return []
    return _read(Allocation.objects.filter(reservation__venue__in=venues), now)


def pins(
    here: Iterable[Occupant], seats: Iterable[Timed], of: Collection[int], now: datetime
) -> list[Seat]:
    """One fixed seat of an instant for each occupied unit among `of` (ids), for `seating`.

    It stands in the way of whatever contains `now`, and of nothing else. Units that `seats` take at
    `now` get none, since fixed seats of a unit must not overlap.
    """
    taken = {getattr(seat, "unit", 0) for seat in seats if seat.start <= now < seat.end}
    return [
        Seat(-one.reservation, one.unit, now, now + INSTANT, is_pinned=True)
        for one in here
        if one.unit in of and one.unit not in taken
    ]


def refusal(occupant: Occupant, unit: Resource) -> Occupied:
    """The refusal for a unit whose guest has not gone."""
    told: dict[str, Any] = {"id": str(unit.pk), "name": unit.name, "floor": unit.floor}
    return Occupied(unit=told, since=occupant.since)


def _by_unit(rows: Any, now: datetime, but: int | None) -> dict[int, Occupant]:
    found = sorted(_read(rows, now), key=lambda one: one.ends_at)
    return {one.unit: one for one in found if one.reservation != but}


def _read(rows: Any, now: datetime) -> list[Occupant]:
    found = rows.overstayed(at=now).order_by().values_list(*_FACTS)
    return [
        Occupant(venue, unit, reservation, max(arrived, starts), ends)
        for venue, unit, reservation, arrived, ends, starts in found
    ]
