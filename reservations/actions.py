"""Every verb of the engine: one durable transaction each, around its body in lifecycle/.

Pages, the API, the desk and imports change reservations through these functions alone. Four other
modules commit rows of reservations, and nothing else does (a test holds this list):

- `lifecycle.holds` for `hold` below: its fast path is one statement, or a transaction of its own.
- `sweeps`, with `allocation.lapses`, writes down what time alone has changed.
- `erasure` blanks a person in all their reservations, and cancels those to come by `cancel`'s body.
- `replay.history` records the past of an imported booking: arrived, left, missed.

A guest's earlier reservation that a second one of that day replaces (`limits.one_per_day`) is
cancelled inside the transaction of `hold`.
"""

from collections.abc import Sequence

from guests.callers import Caller
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
    """Take time for a new reservation: held, or confirmed where the policy confirms at once.

    Raises a Refusal, or guests.errors.ContactInvalid, with nothing taken; Repeated, with the
    stored answer, when `once` was carried out before.
    """
    return holds.hold(booking, by=by, once=once)


def hold_group(
    *, bookings: Sequence[Booking], by: Caller, once: Once | None = None
) -> list[Reservation]:
    """Take time for several reservations of one venue, all or none, with one `group_id`.

    Raises as `hold` does, with nothing taken.
    """
    return in_transaction(lambda: group_holds.hold_group(bookings, by=by, once=once))


def confirm(*, reservation_id: int, by: Caller) -> Reservation:
    """Turn a hold into a promise. Raises HoldExpired once it has lapsed, or was released."""
    return in_transaction(lambda: confirmations.confirm(reservation_id, by=by))


def modify(*, reservation_id: int, change: Change, by: Caller) -> Reservation:
    """Change details, party, range or unit; a new range is judged like a new booking.

    Raises a Refusal with nothing changed; ChangedMeanwhile when the caller read another version.
    """
    return in_transaction(lambda: modifications.modify(reservation_id, change, by=by))


def check_in(*, reservation_id: int, by: Caller) -> Reservation:
    """Record that the guest is here; the unit is theirs from now. Confirms a hold as well.

    Early, the time back to now is taken too; late, the unit is kept while nobody else has it.
    """
    return in_transaction(lambda: check_ins.check_in(reservation_id, by=by))


def check_out(*, reservation_id: int, by: Caller) -> Reservation:
    """Record that the guest has left; what is left of the time is free at once."""
    return in_transaction(lambda: check_outs.check_out(reservation_id, by=by))


def complete(*, reservation_id: int, by: Caller) -> Reservation:
    """Check out, also before the start: then the stay is over and all of its time is free."""
    return in_transaction(lambda: check_outs.complete(reservation_id, by=by))


def cancel(*, reservation_id: int, by: Caller) -> Reservation:
    """Give the reservation up; its time from now on is free at once."""
    return in_transaction(lambda: cancellations.cancel(reservation_id, by=by))
