"""Prolongs a hold while its guest pays.

The payments are above the engine: they call this in the transaction that begins one.
"""

from datetime import datetime, timedelta

from guests.callers import Caller
from reservations import events
from reservations.allocation.ledger import live
from reservations.event_types import MODIFIED
from reservations.lifecycle import drafts
from reservations.models import Reservation
from reservations.records import save
from reservations.rules import differences

LEAST = timedelta(minutes=15)
"""What is left of a hold, at least, when its guest begins to pay."""

MOST = timedelta(minutes=30)
"""By how much, at most, a hold outlasts the hold time."""


def prolong(reservation: Reservation, *, now: datetime, by: Caller) -> bool:
    """Lets a hold last LEAST from `now` (UTC), at most MOST beyond its hold time, nor past its end.

    The grace of a late guest does not end it meanwhile. Assumes the lock, and a hold that stands.
    Returns False where that changes nothing.
    """
    last = reservation.hold_expires_at
    assert last is not None
    latest = reservation.created_at + reservation.venue.policy.hold_time + MOST
    wanted = min(now + LEAST, latest, reservation.ends_at)
    if wanted <= last:
        return False
    before = differences.of(reservation, has_units=False)
    reservation.hold_expires_at = wanted
    save(reservation, "hold_expires_at")
    live(reservation).update(lapses_at=drafts.lapses_at(reservation))
    changed = differences.since(before, reservation)
    events.record(reservation, MODIFIED({"changed": changed}), at=now, by=by)
    return True
