"""Closes units for a range and reopens them. A closure takes time as a reservation does."""

import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events, records
from reservations.allocation import ledger
from reservations.errors import Invalid, NotFound, Taken
from reservations.event_types import CLOSURE_ENDED, CLOSURE_MADE
from reservations.inventory import affected_reservations, clearances
from reservations.inventory.affected_reservations import Affected
from reservations.inventory.decisions import Decisions
from reservations.models import Allocation
from reservations.rules import local_promises
from reservations.rules.permissions import judge_staff
from reservations.transactions import in_transaction
from venues.hours import Window
from venues.models import Resource

T = TypeVar("T")


def close(
    *,
    venue_id: int,
    resource_ids: Sequence[int],
    window: Window,
    reason: str,
    by: Caller,
    decided: Decisions | None = None,
    notice: str = "",
) -> uuid.UUID:
    """Closes these units, all or none, and returns the closure's id. Staff of the venue only.

    Guests on them who have not begun and whose unit is not promised move to others of their pool.
    `decided` says what becomes of the others, and `notice` why, as they are told: the closure
    leaves out the time of those who are kept. A range longer than MAX_SPAN becomes several rows
    with one id. Opens its own transaction. Raises Taken or HeldByOther when a reservation is in the
    way, or with `decided` ReservationsAffected; Occupied when the range contains now and a guest
    has not left; NotFound, Invalid or Forbidden; or why somebody cannot be moved.
    """
    return in_transaction(
        lambda: _close(
            venue_id, resource_ids, window, reason=reason, by=by, decided=decided, notice=notice
        )
    )


def as_closed(
    venue_id: int,
    resource_ids: Sequence[int],
    window: Window,
    by: Caller,
    read: Callable[[list[Affected]], T],
) -> T:
    """What `read` returns of the reservations in the way, with the units closed and these gone.

    Opens its own transaction, and undoes everything. Raises what `close` raises.
    """

    def act() -> T:
        units, _ = _locked(venue_id, resource_ids, by=by, is_whole_venue=True)
        now, ids = clock.now(), [unit.pk for unit in units]
        affected = affected_reservations.on_units(ids, window, now)
        taking = Allocation.objects.filter(
            resource_id__in=ids, starts_at__lt=window.end, ends_at__gt=window.start
        )
        taking.filter(is_live=True).update(is_live=False)
        zone = records.load_venue(venue_id).zone
        made = uuid.uuid4()
        for part in clearances.parts(Window(max(window.start, now), window.end)):
            for unit in units:
                ledger.take(_closed(unit, part, zone=zone, closure_id=made, reason=""))
        found = read(affected)
        transaction.set_rollback(True)
        return found

    return in_transaction(act)


def reopen(*, closure_id: uuid.UUID, by: Caller) -> int:
    """Ends a closure from now on. Returns how many rows had time left; 0 when it was over.

    Opens its own transaction. Raises NotFound, also for a venue that is not the caller's, or
    Forbidden.
    """
    return in_transaction(lambda: _reopen(closure_id, by=by))


def _close(
    venue_id: int,
    resource_ids: Sequence[int],
    window: Window,
    *,
    reason: str,
    by: Caller,
    decided: Decisions | None,
    notice: str,
) -> uuid.UUID:
    if window.end <= window.start:
        judge_staff(venue_id, by)
        raise Invalid("ends_at", gettext("The end must be after the start."))
    units, locked = _locked(venue_id, resource_ids, by=by, is_whole_venue=bool(decided))
    now, closure_id = clock.now(), uuid.uuid4()
    kept = clearances.clear(units, locked, window, decided=decided, reason=notice, now=now, by=by)
    zone = records.load_venue(venue_id).zone
    pieces = [
        piece
        for part in clearances.parts(window)
        for piece in clearances.open_parts(units, part, kept)
    ]
    if not pieces:
        raise Taken(gettext("Reservations take all of this time, so nothing is left to close."))
    for unit, piece in pieces:
        ledger.take(_closed(unit, piece, zone=zone, closure_id=closure_id, reason=reason))
    made = CLOSURE_MADE(
        {"closure": str(closure_id), "units": [str(unit.pk) for unit in units], "reason": reason}
    )
    events.record_of_venue(venue_id, made, at=now, by=by)
    return closure_id


def _locked(
    venue_id: int, resource_ids: Sequence[int], *, by: Caller, is_whole_venue: bool
) -> tuple[list[Resource], list[Resource]]:
    """The units asked for, and all that are locked: those that their guests may move to.

    Raises Forbidden or NotFound.
    """
    judge_staff(venue_id, by)
    asked = set(resource_ids)
    like = Resource.objects.filter(venue=venue_id, retired_at__isnull=True)
    if not is_whole_venue:
        like = like.filter(category__resources__in=asked)
    locked = ledger.lock_units(asked | set(like.values_list("pk", flat=True)))
    units = [unit for unit in locked if unit.pk in asked and unit.venue_id == venue_id]
    if not units or len(units) != len(asked):
        raise NotFound(gettext("This venue has no such unit."))
    return units, locked


def _reopen(closure_id: uuid.UUID, *, by: Caller) -> int:
    rows = Allocation.objects.filter(closure_id=closure_id)
    units = ledger.lock_units(rows.values_list("resource_id", flat=True))
    if not units or not by.may_run(units[0].venue_id):
        raise NotFound(gettext("There is no such closure."))
    judge_staff(units[0].venue_id, by)
    now = clock.now()
    left = rows.filter(is_live=True, ends_at__gt=now)
    ends = list(left.values_list("ends_at", flat=True))
    if not ends:
        return 0
    ledger.truncate(left, at=now)
    ended = CLOSURE_ENDED(
        {
            "closure": str(closure_id),
            "units": [str(unit.pk) for unit in units],
            "before": [now.isoformat(), max(ends).isoformat()],
        }
    )
    events.record_of_venue(units[0].venue_id, ended, at=now, by=by)
    return len(ends)


def _closed(
    unit: Resource, part: Window, *, zone: ZoneInfo, closure_id: uuid.UUID, reason: str
) -> Allocation:
    return Allocation(
        venue_id=unit.venue_id,
        resource=unit,
        closure_id=closure_id,
        reason=reason,
        starts_at=part.start,
        ends_at=part.end,
        promised_local=local_promises.told(part, zone),
        is_locked=True,
    )
