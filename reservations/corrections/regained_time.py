"""Takes a reservation's time again: on its own unit, or on another of the pool if it may move."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock
from reservations.allocation import lapses, ledger, presence
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.candidates import units_of
from reservations.allocation.ledger import Span, TakenRow, live
from reservations.allocation.placement import place
from reservations.allocation.presence import INSTANT
from reservations.errors import HeldByOther, Refusal, Taken
from reservations.lifecycle import drafts
from reservations.models import Allocation, Reservation
from reservations.rules.taken_ranges import taken_range
from venues.hours import Window
from venues.models import Combination, Resource


def find(seen: Reservation, *, by: Caller, is_here: bool = False) -> Placement | None:
    """Locks units that are free for the rest of the reservation's time. None when that is over.

    Call it before the reservation is locked. Its own units come first; another of the pool follows
    only if its own was not fixed. `is_here` says that the guest is in the unit. Raises Taken or
    HeldByOther, with `unit` and, if a reservation has it, `reservation` and `reservation_code`;
    for a guest who is here also Occupied.
    """
    rows = last_rows(seen)
    own = [row.resource_id for row in rows]
    if rest_of(seen, clock.now()) is None:
        return None
    is_fixed = len(rows) != 1 or rows[0].is_locked
    # All units at once, in order of id: another of the pool may be needed.
    ledger.lock_units(own if is_fixed else {*own, *_pool(seen)})
    span = rest_of(seen, clock.now())
    if span is None:
        return None
    _release_others(own, span, seen)
    units = list(Resource.objects.filter(pk__in=own, retired_at__isnull=True).order_by("pk"))
    in_the_way = _others(own, span, seen)
    if is_here:
        _judge_presence(seen, units, span.now)
    if len(units) == len(own) and not in_the_way:
        return Placement(units=units, is_locked=rows[0].is_locked)
    if is_fixed:
        raise _refusal(in_the_way)
    try:
        return place(_ask(seen, span, by=by))
    except (Taken, HeldByOther) as refusal:
        raise (_refusal(in_the_way) if in_the_way else refusal) from refusal


def take(reservation: Reservation, placement: Placement, *, now: datetime) -> None:
    """Gives a locked reservation this placement from `now` (UTC) or its start on, up to its end.

    Assumes that its facts and instants are set as they will be saved. Raises Taken.
    """
    rest = rest_of(reservation, now)
    assert rest is not None
    wanted = drafts.allocations(reservation, placement, Window(rest.start, rest.end))
    units = {draft.resource_id for draft in wanted}
    lapses_at = drafts.lapses_at(reservation)
    kept = live(reservation)
    if units == set(kept.values_list("resource_id", flat=True)):
        kept.update(lapses_at=lapses_at)
        return
    ledger.truncate(kept, at=now)
    if _lengthen(reservation, units, rest.end, now=now, lapses_at=lapses_at):
        return
    for draft in wanted:
        ledger.take(draft)


def stay_in(reservation: Reservation) -> None:
    """Puts a guest whose time is over back where they were, taking no time that can be sold.

    Who left as they came, or was cancelled, has no live row that says which unit they are in. The
    row takes the last instant before the end that nobody had the unit. Raises Taken.
    """
    rows = last_rows(reservation)
    if all(row.is_live for row in rows):
        return
    units = [row.resource for row in rows]
    end = _free_until([unit.pk for unit in units], reservation.ends_at)
    placement = Placement(units=units, is_locked=rows[0].is_locked)
    for draft in drafts.allocations(reservation, placement, Window(end - INSTANT, end)):
        ledger.take(draft)


def _free_until(units: Collection[int], end: datetime) -> datetime:
    """The latest end, at most `end`, of an instant in which none of the units has a live row."""
    live = Allocation.objects.filter(resource_id__in=units, is_live=True, starts_at__lt=end)
    for starts_at, ends_at in live.order_by("-ends_at").values_list("starts_at", "ends_at"):
        if ends_at < end:
            break
        end = min(end, starts_at)
    return end


def rest_of(reservation: Reservation, now: datetime) -> Span | None:
    """What is left of the reservation's time on a unit, buffers included; None when it is over.

    Of a guest who came early it begins now, even before the start that was sold.
    """
    if now >= reservation.ends_at:
        return None
    sold = Window(reservation.starts_at, reservation.ends_at)
    taken = taken_range(reservation.venue.policy, sold)
    start = now if reservation.checked_in_at else max(taken.start, now)
    return Span(start=start, end=taken.end, now=now, venue=reservation.venue_id)


def last_rows(reservation: Reservation) -> list[Allocation]:
    """The allocations of the reservation's last unit or combination, live or not."""
    rows = list(
        Allocation.objects.filter(reservation=reservation)
        .select_related("resource")
        .order_by("-pk")
    )
    newest = rows[0]
    if newest.resource.capacity < reservation.guest_count:
        alike = {
            row.resource_id: row
            for row in reversed(rows)
            if (row.starts_at, row.ends_at) == (newest.starts_at, newest.ends_at)
        }
        joined = Combination.objects.filter(
            resources=newest.resource_id, capacity__gte=reservation.guest_count
        )
        for combination in joined.order_by("capacity", "pk"):
            if (units := units_of(combination)) <= alike.keys():
                return [alike[pk] for pk in sorted(units)]
    return [newest]


