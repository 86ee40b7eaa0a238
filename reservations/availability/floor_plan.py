"""Shows the state of each unit of a venue in a range; to staff also who is there. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reservations.allocation.presence import Occupant
from reservations.availability import snapshot_queries
from reservations.availability.busy import BusyRange
from reservations.models import Reservation
from venues.hours import Window
from venues.models import Resource, Venue

State = Literal["free", "taken", "held", "closed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One unit and its state. `vehicle` and `guest` are None unless read for staff.

    `is_overstay`: a guest is still in it whose end has passed, since their arrival at `since` (UTC;
    None for any other unit). Only a range that contains now has such units.
    """

    unit: Resource
    state: State
    is_overstay: bool = False
    since: datetime | None = None
    vehicle: str | None = None
    guest: str | None = None


def stand(
    venue: Venue, window: Window, *, now: datetime, is_for_staff: bool = False
) -> list[Standing]:
    """Every unit of a venue that is not retired, with its state in a range, in the venue's order.

    Runs a few queries, however many units there are. Only staff may see vehicles and guests.
    """
    found = snapshot_queries.snapshot(venue, window, now=now)
    rows = {unit.pk: found.taken(unit.pk, window) for unit in found.units}
    known = _known(row for taken in rows.values() for row in taken) if is_for_staff else {}
    here = found.here if window.start <= now < window.end else {}
    return [_standing(unit, rows[unit.pk], known, here.get(unit.pk)) for unit in found.units]


def _standing(
    unit: Resource,
    taken: Sequence[BusyRange],
    known: dict[int, tuple[str, str]],
    here: Occupant | None,
) -> Standing:
    told = (known[row.reservation] for row in taken if row.reservation in known)
    vehicle, guest = next(told, (None, None))
    return Standing(
        unit=unit,
        state="taken" if here else _state(taken),
        is_overstay=here is not None,
        since=here.since if here else None,
        vehicle=vehicle,
        guest=guest,
    )


def _known(rows: Iterable[BusyRange]) -> dict[int, tuple[str, str]]:
    """The plate and the guest's name for each reservation in the rows, by id."""
    ids = {row.reservation for row in rows if row.reservation}
    names = Reservation.objects.filter(pk__in=ids).values_list(
        "pk", "vehicle_plate", "first_name", "last_name"
    )
    return {pk: (plate, f"{first} {last}") for pk, plate, first, last in names}


def _state(taken: Sequence[BusyRange]) -> State:
    if not taken:
        return "free"
    if any(not row.is_closure and not row.is_held for row in taken):
        return "taken"
    return "held" if any(row.is_held for row in taken) else "closed"
