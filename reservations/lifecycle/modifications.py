"""Modifies reservations: details, party, range or unit."""

from guests.callers import Caller
from reservations import clock
from reservations.lifecycle import changes, modify_in_house, modify_upcoming
from reservations.models import Reservation
from reservations.records import locked, look
from reservations.requests import Change
from reservations.rules import booking_window
from reservations.status import Status

may = changes.may
judge = changes.judge


def modify(reservation_id: int, wish: Change, *, by: Caller) -> Reservation:
    """Modifies a reservation as `wish` says. Assumes a transaction.

    Raises NotFound, ChangedMeanwhile, another Refusal or guests.errors.ContactInvalid.
    """
    if changes.takes_time(wish):
        seen = look(reservation_id, by=by)
        changes.judge_version(seen, wish)
        booking_window.judge_pair(seen.venue, wish.category, wish.resource)
        is_here = seen.status_at(clock.now()) is Status.PRESENT
        return (modify_in_house.change if is_here else modify_upcoming.move)(seen, wish, by=by)
    reservation = locked(reservation_id, by=by)
    changes.judge(reservation, wish)
    return changes.write(reservation, wish, by=by)
