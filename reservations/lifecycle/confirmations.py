"""Confirms holds."""

from datetime import datetime
from functools import partial

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation.ledger import has_its_time, live
from reservations.errors import HoldExpired, WrongStatus
from reservations.event_types import CONFIRMED, ConfirmedData
from reservations.lifecycle import cancellations, drafts
from reservations.lifecycle.prepayment import gate
from reservations.limits import one_per_day, state_changes
from reservations.models import Reservation
from reservations.records import locked, save
from reservations.rules import differences
from reservations.status import Status


def may(reservation: Reservation, now: datetime) -> bool:
    """True when the status at `now` lets the reservation be confirmed. Runs no query."""
    return reservation.status_at(now) is Status.HELD


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises HoldExpired for a hold that has lapsed or lost its time, else WrongStatus."""
    status = reservation.status_at(now)
    if may(reservation, now) and has_its_time(reservation):
        return
    if status in (Status.HELD, Status.EXPIRED):
        raise HoldExpired
    raise WrongStatus(
        gettext("A reservation that is %(status)s cannot be confirmed.") % {"status": status.word}
    )


def confirm(reservation_id: int, *, by: Caller, override_reason: str = "") -> Reservation:
    """Confirms a hold, which then keeps its time past `hold_expires_at`. Assumes a transaction.

    A confirmed reservation that it replaces is cancelled. With a reason, staff confirm what is not
    paid. Repeating it changes nothing. Raises NotFound, Forbidden, HoldExpired, WrongStatus,
    PaymentRequired, OnePerDay or RateLimited.
    """
    one_per_day.lock_with_rivals(reservation_id)
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.confirmed_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    unasked = gate.judge(reservation, now, by=by, override_reason=override_reason)
    before, facts = differences.of(reservation, has_units=False), ConfirmedData()
    give_way = partial(cancellations.replace, now=now, by=by)
    one_per_day.give_up(reservation, now=now, by=by, cancel=give_way)
    reservation.confirmed_at = now
    reservation.no_show_at = drafts.awaited_until(reservation, now)
    save(reservation, "confirmed_at", "no_show_at", *unasked)
    live(reservation).update(lapses_at=drafts.lapses_at(reservation))
    if changed := differences.since(before, reservation, but=differences.FACTS):
        facts["changed"] = changed
    if unasked:
        facts["override_reason"] = override_reason
    events.record(
        reservation,
        CONFIRMED(facts),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )
    return reservation
