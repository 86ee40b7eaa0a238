"""Modifies reservations: details, party, range or unit."""

from guests.callers import Caller
from reservations import clock
from reservations.lifecycle import changes, modify_in_house, modify_upcoming
from reservations.models import Reservation
from reservations.records import locked, look
from reservations.requests import Change
from reservations.rules import booking_window, differences, parties, references
from reservations.status import Status
from reservations.transactions import Restart

may = changes.may
may_correct_details = changes.may_correct_details
judge = changes.judge


def modify(reservation_id: int, wish: Change, *, by: Caller) -> Reservation:
    """Modifies a reservation as `wish` says. Assumes a transaction.

    Raises NotFound, ChangedMeanwhile, another Refusal or guests.errors.ContactInvalid.
    """
    seen = None
    if parties.names_party(wish) or references.says(wish):
        seen = look(reservation_id, by=by)
        references.judge_change(seen, wish, by)
        wish = parties.changed(seen, wish)
    if changes.takes_time(wish) or _is_priced_by_age(seen, wish):
        seen = seen or look(reservation_id, by=by)
        changes.judge_version(seen, wish)
        booking_window.judge_pair(seen.venue, wish.category, wish.resource)
        is_here = seen.status_at(clock.now()) is Status.PRESENT
        return (modify_in_house.change if is_here else modify_upcoming.move)(seen, wish, by=by)
    reservation = locked(reservation_id, by=by)
    if seen is not None and seen.version != reservation.version:
        # The party that the change was judged by is not the one that is there.
        raise Restart
    changes.judge_details(reservation, wish, by)
    return changes.write(reservation, wish, by=by, before=differences.of(reservation))


def _is_priced_by_age(seen: Reservation | None, wish: Change) -> bool:
    """True when other ages of the children may change the price: taxes and extras go by them."""
    return wish.children is not None and seen is not None and "charges" in (seen.tariff or {})
