"""Takes a departure back: the guest is here again, with the rest of their time."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.corrections import amounts, regained_time, rounds
from reservations.errors import WrongStatus
from reservations.event_types import CHECK_OUT_UNDONE, CHECKED_OUT
from reservations.limits import one_per_day
from reservations.models import Event, Reservation
from reservations.records import locked, look, save
from reservations.rules import differences, permissions
from reservations.transactions import Restart


def may(reservation: Reservation, now: datetime) -> bool:
    """True when a departure is recorded. Whether its time is still free is judged by the verb."""
    return bool(reservation.checked_out_at) and not reservation.cancelled_at


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises WrongStatus when no departure can be taken back at `now`."""
    if not may(reservation, now):
        raise WrongStatus(
            gettext("A reservation that is %(status)s has no check-out to undo.")
            % {"status": reservation.status_at(now).word}
        )


def undo_check_out(reservation_id: int, *, reason: str, by: Caller) -> Reservation:
    """Takes a departure back, with the price of before. Staff only. Assumes a transaction.

    The guest gets the rest of their time again, on another unit of the pool only where their own
    was not fixed. Repeating it changes nothing. Raises NotFound, Forbidden, Invalid, WrongStatus,
    Taken or HeldByOther.
    """
    seen = look(reservation_id, by=by)
    reason = permissions.judge_reason(seen.venue_id, reason, by)
    placement = regained_time.find(seen, by=by, is_here=True) if may(seen, clock.now()) else None
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if rounds.is_repeat(reservation, CHECK_OUT_UNDONE):
        return reservation
    judge(reservation, now)
    if reservation.version != seen.version:
        raise Restart
    before = differences.of(reservation)
    departure = rounds.event_of(reservation, CHECKED_OUT)
    reservation.checked_out_at = None
    reservation.day_key = one_per_day.still_free(reservation)
    fields = ["checked_out_at", "day_key", *rounds.begin(reservation)]
    if departure is not None:
        fields += _restore_amounts(reservation, departure)
    if placement is not None and regained_time.rest_of(reservation, now):
        regained_time.take(reservation, placement, now=now)
    elif not reservation.is_departure_assumed:
        regained_time.stay_in(reservation)
    save(reservation, *fields)
    changed = differences.since(before, reservation)
    entry = CHECK_OUT_UNDONE({"reason": reason, "changed": changed})
    events.record(reservation, entry, at=now, by=by)
    return reservation


def _restore_amounts(reservation: Reservation, departure: Event) -> list[str]:
    """Sets the amounts that the departure changed as they were before. Returns their names."""
    found = amounts.before(reservation, departure)
    for name, value in found.items():
        setattr(reservation, name, value)
    return list(found)
