"""Checks guests out, and frees the rest of their time."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.errors import WrongStatus
from reservations.event_types import CHECKED_OUT
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.pricing import settlement
from reservations.records import locked, save
from reservations.rules.permissions import judge_desk
from reservations.status import Status


def may(reservation: Reservation, now: datetime) -> bool:
    """True when checking out at `now` would record a departure. Runs no query.

    Where the venue assumes departure, the true time can still be recorded after the end.
    """
    status = reservation.status_at(now)
    return status in (Status.PRESENT, Status.LEFT) and not reservation.checked_out_at


def may_complete(reservation: Reservation, now: datetime) -> bool:
    """True when the stay can be completed at `now`: when `may` is True, or before arrival."""
    return reservation.status_at(now) is Status.UPCOMING or may(reservation, now)


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises WrongStatus when the guest cannot be checked out at `now`."""
    if not may(reservation, now):
        raise WrongStatus(
            gettext("A reservation that is %(status)s cannot be checked out.")
            % {"status": reservation.status_at(now).word}
        )


def check_out(reservation_id: int, *, by: Caller) -> Reservation:
    """Checks a guest out, sets the final price (minor units) and frees the rest of their time.

    Repeating it changes nothing. Assumes a transaction. Raises NotFound, Forbidden, WrongStatus or
    RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    if reservation.checked_out_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    reservation.checked_out_at = now
    before = reservation.price_minor
    reservation.price_minor = settlement.final_price(reservation, now)
    save(reservation, "checked_out_at", "price_minor")
    ledger.free(reservation, at=now)
    events.record(
        reservation,
        CHECKED_OUT({"overstay_minor": reservation.price_minor - before}),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )
    return reservation


def complete(reservation_id: int, *, by: Caller) -> Reservation:
    """Checks a guest out, also one who has not arrived; before arrival the price stays.

    Repeating it changes nothing. Assumes a transaction. Raises NotFound, Forbidden, WrongStatus or
    RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    if reservation.status_at(now) is not Status.UPCOMING:
        return check_out(reservation_id, by=by)
    state_changes.judge_rate(reservation, by=by, now=now)
    reservation.checked_out_at = now
    save(reservation, "checked_out_at")
    ledger.free(reservation, at=now)
    events.record(
        reservation,
        CHECKED_OUT({}),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )
    return reservation