def _pool(seen: Reservation) -> list[int]:
    pool = Resource.objects.filter(category=seen.category_id, retired_at__isnull=True)
    return list(pool.values_list("pk", flat=True))


def _release_others(units: Collection[int], span: Span, seen: Reservation) -> None:
    ids = lapses.lapsed_ids(units, span) - {seen.pk}
    if ids:
        lapses.release(ledger.lock_reservations(ids), now=span.now)


def _others(units: Collection[int], span: Span, seen: Reservation) -> list[TakenRow]:
    rows = ledger.taken_rows(units, span)
    return [row for row in rows if row.reservation_id != seen.pk]


def _ask(seen: Reservation, span: Span, *, by: Caller) -> Ask:
    return Ask(
        venue=seen.venue,
        window=Window(seen.starts_at, seen.ends_at),
        party=seen.guest_count,
        resource=None,
        categories=[seen.category],
        now=span.now,
        by=by,
        is_override=False,
        # The reason sets hours aside, and the range was sold before.
        hours_hold=True,
        own=seen.pk,
    )


def _judge_presence(seen: Reservation, units: Sequence[Resource], now: datetime) -> None:
    for unit in units:
        occupant = presence.occupied_by(unit.pk, now, but=seen.pk)
        if occupant is not None:
            raise presence.refusal(occupant, unit)


def _refusal(rows: Sequence[TakenRow]) -> Refusal:
    """The refusal for these rows, with the unit and who has it, for staff."""
    if not rows:
        return Taken(gettext("Its unit is no longer in use. Make a new reservation."))
    taken = Allocation.objects.select_related("resource", "reservation").get(pk=rows[0].pk)
    refusal = ledger.refusal_for(rows)
    unit = taken.resource
    facts: dict[str, Any] = {"unit": {"id": str(unit.pk), "name": unit.name, "floor": unit.floor}}
    told = gettext("%(unit)s is closed for some of this time.")
    if taken.reservation is not None:
        code = taken.reservation.code
        facts |= {"reservation": str(taken.reservation_id), "reservation_code": code}
        told = gettext("%(unit)s is taken by reservation %(code)s.")
    named = told % {"unit": unit.name, "code": facts.get("reservation_code", "")}
    if isinstance(refusal, HeldByOther):
        refusal.facts |= facts
        return refusal
    return Taken(named, **facts)


def _lengthen(
    reservation: Reservation,
    units: Collection[int],
    end: datetime,
    *,
    now: datetime,
    lapses_at: datetime | None,
) -> bool:
    """Gives the last rows their end back where nobody had the units in between.

    Returns False, with nothing changed, where somebody had, or where they are dead.
    """
    rows = [row for row in last_rows(reservation) if row.is_live]
    if {row.resource_id for row in rows} != set(units):
        return False
    gap = Span(start=min(row.ends_at for row in rows), end=end, now=now)
    # A row that is lapsed and still live stands in the way of the constraint too.
    taken = gap.rows.filter(resource_id__in=units, is_live=True)
    if taken.exclude(reservation=reservation).exists():
        return False
    ids = [row.pk for row in rows]
    Allocation.objects.filter(pk__in=ids).update(ends_at=end, lapses_at=lapses_at)
    return True
