"""Confirms holds."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation.ledger import has_its_time, live
from reservations.errors import HoldExpired, WrongStatus
from reservations.event_types import CONFIRMED
from reservations.lifecycle import drafts
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.records import locked, save
from reservations.status import Status


def may(reservation: Reservation, now: datetime) -> bool:
    """True when the status at `now` lets the reservation be confirmed. Runs no query."""
    return reservation.status_at(now) is Status.HELD


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises HoldExpired for a hold that has lapsed or lost its time, else WrongStatus."""
    status = reservation.status_at(now)
    if may(reservation, now) and has_its_time(reservation):
        return
    if status in (Status.HELD, Status.EXPIRED):
        raise HoldExpired
    raise WrongStatus(
        gettext("A reservation that is %(status)s cannot be confirmed.") % {"status": status.word}
    )


def confirm(reservation_id: int, *, by: Caller) -> Reservation:
    """Confirms a hold, which then keeps its time past `hold_expires_at`. Assumes a transaction.

    Repeating it changes nothing. Raises NotFound, HoldExpired, WrongStatus or RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.confirmed_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    reservation.confirmed_at = now
    save(reservation, "confirmed_at")
    live(reservation).update(lapses_at=drafts.lapses_at(reservation))
    events.record(
        reservation,
        CONFIRMED({}),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )
    return reservation
