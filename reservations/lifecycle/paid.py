"""Writes what was paid for a reservation, and that a card was stored. Nothing else writes these.

The ledger is above the engine: it calls these in the transaction of its own entry.
"""

from datetime import datetime

from guests.callers import Caller
from reservations import events
from reservations.event_types import Entry
from reservations.models import Reservation
from reservations.records import save


def change(
    reservation: Reservation, by_minor: int, told: Entry, *, at: datetime, by: Caller
) -> None:
    """Adds to what was paid, or takes from it, and records the event. Assumes the lock.

    Raises ChangedMeanwhile when the caller expects another version.
    """
    _set(reservation, reservation.paid_minor + by_minor)
    events.record(reservation, told, at=at, by=by)


def put_right(reservation: Reservation, paid_minor: int) -> None:
    """Sets what was paid to what the ledger says. Assumes the lock. For repairs."""
    _set(reservation, paid_minor)


def guaranteed(reservation: Reservation, *, at: datetime) -> None:
    """Notes that a card of the guest was stored at `at` (UTC). Assumes the lock."""
    reservation.guaranteed_at = at
    save(reservation, "guaranteed_at")


def _set(reservation: Reservation, paid_minor: int) -> None:
    reservation.paid_minor = paid_minor
    save(reservation, "paid_minor")
