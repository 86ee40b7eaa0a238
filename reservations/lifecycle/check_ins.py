"""Checking in: the guest is here.

They get their own time, the gap before it when they are early, another unit's when they are late
and theirs was given away.
"""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import lapses, ledger
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.ledger import Span, has_its_time, live
from reservations.allocation.placement import place
from reservations.allocation.rows import allocations
from reservations.errors import HoldExpired, TooLong, WrongStatus
from reservations.event_types import CHECKED_IN, CONFIRMED
from reservations.limits import state_changes
from reservations.models import Allocation, Reservation
from reservations.ranges import MAX_SPAN
from reservations.records import locked, look, save
from reservations.rules.permissions import judge_desk
from reservations.status import Status
from reservations.transactions import Restart
from venues.hours import Window


def opens_at(reservation: Reservation) -> datetime:
    """The instant from which the guest may check in. Reads the venue's policy."""
    return reservation.starts_at - reservation.venue.policy.early_check_in


def may(reservation: Reservation, now: datetime) -> bool:
    """Whether checking in at `now` records anything. Makes no query beyond the venue's policy.

    A guest who is late may come until the end; where arrival is assumed, it can be recorded too.
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
    """Raise HoldExpired for a hold without its time, else WrongStatus, where `may` says no."""
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
    """Lock the units of a guest, before the reservation is; others where theirs were given away.

    None where the guest has no time and is to get none.
    """
    rows = list(live(seen))
    now = clock.now()
    if not rows:
        is_late = seen.status_at(now) is Status.NO_SHOW and now < seen.ends_at
        return _elsewhere(seen, now, by=by) if is_late else None
    placement = Placement(units=ledger.lock_units(row.resource_id for row in rows), is_locked=True)
    if _units(seen) != _ids(placement):
        # Given away, or re-seated, while the lock was waited for.
        raise Restart
    span = Span(start=now, end=max(row.starts_at for row in rows), now=now)
    if span.start < span.end:
        ids = lapses.lapsed_ids(_ids(placement), span) - {seen.pk}
        lapses.release(ledger.lock_reservations(ids), now=now)
    return placement


def seat(reservation: Reservation, placement: Placement | None, *, now: datetime) -> None:
    """Give the locked reservation its units from now on; they are not changed any more.

    Raises Taken or HeldByOther when somebody has the time before an early guest's own.
    """
    rows = list(live(reservation))
    if placement is None or (rows and _units(reservation) != _ids(placement)):
        # Released, or re-seated, between the look and the lock.
        raise Restart
    if not rows:
        for draft in allocations(reservation, placement):
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
    """Check a guest in and give them their unit; once done, repeating it changes nothing.

    Assumes a transaction. Raises NotFound, Forbidden, HoldExpired, WrongStatus, Taken or
    RateLimited.
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
    events.record(reservation, CHECKED_IN({}), at=now, by=by, is_limited=by.limits_apply)
    return reservation
