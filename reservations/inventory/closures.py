"""Closes units for a range and reopens them. A closure takes time as a reservation does."""

import uuid
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation import lapses, ledger
from reservations.allocation.ledger import Span
from reservations.errors import Invalid, NotFound
from reservations.event_types import CLOSURE_ENDED, CLOSURE_MADE
from reservations.models import Allocation
from reservations.ranges import MAX_SPAN
from reservations.rules.permissions import judge_staff
from reservations.transactions import in_transaction
from venues.hours import Window
from venues.models import Resource


def close(
    *, venue_id: int, resource_ids: Sequence[int], window: Window, reason: str, by: Caller
) -> uuid.UUID:
    """Closes these units, all or none, and returns the closure's id. Staff of the venue only.

    A range longer than MAX_SPAN becomes several rows with one id. Opens its own transaction. Raises
    Taken or HeldByOther when a reservation is in the way, NotFound, Invalid or Forbidden.
    """
    return in_transaction(lambda: _close(venue_id, resource_ids, window, reason=reason, by=by))


def reopen(*, closure_id: uuid.UUID, by: Caller) -> int:
    """Ends a closure from now on. Returns how many rows had time left; 0 when it was over.

    Opens its own transaction. Raises NotFound, also for a venue that is not the caller's, or
    Forbidden.
    """
    return in_transaction(lambda: _reopen(closure_id, by=by))


def _close(
    venue_id: int, resource_ids: Sequence[int], window: Window, *, reason: str, by: Caller
) -> uuid.UUID:
    judge_staff(venue_id, by)
    if window.end <= window.start:
        raise Invalid("ends_at", gettext("The end must be after the start."))
    units = [unit for unit in ledger.lock_units(resource_ids) if unit.venue_id == venue_id]
    if not units or len(units) != len(set(resource_ids)):
        raise NotFound(gettext("This venue has no such unit."))
    now, closure_id = clock.now(), uuid.uuid4()
    ids = [unit.pk for unit in units]
    for part in _parts(window):
        span = Span(start=part.start, end=part.end, now=now, venue=venue_id)
        lapses.release_lapsed(ids, span)
        rows = ledger.taken_rows(ids, span)
        if rows:
            raise ledger.refusal_for(rows)
        for unit in units:
            ledger.take(_closed(unit, part, closure_id=closure_id, reason=reason))
    made = CLOSURE_MADE(
        {"closure": str(closure_id), "units": [str(pk) for pk in ids], "reason": reason}
    )
    events.record_of_venue(venue_id, made, at=now, by=by)
    return closure_id


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


def _parts(window: Window) -> Iterable[Window]:
    start = window.start
    while start < window.end:
        end = min(start + MAX_SPAN, window.end)
        yield Window(start, end)
        start = end


def _closed(unit: Resource, part: Window, *, closure_id: uuid.UUID, reason: str) -> Allocation:
    return Allocation(
        venue_id=unit.venue_id,
        resource=unit,
        closure_id=closure_id,
        reason=reason,
        starts_at=part.start,
        ends_at=part.end,
        is_locked=True,
    )
