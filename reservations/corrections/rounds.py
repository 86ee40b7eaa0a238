"""Rounds of a reservation: taking something back begins a new one, in which it can happen again."""

from typing import Any

from reservations.event_types import EventType
from reservations.models import Event, Reservation


def begin(reservation: Reservation) -> tuple[str]:
    """Begins the next round of a locked reservation. Returns the names of the fields to save."""
    reservation.round += 1
    return ("round",)


def event_of(reservation: Reservation, kind: EventType[Any]) -> Event | None:
    """The latest event of this type, or None."""
    return reservation.events.filter(name=kind.name).order_by("-pk").first()


def is_repeat(reservation: Reservation, kind: EventType[Any]) -> bool:
    """True when nothing has happened to the reservation since an event of this type.

    A client whose answer was lost sends the verb again.
    """
    names = reservation.events.order_by("-pk").values_list("name", flat=True)
    return names.first() == kind.name
