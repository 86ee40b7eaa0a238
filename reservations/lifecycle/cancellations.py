"""When cancelling is allowed, and what it costs."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.errors import WrongStatus
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.records import locked, save
from reservations.status import Status


def fee_minor(reservation: Reservation, now: datetime) -> int:
    """What cancelling costs at that moment."""
    free_until = reservation.cancel_free_until
    is_late = reservation.confirmed_at and free_until is not None and now > free_until
    return reservation.cancel_fee_minor if is_late else 0


def cancel(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    match reservation.status_at(now):
        case Status.HELD | Status.UPCOMING:
            reservation.cancelled_at = now
        case status:
            raise WrongStatus(
                gettext("A reservation that is %(status)s cannot be cancelled.")
                % {"status": status.word}
            )
    save(reservation, "cancelled_at")
    ledger.free(reservation, at=now)
    events.record(
        reservation,
        "reservation.cancelled",
        at=now,
        by=by,
        is_limited=by.limits_apply,
        data={"fee_minor": fee_minor(reservation, now)},
    )
    return reservation
