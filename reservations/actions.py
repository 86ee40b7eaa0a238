"""The only code that changes a reservation. One function per verb.

Each is a shell, one durable transaction, around an inner function of the same name that assumes
one. The beats are the same everywhere: lock, read the clock, judge, write facts, record, return.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import (
    allocation,
    arriving,
    changing,
    clock,
    drafting,
    events,
    grouping,
    hoarding,
    holding,
    idempotency,
    judging,
    moving,
    pace,
    placing,
    staying,
    tariffs,
)
from reservations.errors import HeldByOther, HoldExpired, Taken, WrongStatus
from reservations.finding import has_its_time, judge_desk, live, locked, look, save
from reservations.idempotency import Once
from reservations.models import Reservation
from reservations.requests import Booking, Change
from reservations.status import Status
from reservations.transactions import Escalate, whole


def hold(*, booking: Booking, by: Caller, once: Once | None = None) -> Reservation:
    """Take time for a new reservation: held, or confirmed where the policy confirms at once.

    Raises a Refusal, or guests.errors.ContactInvalid, with nothing taken; Repeated, with the
    stored answer, when `once` was carried out before.
    """
    tried = once is None
    if tried and (made := holding.on_last_seen(booking, by=by)) is not None:
        return made
    return whole(lambda attempt: _hold(booking, by=by, once=once, glances=attempt + tried))


def hold_group(
    *, bookings: Sequence[Booking], by: Caller, once: Once | None = None
) -> list[Reservation]:
    """Take time for several reservations of one venue, all or none, with one `group_id`.

    Raises as `hold` does, with nothing taken.
    """
    return whole(lambda _: _hold_group(bookings, by=by, once=once))


def confirm(*, reservation_id: int, by: Caller) -> Reservation:
    """Turn a hold into a promise. Raises HoldExpired once it has lapsed, or was released."""
    return whole(lambda _: _confirm(reservation_id, by=by))


def modify(*, reservation_id: int, change: Change, by: Caller) -> Reservation:
    """Change details, party, range or unit; a new range is judged like a new booking.

    Raises a Refusal with nothing changed; ChangedMeanwhile when the caller read another version.
    """
    return whole(lambda _: _modify(reservation_id, change, by=by))


def check_in(*, reservation_id: int, by: Caller) -> Reservation:
    """Record that the guest is here; the unit is theirs from now. Confirms a hold as well.

    Early, the time back to now is taken too; late, the unit is kept while nobody else has it.
    """
    return whole(lambda _: _check_in(reservation_id, by=by))


def check_out(*, reservation_id: int, by: Caller) -> Reservation:
    """Record that the guest has left; what is left of the time is free at once."""
    return whole(lambda _: _check_out(reservation_id, by=by))


def complete(*, reservation_id: int, by: Caller) -> Reservation:
    """Check out, also before the start: then the stay is over and all of its time is free."""
    return whole(lambda _: _complete(reservation_id, by=by))


def cancel(*, reservation_id: int, by: Caller) -> Reservation:
    """Give the reservation up; its time from now on is free at once."""
    return whole(lambda _: _cancel(reservation_id, by=by))


def fee_minor(reservation: Reservation, now: datetime) -> int:
    """What cancelling costs at that moment."""
    free_until = reservation.cancel_free_until
    is_late = reservation.confirmed_at and free_until is not None and now > free_until
    return reservation.cancel_fee_minor if is_late else 0


def cancel_here(*, reservation_id: int, by: Caller) -> Reservation:
    """The same in the transaction of whoever erases its guest."""
    return _cancel(reservation_id, by=by)


def _hold(booking: Booking, *, by: Caller, once: Once | None, glances: int) -> Reservation:
    is_sure = holding.is_time_to_lock(booking, glances)
    limits = hoarding.seen(booking, by=by)
    hoarding.lock(limits)
    claimed = idempotency.claim(once)
    venue = judging.find_venue(booking.venue)
    wish = holding.judge(venue, booking, by=by)
    hoarding.judge(limits, venue, booking, by=by)
    if glances:
        placing.judge_unlocked(wish.ask, is_alone=True)
    reservation = None if is_sure else holding.at_a_glance(wish)
    if reservation is None:
        if not is_sure and booking.resource is None:
            # What was locked at a glance stands in no order with the whole pool.
            raise Escalate
        if not glances:
            placing.judge_unlocked(wish.ask, is_alone=True)
        reservation = holding.surely(wish)
    hoarding.judge_made(limits, venue)
    idempotency.store(claimed, once, reservation)
    return reservation


def _hold_group(bookings: Sequence[Booking], *, by: Caller, once: Once | None) -> list[Reservation]:
    limits = hoarding.seen(bookings[0], by=by)
    hoarding.lock(limits)
    claimed = idempotency.claim(once)
    venue = judging.find_venue(bookings[0].venue)
    holding.judge(venue, bookings[0], by=by)
    hoarding.judge(limits, venue, bookings[0], by=by, more=len(bookings))
    # In one go and in id order: one after the other, two groups would wait for each other.
    allocation.lock_units(grouping.units_for(bookings))
    rows: list[Reservation] = []
    for booking in bookings:
        try:
            here = judging.find_venue(booking.venue)
            wish = holding.judge(here, booking, by=by)
            placing.judge_unlocked(wish.ask)
            rows.append(holding.surely(wish))
        except (Taken, HeldByOther) as refusal:
            # Perhaps only by what this group took a moment ago, and now gives back.
            raise grouping.refusal_of(booking, bookings, rows) from refusal
    hoarding.judge_made(limits, venue, made=len(rows))
    group_id = uuid.uuid4()
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(group_id=group_id)
    for row in rows:
        row.group_id = group_id
    idempotency.store(claimed, once, rows)
    return rows


def _confirm(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.confirmed_at and not reservation.cancelled_at:
        return reservation
    _judge_pace(reservation, by=by, now=now)
    match reservation.status_at(now):
        case Status.HELD if has_its_time(reservation):
            reservation.confirmed_at = now
        case Status.HELD | Status.EXPIRED:
            raise HoldExpired
        case status:
            raise WrongStatus(
                gettext("A reservation that is %(status)s cannot be confirmed.")
                % {"status": status.word}
            )
    save(reservation, "confirmed_at")
    live(reservation).update(lapses_at=drafting.lapses_at(reservation))
    events.record(reservation, "reservation.confirmed", at=now, by=by, is_limited=by.limits_apply)
    return reservation


def _modify(reservation_id: int, wish: Change, *, by: Caller) -> Reservation:
    if changing.takes_time(wish):
        seen = look(reservation_id, by=by)
        changing.judge_version(seen, wish)
        judging.judge_pair(seen.venue, wish.category, wish.resource)
        is_here = seen.status_at(clock.now()) is Status.PRESENT
        return (staying.change if is_here else moving.move)(seen, wish, by=by)
    reservation = locked(reservation_id, by=by)
    changing.judge(reservation, wish)
    return changing.write(reservation, wish, by=by)


def _check_in(reservation_id: int, *, by: Caller) -> Reservation:
    seen = look(reservation_id, by=by)
    judge_desk(seen, by)
    placement = arriving.prepare(seen, by=by)
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.checked_in_at and not reservation.cancelled_at:
        return reservation
    _judge_pace(reservation, by=by, now=now)
    arriving.judge(reservation, now)
    fields = ["checked_in_at"]
    if not reservation.confirmed_at:
        reservation.confirmed_at = now
        fields.append("confirmed_at")
        events.record(reservation, "reservation.confirmed", at=now, by=by)
    reservation.checked_in_at = now
    arriving.seat(reservation, placement, now=now)
    save(reservation, *fields)
    events.record(reservation, "reservation.checked_in", at=now, by=by, is_limited=by.limits_apply)
    return reservation


def _check_out(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    if reservation.checked_out_at and not reservation.cancelled_at:
        return reservation
    _judge_pace(reservation, by=by, now=now)
    match reservation.status_at(now):
        case Status.PRESENT | Status.LEFT:
            reservation.checked_out_at = now
        case status:
            raise WrongStatus(
                gettext("A reservation that is %(status)s cannot be checked out.")
                % {"status": status.word}
            )
    before = reservation.price_minor
    reservation.price_minor = tariffs.final_price(reservation, now)
    save(reservation, "checked_out_at", "price_minor")
    allocation.free(reservation, at=now)
    events.record(
        reservation,
        "reservation.checked_out",
        at=now,
        by=by,
        is_limited=by.limits_apply,
        data={"overstay_minor": reservation.price_minor - before},
    )
    return reservation


def _complete(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    judge_desk(reservation, by)
    now = clock.now()
    is_to_come = reservation.status_at(now) is Status.UPCOMING
    if not is_to_come or reservation.checked_out_at:
        return _check_out(reservation_id, by=by)
    _judge_pace(reservation, by=by, now=now)
    reservation.checked_out_at = now
    save(reservation, "checked_out_at")
    allocation.free(reservation, at=now)
    events.record(reservation, "reservation.checked_out", at=now, by=by, is_limited=by.limits_apply)
    return reservation


def _cancel(reservation_id: int, *, by: Caller) -> Reservation:
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.cancelled_at:
        return reservation
    _judge_pace(reservation, by=by, now=now)
    match reservation.status_at(now):
        case Status.HELD | Status.UPCOMING:
            reservation.cancelled_at = now
        case status:
            raise WrongStatus(
                gettext("A reservation that is %(status)s cannot be cancelled.")
                % {"status": status.word}
            )
    save(reservation, "cancelled_at")
    allocation.free(reservation, at=now)
    events.record(
        reservation,
        "reservation.cancelled",
        at=now,
        by=by,
        is_limited=by.limits_apply,
        data={"fee_minor": fee_minor(reservation, now)},
    )
    return reservation


def _judge_pace(reservation: Reservation, *, by: Caller, now: datetime) -> None:
    own = pace.of_venue(reservation.venue.policy.state_change_rate)
    pace.judge(reservation, pace=own, by=by, now=now)
