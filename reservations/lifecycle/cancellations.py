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
from reservations.pricing import owed
from reservations.records import locked, save
from reservations.rules import permissions
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
    return owed.fee_at(reservation, now) if reservation.confirmed_at else 0


def give_back(reservation: Reservation, *, now: datetime, by: Caller) -> None:
    """Cancels a locked reservation that is completed before its start, with its fee.

    Assumes a transaction, and that the rate of changes is judged. Raises WrongStatus.
    """
    judge(reservation, now)
    fee = fee_minor(reservation, now)
    _free(reservation, now, fee_minor=fee)
    events.record(
        reservation,
        CANCELLED({"fee_minor": fee, "given_back": True}),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )


def was_given_back(reservation: Reservation) -> bool:
    """True when the reservation was cancelled by completing it before its start."""
    rows = reservation.events.filter(name=CANCELLED.name).order_by("-pk")
    data = rows.values_list("data", flat=True).first()
    return bool(data and data.get("given_back"))


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
    fee = fee_minor(reservation, now)
    cancelled = CANCELLED({"fee_minor": fee})
    _free(reservation, now, fee_minor=fee)
    events.record(
        reservation, cancelled, at=now, by=by, is_limited=by.limits_apply_at(reservation.venue_id)
    )
    return reservation


def cancel_for_venue(reservation_id: int, *, reason: str, by: Caller) -> Reservation:
    """Cancels a reservation because the venue cannot keep it: the guest owes no fee.

    Staff only. Assumes a transaction. Raises NotFound, Forbidden, Invalid or WrongStatus.
    """
    reservation = locked(reservation_id, by=by)
    told = permissions.judge_reason(reservation.venue_id, reason, by)
    now = clock.now()
    judge(reservation, now)
    _free(reservation, now)
    cancelled = CANCELLED({"fee_minor": 0, "by_venue": True, "reason": told})
    events.record(reservation, cancelled, at=now, by=by)
    return reservation


def replace(reservation: Reservation, *, now: datetime, by: Caller) -> None:
    """Cancels a locked reservation without a fee, because the guest's new one replaces it.

    Assumes a transaction. Raises WrongStatus.
    """
    judge(reservation, now)
    _free(reservation, now)
    events.record(reservation, CANCELLED({"replaced": True}), at=now, by=by)


def _free(reservation: Reservation, now: datetime, *, fee_minor: int = 0) -> None:
    reservation.cancelled_at = now
    reservation.fee_due_minor += fee_minor
    save(reservation, "cancelled_at", "fee_due_minor")
    ledger.free(reservation, at=now)
