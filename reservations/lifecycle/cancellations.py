"""Cancels reservations: when that is allowed, and the fee."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.errors import WrongStatus
from reservations.event_types import CANCELLED
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.records import locked, save
from reservations.status import TO_COME


def may(reservation: Reservation, now: datetime) -> bool:
    """True when the status at `now` lets the reservation be cancelled. Runs no query."""
    return reservation.status_at(now) in TO_COME


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises WrongStatus when the reservation cannot be cancelled at `now`."""
    if not may(reservation, now):
        raise WrongStatus(
            gettext("A reservation that is %(status)s cannot be cancelled.")
            % {"status": reservation.status_at(now).word}
        )


def fee_minor(reservation: Reservation, now: datetime) -> int:
    """The fee for cancelling at `now`, in minor units; 0 for a hold and before the deadline."""
    free_until = reservation.cancel_free_until
    is_late = reservation.confirmed_at and free_until is not None and now > free_until
    return reservation.cancel_fee_minor if is_late else 0


def cancel(reservation_id: int, *, by: Caller) -> Reservation:
    """Cancels a reservation and frees its time from now on. Assumes a transaction.

    Repeating it changes nothing. Raises NotFound, WrongStatus or RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    cancelled = CANCELLED({"fee_minor": fee_minor(reservation, now)})
    _free(reservation, now)
    events.record(
        reservation, cancelled, at=now, by=by, is_limited=by.limits_apply_at(reservation.venue_id)
    )
    return reservation


def replace(reservation: Reservation, *, now: datetime, by: Caller) -> None:
    """Cancels a locked reservation without a fee, because the guest's new one replaces it.

    Assumes a transaction. Raises WrongStatus.
    """
    judge(reservation, now)
    _free(reservation, now)
    events.record(reservation, CANCELLED({"replaced": True}), at=now, by=by)


def _free(reservation: Reservation, now: datetime) -> None:
    reservation.cancelled_at = now
    save(reservation, "cancelled_at")
    ledger.free(reservation, at=now)
