"""The verbs of the engine. Each runs its body in lifecycle/ in one durable transaction.

Pages, the API, the desk and imports change reservations only through these functions. Five other
modules also commit rows of reservations (a test holds this list):

- `lifecycle.holds` for `hold` below: its fast path is one statement, or its own transaction.
- `sweeps`, with `allocation.lapses`, records lapses, no-shows and ends of stays.
- `privacy.erasure` blanks a person in all their reservations, and cancels future ones.
- `privacy.retention` blanks the guests of stays that ended long ago.
- `replay.history` records the past of imported bookings: arrivals, departures, no-shows.

Where a guest's second reservation of a day replaces the first (`limits.one_per_day`), `hold`
cancels the first in its transaction.
"""

from collections.abc import Sequence

from guests.callers import Caller
from reservations import booking_outcomes
from reservations.idempotency import Once
from reservations.lifecycle import (
    cancellations,
    check_ins,
    check_outs,
    confirmations,
    group_holds,
    holds,
    modifications,
)
from reservations.models import Reservation
from reservations.requests import Booking, Change
from reservations.transactions import in_transaction


def hold(*, booking: Booking, by: Caller, once: Once | None = None) -> Reservation:
    """Books a unit: held, or confirmed where the policy confirms at once.

    Opens its own transaction. Raises a Refusal or guests.errors.ContactInvalid with nothing
    changed, or Repeated, with the stored answer, when `once` was carried out before.
    """
    with booking_outcomes.told():
        return holds.hold(booking, by=by, once=once)


def hold_group(
    *, bookings: Sequence[Booking], by: Caller, once: Once | None = None
) -> list[Reservation]:
    """Books several reservations of one venue, all or none, with one `group_id`.

    Returns them in the order given. Opens its own transaction. Raises what `hold` raises, with
    nothing changed.
    """
    with booking_outcomes.told():
        return in_transaction(lambda: group_holds.hold_group(bookings, by=by, once=once))


def confirm(*, reservation_id: int, by: Caller) -> Reservation:
    """Confirms a hold. Opens its own transaction; repeating it changes nothing.

    Raises HoldExpired when the hold has lapsed, NotFound, WrongStatus, RateLimited or Busy.
    """
    return in_transaction(lambda: confirmations.confirm(reservation_id, by=by))


def modify(*, reservation_id: int, change: Change, by: Caller) -> Reservation:
    """Changes details, party, range or unit. A new range is judged like a new booking.

    Opens its own transaction. Raises a Refusal or guests.errors.ContactInvalid with nothing
    changed; ChangedMeanwhile when `change` names another version than the present one.
    """
    return in_transaction(lambda: modifications.modify(reservation_id, change, by=by))


def check_in(*, reservation_id: int, by: Caller) -> Reservation:
    """Records that the guest is here, and fixes their unit. Confirms a hold as well.

    An early guest also gets the time from now to their start; a late guest keeps the unit while
    nobody else has it. Opens its own transaction; repeating it changes nothing. Raises NotFound,
    Forbidden, HoldExpired, WrongStatus, Taken, HeldByOther, TooLong, RateLimited or Busy.
    """
    return in_transaction(lambda: check_ins.check_in(reservation_id, by=by))


def check_out(*, reservation_id: int, by: Caller) -> Reservation:
    """Records that the guest has left, sets the final price, and frees the rest of their time.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden,
    WrongStatus, RateLimited or Busy.
    """
    return in_transaction(lambda: check_outs.check_out(reservation_id, by=by))


def complete(*, reservation_id: int, by: Caller) -> Reservation:
    """Checks the guest out, also one who has not arrived. The stay is over and its time free.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden,
    WrongStatus, RateLimited or Busy.
    """
    return in_transaction(lambda: check_outs.complete(reservation_id, by=by))


def cancel(*, reservation_id: int, by: Caller) -> Reservation:
    """Cancels the reservation and frees its time from now on.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, WrongStatus,
    RateLimited or Busy.
    """
    return in_transaction(lambda: cancellations.cancel(reservation_id, by=by))
