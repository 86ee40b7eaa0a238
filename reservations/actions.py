"""The verbs of the engine. Each runs its body in lifecycle/ in one durable transaction.

Pages, the API, the desk and imports change reservations only through these functions. Five other
modules also commit rows of reservations (a test holds this list):

- `lifecycle.holds` for `hold` below: its fast path is one statement, or its own transaction.
- `sweeps`, with `allocation.lapses`, records lapses, no-shows and ends of stays.
- `privacy.erasure` blanks a person in all their reservations, and cancels future ones.
- `privacy.retention` blanks the guests of stays that ended long ago.
- `replay.history` records the past of imported bookings: arrivals, departures, no-shows.

Where staff close time over reservations, `inventory` carries out what they decide on each in one
transaction, with the bodies in lifecycle/.

What was paid is written by `lifecycle.paid`, in the transactions of the package above that keeps
the ledger. It also prolongs a hold while its guest pays (`lifecycle.prepayment.prolongations`).
Where an account gets another e-mail address, `corrections.addresses` lets its reservations follow,
in the transaction that changes the account.

Where a guest's second reservation of a day replaces the first (`limits.one_per_day`), `hold`
cancels the first in its transaction.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from guests.callers import Caller
from reservations import booking_outcomes
from reservations.allocation import ledger
from reservations.corrections import (
    check_in_undos,
    check_out_undos,
    late_confirmations,
    reinstatements,
    rest_releases,
)
from reservations.corrections.rest_releases import Release
from reservations.idempotency import Once
from reservations.lifecycle import (
    adjustments,
    cancellations,
    check_ins,
    check_outs,
    confirmations,
    group_holds,
    groups,
    holds,
    modifications,
    swaps,
    walk_ins,
)
from reservations.models import Reservation
from reservations.pricing.settlement import Charge
from reservations.requests import Booking, Change, Reprice
from reservations.rules import references
from reservations.transactions import in_transaction


def hold(*, booking: Booking, by: Caller, once: Once | None = None) -> Reservation:
    """Books a unit: held, or confirmed where the policy confirms at once.

    Opens its own transaction. Raises a Refusal or guests.errors.ContactInvalid with nothing
    changed, or Repeated, with the stored answer, when `once` was carried out before.
    """
    with booking_outcomes.told(), references.used_once(by, [booking.reference]):
        return holds.hold(booking, by=by, once=once)


def walk_in(*, booking: Booking, by: Caller, once: Once | None = None) -> Reservation:
    """Places a guest who stands at the desk from now on, and checks them in, in one transaction.

    Staff only. Takes the end, the category or the unit of `booking`, and no start. Raises Taken
    with `until` where a shorter stay would do, Closed, Occupied, PartyTooLarge, another Refusal or
    guests.errors.ContactInvalid with nothing changed, or Repeated.
    """
    with booking_outcomes.told():
        return in_transaction(lambda: walk_ins.walk_in(booking, by=by, once=once))


def hold_group(
    *, bookings: Sequence[Booking], by: Caller, once: Once | None = None
) -> list[Reservation]:
    """Books several reservations of one venue, all or none, with one `group_id`.

    Returns them in the order given. Opens its own transaction. Raises what `hold` raises, with
    nothing changed.
    """
    with (
        booking_outcomes.told(),
        references.used_once(by, [booking.reference for booking in bookings]),
    ):
        return in_transaction(lambda: group_holds.hold_group(bookings, by=by, once=once))


def confirm(*, reservation_id: int, by: Caller, override_reason: str = "") -> Reservation:
    """Confirms a hold. Opens its own transaction; repeating it changes nothing.

    With a reason, staff confirm what is not paid. Raises HoldExpired when the hold has lapsed,
    NotFound, Forbidden, WrongStatus, PaymentRequired, RateLimited or Busy.
    """
    return in_transaction(
        lambda: confirmations.confirm(reservation_id, by=by, override_reason=override_reason)
    )


def confirm_paid(
    *, reservation_ids: Sequence[int], by: Caller, then: Callable[[list[Reservation]], None]
) -> None:
    """Confirms holds whose payment a provider has authorised, all or none. For the system.

    Opens its own transaction, in which `then` gets the locked reservations. Raises what `confirm`
    and `then` raise, with nothing changed.
    """

    def confirmed() -> None:
        if len(reservation_ids) > 1:
            # All at once, in order of id.
            ledger.lock_reservations(reservation_ids)
        then([confirmations.confirm(pk, by=by) for pk in sorted(reservation_ids)])

    in_transaction(confirmed)


def confirm_late(
    *,
    reservation_ids: Sequence[int],
    reason: str,
    by: Caller,
    then: Callable[[list[Reservation]], None],
) -> None:
    """Confirms holds that expired before their payment arrived, if their time is free, all or none.

    They keep their prices. Opens its own transaction, in which `then` gets the locked reservations.
    Raises what `reinstate`, `confirm` and `then` raise, with nothing changed.
    """
    in_transaction(lambda: then(late_confirmations.confirm(reservation_ids, reason=reason, by=by)))


def swap(
    *,
    venue: str,
    reservations: Sequence[int],
    reason: str,
    by: Caller,
    reprice: Reprice = Reprice.KEEP,
) -> tuple[Reservation, Reservation]:
    """Gives each of two stays at a venue (a slug) the unit of the other. Staff only.

    Opens its own transaction. Raises Invalid, NotFound, Forbidden, WrongStatus, PartyTooLarge,
    Taken, HeldByOther, Occupied or Busy, with nothing changed.
    """
    return in_transaction(
        lambda: swaps.swap(venue, reservations, reason=reason, by=by, reprice=reprice)
    )


def modify(*, reservation_id: int, change: Change, by: Caller) -> Reservation:
    """Changes details, party, range or unit. A new range is judged like a new booking.

    Opens its own transaction. Raises a Refusal or guests.errors.ContactInvalid with nothing
    changed; ChangedMeanwhile when `change` names another version than the present one.
    """
    with references.used_once(by, [change.reference]):
        return in_transaction(lambda: modifications.modify(reservation_id, change, by=by))


def check_in(*, reservation_id: int, by: Caller, override_reason: str = "") -> Reservation:
    """Records that the guest is here, and fixes their unit. Confirms a hold as well.

    An early guest also gets the time from now to their start; a late guest keeps the unit while
    nobody else has it. While another guest is still in the unit, this one gets another of its pool
    where their own was not promised; `override_reason` of staff gives it anyway. Opens its own
    transaction; repeating it changes nothing. Raises NotFound, Forbidden, HoldExpired, WrongStatus,
    Taken, HeldByOther, Occupied, TooLong, RateLimited or Busy.
    """
    return in_transaction(
        lambda: check_ins.check_in(reservation_id, by=by, override_reason=override_reason)
    )


def check_out(
    *, reservation_id: int, by: Caller, charge: Charge | int | None = None, reason: str = ""
) -> Reservation:
    """Records that the guest has left, sets the final price, and frees the rest of their time.

    Staff may say what an early departure costs, with a reason: `charge` is a word or an amount in
    minor units. Opens its own transaction; repeating it changes nothing. Raises NotFound,
    Forbidden, WrongStatus, Invalid, RateLimited or Busy.
    """
    return in_transaction(
        lambda: check_outs.check_out(reservation_id, by=by, charge=charge, reason=reason)
    )


def complete(*, reservation_id: int, by: Caller) -> Reservation:
    """Checks the guest out, also one who has not arrived. Before the start it is a cancelling.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden,
    WrongStatus, RateLimited or Busy.
    """
    return in_transaction(lambda: check_outs.complete(reservation_id, by=by))


def release(*, reservation_id: int, by: Caller) -> Reservation:
    """Records that the guest has left. Before the start, and before they came, it cancels.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden,
    WrongStatus, RateLimited or Busy.
    """
    return in_transaction(lambda: check_outs.release(reservation_id, by=by))


def cancel(*, reservation_id: int, by: Caller) -> Reservation:
    """Cancels the reservation and frees its time from now on.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, WrongStatus,
    RateLimited or Busy.
    """
    return in_transaction(lambda: cancellations.cancel(reservation_id, by=by))


def adjust_price(*, reservation_id: int, by: Caller, amount_minor: int, reason: str) -> Reservation:
    """Sets the price of a stay, in minor units, for a reason. For managers.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden,
    WrongStatus, Invalid or Busy.
    """
    return in_transaction(
        lambda: adjustments.adjust_price(
            reservation_id, by=by, amount_minor=amount_minor, reason=reason
        )
    )


def waive_fee(*, reservation_id: int, by: Caller, reason: str) -> Reservation:
    """Waives the fees that are owed by now, for a reason. For managers.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden, Invalid or
    Busy.
    """
    return in_transaction(lambda: adjustments.waive_fee(reservation_id, by=by, reason=reason))


def undo_check_in(*, reservation_id: int, reason: str, by: Caller) -> Reservation:
    """Takes an arrival back: the guest is awaited again. Staff only, with a reason.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden, Invalid,
    WrongStatus or Busy.
    """
    return in_transaction(
        lambda: check_in_undos.undo_check_in(reservation_id, reason=reason, by=by)
    )


def undo_check_out(*, reservation_id: int, reason: str, by: Caller) -> Reservation:
    """Takes a departure back, with the rest of the time and the price of before.

    Staff only, with a reason. Opens its own transaction; repeating it changes nothing. Raises
    NotFound, Forbidden, Invalid, WrongStatus, Taken, HeldByOther or Busy.
    """
    return in_transaction(
        lambda: check_out_undos.undo_check_out(reservation_id, reason=reason, by=by)
    )


def reinstate(
    *, reservation_id: int, reason: str, arrived_at: datetime | None = None, by: Caller
) -> Reservation:
    """Brings back what was cancelled, has expired or counts as a no-show.

    Staff only, with a reason. After the end, `arrived_at` (UTC) enters a stay that took place.
    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden, Invalid,
    WrongStatus, Taken, HeldByOther or Busy.
    """
    return in_transaction(
        lambda: reinstatements.reinstate(
            reservation_id, reason=reason, arrived_at=arrived_at, by=by
        )
    )


def release_rest(*, reservation_id: int, release: Release, by: Caller) -> Reservation:
    """Gives the rest of a no-show's time to others, and says what is charged. Staff only.

    Opens its own transaction; repeating it changes nothing. Raises NotFound, Forbidden, Invalid,
    WrongStatus or Busy.
    """
    return in_transaction(lambda: rest_releases.release_rest(reservation_id, release, by=by))


def confirm_group(
    *,
    group_id: uuid.UUID,
    by: Caller,
    only: Collection[int] | None = None,
    override_reason: str = "",
) -> list[Reservation]:
    """Confirms the held members of a group, or those named by id, all or none.

    With a reason, staff confirm what is not paid. Returns all members. Opens its own transaction;
    repeating it changes nothing. Raises what `confirm` raises, and OnePerDay; its `member` is the
    one that stands against it.
    """
    return in_transaction(
        lambda: groups.confirm(group_id, by=by, only=only, override_reason=override_reason)
    )


def cancel_group(
    *, group_id: uuid.UUID, by: Caller, only: Collection[int] | None = None
) -> list[Reservation]:
    """Cancels the members of a group, or those named by id, all or none.

    Returns all members. Opens its own transaction; repeating it changes nothing. Raises NotFound,
    WrongStatus, RateLimited or Busy.
    """
    return in_transaction(lambda: groups.cancel(group_id, by=by, only=only))


def check_in_group(
    *, group_id: uuid.UUID, by: Caller, only: Collection[int] | None = None
) -> list[Reservation]:
    """Checks in the members of a group, or those named by id, all or none. Staff and partners.

    Returns all members. Opens its own transaction; repeating it changes nothing. Raises what
    `check_in` raises; its `member` is the one that stands against it.
    """
    return in_transaction(lambda: groups.check_in(group_id, by=by, only=only))


def check_out_group(
    *, group_id: uuid.UUID, by: Caller, only: Collection[int] | None = None
) -> list[Reservation]:
    """Checks out the members of a group who came, or those named by id, all or none.

    Returns all members. Opens its own transaction; repeating it changes nothing. Raises what
    `check_out` raises; its `member` is the one that stands against it.
    """
    return in_transaction(lambda: groups.check_out(group_id, by=by, only=only))
