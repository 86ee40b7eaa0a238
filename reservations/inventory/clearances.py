"""Clears units of reservations for a range, as staff decide or by moving those who can move."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext

from guests.callers import Caller
from reservations import records
from reservations.allocation import lapses, ledger, presence, reseating
from reservations.allocation.ledger import Span
from reservations.allocation.seating import Seat
from reservations.errors import HeldByOther, Taken
from reservations.inventory import affected_reservations, decisions
from reservations.inventory.decisions import Decisions
from reservations.models import Allocation
from reservations.ranges import MAX_SPAN
from venues.hours import Window
from venues.models import Resource

Cleared = Mapping[int, Sequence[Window]]
"""By unit id, the ranges of reservations that stay within the cleared range, sorted."""


def clear(
    units: Sequence[Resource],
    locked: Sequence[Resource],
    window: Window,
    *,
    decided: Decisions | None,
    reason: str,
    now: datetime,
    by: Caller,
    is_over_closures: bool = False,
) -> Cleared:
    """Clears these units of a venue for a range, and returns what stays in it.

    Guests who have not begun and whose unit is not promised move to others of their pool. With
    `decided` the others are kept, moved or cancelled as it says; None refuses when they are in the
    way. `is_over_closures` leaves closures that are there already alone. Assumes a transaction, and
    that `locked`, all units that may be needed, are locked. Raises Taken, HeldByOther or
    ReservationsAffected, which name what is in the way; Occupied when a guest past their end is
    still there; or what `decisions.carry_out` raises.
    """
    ids = [unit.pk for unit in units]
    venue_id = units[0].venue_id
    for part in parts(window):
        lapses.release_lapsed(ids, Span(start=part.start, end=part.end, now=now, venue=venue_id))
    if window.start <= now < window.end:
        _judge_presence(units, now)
    affected = affected_reservations.on_units(ids, window, now)
    kept: dict[int, list[Window]] = {}
    if decided is not None:
        movable = [one.reservation.pk for one in affected if not one.is_pinned]
        decisions.judge_same(affected, decided, optional=movable)
        staying = decisions.carry_out(affected, decided, reason=reason, by=by, avoid=frozenset(ids))
        kept = _kept(ids, window, staying, now, is_over_closures=is_over_closures)
    for part in parts(window):
        try:
            _make_way(units, locked, open_parts(units, part, kept), part, now=now, by=by)
        except (Taken, HeldByOther) as fault:
            undecided = {one.reservation.pk for one in affected} - (decided or {}).keys()
            if decided is None or not undecided:
                fault.facts["reservations"] = affected_reservations.told(affected)
                raise
            raise affected_reservations.refusal(affected, detail=_no_room(decided)) from fault
    return kept


def parts(window: Window) -> list[Window]:
    """The range in pieces that are not longer than a row may be."""
    found, start = [], window.start
    while start < window.end:
        end = min(start + MAX_SPAN, window.end)
        found.append(Window(start, end))
        start = end
    return found


def open_parts(
    units: Sequence[Resource], part: Window, kept: Cleared
) -> list[tuple[Resource, Window]]:
    """What is left of a range on each unit beside what stays there."""
    found = []
    for unit in units:
        start = part.start
        for stay in kept.get(unit.pk, ()):
            if start < min(stay.start, part.end):
                found.append((unit, Window(start, min(stay.start, part.end))))
            start = max(start, stay.end)
        if start < part.end:
            found.append((unit, Window(start, part.end)))
    return found


def _kept(
    units: Collection[int],
    window: Window,
    staying: Collection[int],
    now: datetime,
    *,
    is_over_closures: bool,
) -> dict[int, list[Window]]:
    # Time that guests have used is theirs as well: a closure may begin in the past.
    stays = Q(reservation_id__in=staying) | Q(reservation__isnull=False, ends_at__lte=now)
    if is_over_closures:
        stays |= Q(reservation__isnull=True)
    rows = Allocation.objects.filter(
        stays, resource_id__in=units, starts_at__lt=window.end, ends_at__gt=window.start
    )
    found: dict[int, list[Window]] = {}
    for row in rows.taking_time(at=now).order_by("starts_at", "pk"):
        found.setdefault(row.resource_id, []).append(Window(row.starts_at, row.ends_at))
    return found


def _no_room(decided: Decisions) -> str:
    if not decided:
        return ""
    return gettext("There is no room to give everybody else another unit. Decide for more of them.")


def _make_way(
    units: Sequence[Resource],
    locked: Sequence[Resource],
    closing: Sequence[tuple[Resource, Window]],
    part: Window,
    *,
    now: datetime,
    by: Caller,
) -> None:
    """Moves the guests who can move from these units. Raises Taken or HeldByOther."""
    span = Span(start=part.start, end=part.end, now=now, venue=units[0].venue_id)
    if not ledger.taken_rows([unit.pk for unit in units], span):
        return
    closed = [
        Seat(-number, unit.pk, piece.start, piece.end, is_pinned=True)
        for number, (unit, piece) in enumerate(closing, 1)
    ]
    venue = records.load_venue(units[0].venue_id)
    refusal = reseating.clear(closed, locked, now=now, by=by, venue=venue) if closed else None
    if refusal is not None:
        raise refusal


def _judge_presence(units: Sequence[Resource], now: datetime) -> None:
    """Raises Occupied when a guest past their end is still in one of these units of one venue."""
    here = presence.past_end(units[0].venue_id, now)
    for unit in units:
        if unit.pk in here:
            raise presence.refusal(here[unit.pk], unit)
