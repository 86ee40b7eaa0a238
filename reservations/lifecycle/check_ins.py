"""Checks guests in.

An early guest also gets the time from now to their start. A late guest whose unit was given away
gets another one.
"""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import lapses, ledger
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.ledger import Span, has_its_time, live
from reservations.allocation.placement import place
from reservations.errors import HoldExpired, TooLong, WrongStatus
from reservations.event_types import CHECKED_IN, CONFIRMED
from reservations.lifecycle import drafts
from reservations.limits import state_changes
from reservations.models import Allocation, Reservation
from reservations.ranges import MAX_SPAN
from reservations.records import locked, look, save
from reservations.rules.permissions import judge_desk
from reservations.status import Status
from reservations.transactions import Restart
from venues.hours import Window


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


def prepare(seen: Reservation, *, by: Caller) -> Placement | None:
    """Locks the guest's units, or places a late guest whose unit was given away on another.

    Call it before the reservation is locked. Returns None when the guest has no time and cannot get
    any. Raises Restart when the units change during the wait, or a Refusal when no other unit is
    free.
    """
    rows = list(live(seen))
    now = clock.now()
    if not rows:
        is_late = seen.status_at(now) is Status.NO_SHOW and now < seen.ends_at
        return _elsewhere(seen, now, by=by) if is_late else None
    placement = Placement(units=ledger.lock_units(row.resource_id for row in rows), is_locked=True)
    if _units(seen) != _ids(placement):
        # Given away or re-seated while this waited for the lock.
        raise Restart
    span = Span(start=now, end=max(row.starts_at for row in rows), now=now)
    if span.start < span.end:
        ids = lapses.lapsed_ids(_ids(placement), span) - {seen.pk}
        lapses.release(ledger.lock_reservations(ids), now=now)
    return placement


def seat(reservation: Reservation, placement: Placement | None, *, now: datetime) -> None:
    """Gives the locked reservation its units from `now` (UTC) on, and pins it to them.

    Raises Taken or HeldByOther when the time before an early guest's start is not free, TooLong
    when the range would exceed MAX_SPAN, Restart when the units changed since `prepare`.
    """
    rows = list(live(reservation))
    if placement is None or (rows and _units(reservation) != _ids(placement)):
        # Released or re-seated between `prepare` and the lock.
        raise Restart
    if not rows:
        for draft in drafts.allocations(reservation, placement):
            draft.starts_at, draft.is_locked = now, True
            ledger.take(draft)
        return
    for row in rows:
        _judge_gap(row, now)
    live(reservation).update(is_locked=True, lapses_at=None)
    live(reservation).filter(starts_at__gt=now).update(starts_at=now)


def _elsewhere(seen: Reservation, now: datetime, *, by: Caller) -> Placement:
    last = Allocation.objects.filter(reservation=seen).order_by("-pk").first()
    ask = Ask(
        venue=seen.venue,
        window=Window(now, seen.ends_at),
        party=seen.guest_count,
        resource=None,
        categories=[seen.category],
        now=now,
        by=by,
        is_override=False,
        hours_hold=True,
        prefer=frozenset([last.resource_id] if last else []),
    )
    return place(ask)


def _units(reservation: Reservation) -> set[int]:
    return set(live(reservation).values_list("resource_id", flat=True))


def _ids(placement: Placement) -> set[int]:
    return {unit.pk for unit in placement.units}


def _judge_gap(row: Allocation, now: datetime) -> None:
    if now >= row.starts_at:
        return
    if row.ends_at - now > MAX_SPAN:
        raise TooLong
    rows = ledger.taken_rows([row.resource_id], Span(start=now, end=row.starts_at, now=now))
    if rows:
        raise ledger.refusal_for(rows)


def check_in(reservation_id: int, *, by: Caller) -> Reservation:
    """Checks a guest in, confirms a hold, and gives the guest their unit from now on.

    Repeating it changes nothing. Assumes a transaction. Raises NotFound, Forbidden, HoldExpired,
    WrongStatus, Taken, HeldByOther, TooLong or RateLimited.
    """
    seen = look(reservation_id, by=by)
    judge_desk(seen, by)
    placement = prepare(seen, by=by)
    reservation = locked(reservation_id, by=by)
    now = clock.now()
    if reservation.checked_in_at and not reservation.cancelled_at:
        return reservation
    state_changes.judge_rate(reservation, by=by, now=now)
    judge(reservation, now)
    fields = ["checked_in_at"]
    if not reservation.confirmed_at:
        reservation.confirmed_at = now
        fields.append("confirmed_at")
        events.record(reservation, CONFIRMED({}), at=now, by=by)
    reservation.checked_in_at = now
    seat(reservation, placement, now=now)
    save(reservation, *fields)
    events.record(
        reservation,
        CHECKED_IN({}),
        at=now,
        by=by,
        is_limited=by.limits_apply_at(reservation.venue_id),
    )
    return reservation
