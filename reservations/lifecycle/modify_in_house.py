"""Modifies a stay that has begun: its end, its party, or its unit from now on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, records
from reservations.allocation import lapses, ledger, presence, reseating
from reservations.allocation.ask import Ask
from reservations.allocation.ledger import Span, TakenRow, live
from reservations.allocation.placement import place
from reservations.allocation.seating import Seat
from reservations.errors import Invalid, PartyTooLarge, WrongStatus
from reservations.lifecycle import changes, drafts, late_changes
from reservations.models import Allocation, Reservation
from reservations.records import locked
from reservations.requests import Change
from reservations.rules import booking_window, differences, permissions
from reservations.rules.categories import categories_for, priced_as
from reservations.rules.differences import Told
from reservations.rules.taken_ranges import time_after
from reservations.status import Status
from reservations.transactions import Restart
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue


def change(looked: Reservation, wish: Change, *, by: Caller) -> Reservation:
    """Changes the end, the party, or from now on the unit, of a guest who is present.

    `looked` is the reservation as read without a lock. Assumes a transaction and locks units first.
    Raises a Refusal, or Restart when the reservation changed before its lock.
    """
    venue = records.load_venue(looked.venue_id)
    window = changes.wished_window(looked, wish, venue)
    _judge(looked, wish, venue, window, by)
    before = changes.units_of(looked)
    category = _category(looked, wish, venue, window)
    # A change that names a category but no unit asks for another unit of it.
    moves = wish.category is not None if wish.resource is None else wish.resource not in before
    # A party that outgrows its unit needs another, or a combination.
    grows = not (moves or wish.override_reason) and _outgrows(wish, before)
    if grows and wish.resource is not None:
        _judge_party(wish, before)
    takes_others = moves or grows or _is_in_the_way(looked, venue, window)
    if moves:
        units = before | _candidates(wish, category)
    else:
        units = before | (_pool(category) if takes_others else frozenset())
    locked_units = _lock(units, window, own=looked.pk)
    reservation = locked(looked.pk, by=by)
    if changes.judge(reservation, wish) is not Status.PRESENT:
        raise Restart
    if changes.has_moved(reservation, looked, before):
        raise Restart
    told = differences.of(reservation)
    if moves or grows:
        ask = _elsewhere(reservation, wish, category, window.end, by=by)
        category = _move(reservation, replace(ask, joins=grows))
    else:
        _extend(reservation, venue, window, locked_units if takes_others else None, by=by)
        mine = [unit for unit in locked_units if unit.pk in before]
        category = catalogue.priced(venue, category, mine)
    return _settle(
        reservation,
        wish,
        category,
        window,
        by=by,
        is_moved=moves or grows,
        before=told,
        units=before,
    )


def _settle(
    reservation: Reservation,
    wish: Change,
    category: Category,
    window: Window,
    *,
    by: Caller,
    is_moved: bool,
    before: Told,
    units: frozenset[int],
) -> Reservation:
    venue, now = reservation.venue, clock.now()
    settled = late_changes.settle(
        reservation,
        wish,
        venue=venue,
        category=category,
        window=window,
        by=by,
        now=now,
        cut_at=now,
        is_moved=is_moved,
        units=units,
    )
    reservation.category = category
    reservation.guest_count = wish.guest_count or reservation.guest_count
    priced = settled.repriced
    drafts.promise_again(reservation, priced.terms.promised, window, priced.price_minor, now=now)
    fields = ("category", "guest_count", *settled.write(reservation), *drafts.PROMISED)
    return changes.write(reservation, wish, *fields, by=by, before=before, settled=settled.data)


def _judge(
    reservation: Reservation, wish: Change, venue: Venue, window: Window, by: Caller
) -> None:
    if window.start != reservation.starts_at:
        raise WrongStatus(
            gettext("The guest is in house. You can change only the end, the party and the unit.")
        )
    _judge_end(window.end, clock.now())
    if permissions.may_override(venue.pk, wish.override_reason, by):
        return
    booking_window.judge_choice(venue, wish.resource)
    if window.end > reservation.ends_at:
        booking_window.judge_length(venue, window)
        for unit in Resource.objects.filter(pk__in=changes.units_of(reservation)):
            unit.venue = venue
            booking_window.judge_hours(venue, window, unit)


def _judge_end(end: datetime, now: datetime) -> None:
    """Raises Invalid when the end has passed. Call it after each wait for a lock too."""
    if end <= now:
        raise Invalid(
            "ends_at", gettext("The end must be in the future. To end the stay now, check out.")
        )


def _outgrows(wish: Change, units: frozenset[int]) -> bool:
    """True when the party is larger than the one unit that it has."""
    # The capacity of a combination was judged when the guest got it.
    seats = list(Resource.objects.filter(pk__in=units).values_list("capacity", flat=True))
    return len(seats) == 1 and seats[0] < (wish.guest_count or 0)


def _judge_party(wish: Change, units: frozenset[int]) -> None:
    for unit in Resource.objects.filter(pk__in=units):
        # The capacity of a combination was judged when the guest got it.
        if len(units) == 1 and unit.capacity < (wish.guest_count or 0):
            raise PartyTooLarge(
                gettext("%(unit)s takes a party of at most %(capacity)s. Choose a larger unit.")
                % {"unit": unit.name, "capacity": unit.capacity}
            )


def _category(reservation: Reservation, wish: Change, venue: Venue, window: Window) -> Category:
    if wish.category is None:
        return reservation.category
    party = wish.guest_count or reservation.guest_count
    return categories_for(venue, wish.category, party, window)[0]


def _candidates(wish: Change, category: Category) -> frozenset[int]:
    if wish.resource is not None:
        return frozenset([wish.resource])
    return _pool(category)


def _pool(category: Category) -> frozenset[int]:
    pool = category.resources.filter(retired_at__isnull=True)
    return frozenset(pool.values_list("pk", flat=True))


def _lock(units: frozenset[int], window: Window, *, own: int) -> list[Resource]:
    locked_units = ledger.lock_units(units)
    now = clock.now()
    _judge_end(window.end, now)
    ids = lapses.lapsed_ids(units, Span(start=now, end=window.end, now=now)) - {own}
    rows = ledger.lock_reservations(ids | {own})
    lapses.release([row for row in rows if row.pk != own], now=now)
    return locked_units


def _is_in_the_way(looked: Reservation, venue: Venue, window: Window) -> bool:
    """True when others take the time by which the stay grows. Takes no locks."""
    added = _added(list(live(looked)), venue, window, clock.now())
    return any(_others(looked, seat) for seat in added)


def _extend(
    reservation: Reservation,
    venue: Venue,
    window: Window,
    like: Sequence[Resource] | None,
    *,
    by: Caller,
) -> None:
    """Ends the stay later, or earlier. Others of `like`, if locked, move where they can.

    A guest past their end takes time from now on, not the time since.
    """
    now, end = clock.now(), window.end + time_after(venue.policy)
    rows = list(live(reservation))
    added = _added(rows, venue, window, now)
    if any(_others(reservation, seat) for seat in added):
        if like is None:
            # It came during the wait, so the other units are not locked.
            raise Restart
        refusal = reseating.clear(added, like, now=now, by=by, venue=venue, own=reservation.pk)
        if refusal is not None:
            raise refusal
    for seat in added:
        _judge_presence(reservation, seat, now)
    late = {seat.key for seat in added if seat.start == now}
    for row in rows:
        if row.pk in late:
            _begin_again(row, now, end)
    live(reservation).exclude(pk__in=late).update(ends_at=end)


def _added(rows: Sequence[Allocation], venue: Venue, window: Window, now: datetime) -> list[Seat]:
    """The time by which the stay would grow on its units."""
    end = window.end + time_after(venue.policy)
    return [
        Seat(row.pk, row.resource_id, max(row.ends_at, now), end, is_pinned=True)
        for row in rows
        if row.ends_at < end
    ]


def _others(reservation: Reservation, seat: Seat) -> list[TakenRow]:
    span = Span(start=seat.start, end=seat.end, now=clock.now())
    rows = ledger.taken_rows([seat.unit], span)
    return [row for row in rows if row.reservation_id != reservation.pk]


def _judge_presence(reservation: Reservation, seat: Seat, now: datetime) -> None:
    """Raises Occupied when the time begins now and another guest is in the unit too."""
    occupant = presence.occupied_by(seat.unit, now, but=reservation.pk)
    if occupant is not None and seat.start <= now:
        raise presence.refusal(occupant, Resource.objects.get(pk=seat.unit))


def _begin_again(row: Allocation, now: datetime, end: datetime) -> None:
    """Takes the unit of a row that is over from now on. Others may have had the time since."""
    row.pk, row.starts_at, row.ends_at = None, now, end
    ledger.take(row)


def _move(reservation: Reservation, ask: Ask) -> Category:
    ledger.truncate(live(reservation), at=ask.now)
    placement = place(ask)
    for draft in drafts.allocations(reservation, placement, Window(ask.now, ask.span.end)):
        draft.is_locked, draft.lapses_at = True, None
        ledger.take(draft)
    return priced_as(ask.venue, placement.units)


def _elsewhere(
    reservation: Reservation, wish: Change, category: Category, end: datetime, *, by: Caller
) -> Ask:
    now = clock.now()
    _judge_end(end, now)
    return Ask(
        venue=records.load_venue(reservation.venue_id),
        window=Window(now, end),
        party=wish.guest_count or reservation.guest_count,
        resource=wish.resource,
        categories=[category],
        now=now,
        by=by,
        is_override=bool(wish.override_reason),
        hours_hold=not wish.is_judged_anew,
        avoid=wish.avoid,
        own=reservation.pk,
    )
