"""Check outs."""

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import ledger
from reservations.errors import WrongStatus
from reservations.limits import state_changes
from reservations.models import Reservation
from reservations.pricing import settlement
from reservations.records import locked, save
from reservations.rules.permissions import judge_desk
from reservations.status import Status


def check_out(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    if reservation.checked_out_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    match reservation.status_at(now):
        case Status.PRESENT | Status.LEFT:
            reservation.checked_out_at = now
        case status:
            raise WrongStatus(
                gettext("A reservation that is %(status)s cannot be checked out.")
                % {"status": status.word}
            )
    before = reservation.price_minor
    reservation.price_minor = settlement.final_price(reservation, now)
    save(reservation, "checked_out_at", "price_minor")
    ledger.free(reservation, at=now)
    events.record(
        reservation,
        "reservation.checked_out",
        at=now,
        by=by,
        is_limited=by.limits_apply,
        data={"overstay_minor": reservation.price_minor - before},
    )
    return reservation


def complete(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    is_to_come = reservation.status_at(now) is Status.UPCOMING
    if not is_to_come or reservation.checked_out_at:
        return check_out(reservation_id, by=by)
    state_changes.judge_rate(reservation, by=by, now=now)
    reservation.checked_out_at = now
    save(reservation, "checked_out_at")
    ledger.free(reservation, at=now)
    events.record(reservation, "reservation.checked_out", at=now, by=by, is_limited=by.limits_apply)
    return reservation
