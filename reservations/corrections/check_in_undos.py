"""Takes an arrival back, such as that of the wrong guest."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.allocation.ledger import live
from reservations.corrections import rounds
from reservations.errors import WrongStatus
from reservations.event_types import CHECK_IN_UNDONE, CHECKED_IN
from reservations.lifecycle import drafts
from reservations.models import Reservation
from reservations.records import locked, save
from reservations.rules import differences, permissions
from reservations.rules.taken_ranges import time_before


def may(reservation: Reservation, now: datetime) -> bool:
    """True when an arrival is recorded and no departure. Runs no query."""
    return bool(reservation.checked_in_at) and not (
        reservation.checked_out_at or reservation.cancelled_at
    )


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises WrongStatus when no arrival can be taken back at `now`."""
    if not may(reservation, now):
        raise WrongStatus(
            gettext("A reservation that is %(status)s has no check-in to undo.")
            % {"status": reservation.status_at(now).word}
        )


def undo_check_in(reservation_id: int, *, reason: str, by: Caller) -> Reservation:
    """Takes an arrival back: the guest is awaited again. Staff only. Assumes a transaction.

    Time that an early guest got before their start is free again. A hold that was confirmed by
    checking in stays confirmed. Repeating it changes nothing. Raises NotFound, Forbidden, Invalid
    or WrongStatus.
    """
    reservation = locked(reservation_id, by=by)
    reason = permissions.judge_reason(reservation.venue_id, reason, by)
    now = clock.now()
    if rounds.is_repeat(reservation, CHECK_IN_UNDONE):
        return reservation
    judge(reservation, now)
    before = differences.of(reservation)
    arrival = rounds.event_of(reservation, CHECKED_IN)
    reservation.checked_in_at = reservation.completed_at = None
    fields = ("checked_in_at", "completed_at", *rounds.begin(reservation))
    _loosen(reservation, now=now, was_movable=bool(arrival and arrival.data.get("was_movable")))
    save(reservation, *fields)
    changed = differences.since(before, reservation)
    entry = CHECK_IN_UNDONE({"reason": reason, "changed": changed})
    events.record(reservation, entry, at=now, by=by)
    return reservation


def _loosen(reservation: Reservation, *, now: datetime, was_movable: bool) -> None:
    """Gives the time before the start back, and lets the time lapse as it would have."""
    rows = live(reservation)
    if was_movable:
        rows.update(is_locked=False)
    begins = reservation.starts_at - time_before(reservation.venue.policy)
    rows.filter(starts_at__lt=begins).update(starts_at=begins)
    lapses_at = drafts.lapses_at(reservation)
    if lapses_at is not None and lapses_at <= now:
        # Already a no-show whose time others may have.
        ledger.truncate(rows, at=now)
        return
    rows.update(lapses_at=lapses_at)
