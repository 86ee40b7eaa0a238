"""Confirming: a hold becomes a promise."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import rows
from reservations.allocation.ledger import has_its_time, live
from reservations.errors import HoldExpired, WrongStatus
from reservations.event_types import CONFIRMED
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.records import locked, save
from reservations.status import Status


def may(reservation: Reservation, now: datetime) -> bool:
    """Whether the status at `now` lets the reservation be confirmed. Makes no query."""
    return reservation.status_at(now) is Status.HELD


def judge(reservation: Reservation, now: datetime) -> None:
    """Raise HoldExpired for a hold that lapsed or was released, else WrongStatus."""
    status = reservation.status_at(now)
    if may(reservation, now) and has_its_time(reservation):
        return
    if status in (Status.HELD, Status.EXPIRED):
        raise HoldExpired
    raise WrongStatus(
        gettext("A reservation that is %(status)s cannot be confirmed.") % {"status": status.word}
    )


def confirm(reservation_id: int, *, by: Caller) -> Reservation:
    """Confirm a hold; once done, repeating it changes nothing.

    Assumes a transaction. Raises NotFound, HoldExpired, WrongStatus or RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.confirmed_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    reservation.confirmed_at = now
    save(reservation, "confirmed_at")
    live(reservation).update(lapses_at=rows.lapses_at(reservation))
    events.record(reservation, CONFIRMED({}), at=now, by=by, is_limited=by.limits_apply)
    return reservation
