"""Checks guests out, and frees the rest of their time."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.errors import Invalid, WrongStatus
from reservations.event_types import CHECKED_OUT, CheckedOutData
from reservations.lifecycle import cancellations
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.pricing import settlement
from reservations.pricing.settlement import Charge
from reservations.records import locked, look, save
from reservations.rules.permissions import judge_desk, judge_staff
from reservations.status import TO_COME, Status
from venues import prices


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


def is_before_start(reservation: Reservation, now: datetime) -> bool:
    """True when the guest has not come and the start is ahead: ending it now is cancelling it."""
    return reservation.status_at(now) in TO_COME and now < reservation.starts_at


def check_out(
    reservation_id: int, *, by: Caller, charge: Charge | int | None = None, reason: str = ""
) -> Reservation:
    """Checks a guest out, sets the final price (minor units) and frees the rest of their time.

    For an early departure staff may say what to `charge`, with a reason: all that was sold, the
    time used, or an amount in minor units. Repeating it changes nothing. Assumes a transaction.
    Raises NotFound, Forbidden, WrongStatus, Invalid or RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    if charge is not None or reason:
        judge_staff(reservation.venue_id, by)
    now = clock.now()
    if reservation.checked_out_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    _leave(reservation, now, by=by, charge=charge, reason=reason)
    return reservation


def complete(reservation_id: int, *, by: Caller) -> Reservation:
    """Ends a stay, also of a guest whose arrival nobody recorded. Before the start it is cancelled.

    Repeating it changes nothing. Assumes a transaction. Raises NotFound, Forbidden, WrongStatus or
    RateLimited.
    """
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    if reservation.cancelled_at and cancellations.was_given_back(reservation):
        return reservation
    if reservation.status_at(now) is not Status.UPCOMING:
        return check_out(reservation_id, by=by)
    state_changes.judge_rate(reservation, by=by, now=now)
    if is_before_start(reservation, now):
        cancellations.give_back(reservation, now=now, by=by)
    else:
        _leave(reservation, now, by=by)
    return reservation


def release(reservation_id: int, *, by: Caller) -> Reservation:
    """Records that a guest has left; before the start it completes, which cancels.

    Assumes a transaction. Raises what `check_out` and `complete` raise.
    """
    seen = look(reservation_id, by=by)
    is_over = seen.cancelled_at is not None or is_before_start(seen, clock.now())
    # Both verbs judge again on the locked row.
    return (complete if is_over else check_out)(reservation_id, by=by)


def _leave(
    reservation: Reservation,
    now: datetime,
    *,
    by: Caller,
    charge: Charge | int | None = None,
    reason: str = "",
) -> None:
    before = reservation.price_minor
    told: CheckedOutData = {}
    if charge is not None:
        told["charge"] = _judge_charge(reservation, now, charge, reason)
    if reason:
        told["reason"] = reason
    reservation.price_minor = (
        charge if isinstance(charge, int) else settlement.final_price(reservation, now, charge)
    )
    reservation.checked_out_at = now
    save(reservation, "checked_out_at", "price_minor")
    ledger.free(reservation, at=now)
    told["overstay_minor"] = reservation.price_minor - before
    events.record(
        reservation,
        CHECKED_OUT(told),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )


def _judge_charge(
    reservation: Reservation, now: datetime, charge: Charge | int, reason: str
) -> str:
    """Returns the charge in words. Raises Invalid for one that is not of an early departure."""
    if not reason:
        raise Invalid("reason", gettext("Say why: give a reason with the charge."))
    if now >= reservation.ends_at:
        raise Invalid("charge", gettext("The stay has reached its end. Leave the charge out."))
    if isinstance(charge, Charge):
        return charge.value
    if charge > settlement.sold_price(reservation):
        raise Invalid("charge", gettext("This is more than the stay was sold for."))
    return str(prices.decimal(charge, reservation.currency))
