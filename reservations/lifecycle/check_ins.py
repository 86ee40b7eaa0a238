"""Checks guests in, on the units that `arrivals` finds for them."""

from datetime import datetime
from functools import partial

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation.ledger import has_its_time, live
from reservations.errors import HoldExpired, WrongStatus
from reservations.event_types import CHECKED_IN, CONFIRMED, CheckedInData
from reservations.lifecycle import arrivals, cancellations
from reservations.lifecycle.prepayment import gate
from reservations.limits import one_per_day, state_changes
from reservations.models import Reservation
from reservations.records import locked, look, save
from reservations.rules import differences
from reservations.rules.permissions import judge_desk, may_override
from reservations.status import Status


def opens_at(reservation: Reservation) -> datetime:
    """The instant (UTC) from which the guest may check in. Reads the venue's policy."""
    return reservation.starts_at - reservation.venue.policy.early_check_in


def may(reservation: Reservation, now: datetime) -> bool:
    """True when checking in at `now` would record an arrival. Reads only the venue's policy.

    A late guest may arrive until the end. Where the venue assumes arrival, it can still be
    recorded.
    """
    match reservation.status_at(now):
        case Status.HELD | Status.UPCOMING:
            return now >= opens_at(reservation)
        case Status.PRESENT:
            return not reservation.checked_in_at
        case Status.NO_SHOW:
            return now < reservation.ends_at
        case _:
            return False


def judge(reservation: Reservation, now: datetime) -> None:
    """Raises HoldExpired for a hold without its time, or WrongStatus when `may` is False.

    When it is too early, WrongStatus carries `opens_at`.
    """
    status = reservation.status_at(now)
    if status is Status.EXPIRED or (status is Status.HELD and not has_its_time(reservation)):
        raise HoldExpired
    if may(reservation, now):
        return
    if status in (Status.HELD, Status.UPCOMING):
        raise WrongStatus(gettext("It is too early to check in."), opens_at=opens_at(reservation))
    raise WrongStatus(
        gettext("A reservation that is %(status)s cannot be checked in.") % {"status": status.word}
    )


def check_in(reservation_id: int, *, by: Caller, override_reason: str = "") -> Reservation:
    """Checks a guest in, confirms a hold, and gives the guest their unit from now on.

    With a reason, staff give a unit whose guest has not gone, or check in what is not paid.
    Repeating it changes nothing. Assumes a transaction. Raises NotFound, Forbidden, HoldExpired,
    WrongStatus, PaymentRequired, Taken, HeldByOther, Occupied, TooLong or RateLimited.
    """
    seen = look(reservation_id, by=by)
    judge_desk(seen, by)
    is_override = may_override(seen.venue_id, override_reason, by)
    # Who cannot check in is refused for that below.
    arrival = arrivals.prepare(seen, by=by, is_override=is_override, is_due=may(seen, clock.now()))
    if seen.replaces is not None:
        one_per_day.lock_with_rivals(reservation_id)
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.checked_in_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    unasked = gate.judge(reservation, now, by=by, override_reason=override_reason)
    before, facts = differences.of(reservation), CheckedInData()
    if live(reservation).filter(is_locked=False).exists():
        facts["was_movable"] = True
    fields = ["checked_in_at", *unasked]
    if not reservation.confirmed_at:
        give_way = partial(cancellations.replace, now=now, by=by)
        one_per_day.give_up(reservation, now=now, by=by, cancel=give_way)
        reservation.confirmed_at = now
        fields.append("confirmed_at")
        events.record(reservation, CONFIRMED({}), at=now, by=by)
    reservation.checked_in_at = now
    arrivals.seat(reservation, arrival, now=now, by=by)
    save(reservation, *fields)
    if is_override:
        facts["override_reason"] = override_reason
    if changed := differences.since(before, reservation, but=differences.FACTS):
        facts["changed"] = changed
    events.record(
        reservation,
        CHECKED_IN(facts),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )
    return reservation
