"""Modifies a reservation that has not begun: time, unit or party, judged like a new booking."""

from dataclasses import dataclass

from guests.callers import Caller
from reservations import clock, records
from reservations.allocation import lapses, ledger
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.ledger import live
from reservations.allocation.placement import place
from reservations.lifecycle import changes, drafts, late_changes
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.records import locked
from reservations.requests import Change
from reservations.rules import booking_window, differences, permissions
from reservations.rules.categories import categories_for, priced_as
from reservations.rules.differences import Told
from reservations.status import Status
from reservations.transactions import Restart
from venues import catalogue
from venues.models import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A reservation as read before any lock, the units it takes, and its promised unit or None."""

    reservation: Reservation
    units: frozenset[int]
    promised: int | None


def move(looked: Reservation, wish: Change, *, by: Caller) -> Reservation:
    """Frees the reservation's time and takes the time that the change asks for.

    `looked` is the reservation as read without a lock. Assumes a transaction and locks units first.
    Raises a Refusal, or Restart when the reservation changed before its lock.
    """
    seen = _see(looked)
    ask = _ask(seen, wish, by)
    reservation = _lock(ask, seen, by)
    if changes.judge(reservation, wish) is Status.PRESENT:
        # The guest arrived, or the start passed, before the lock.
        raise Restart
    before = differences.of(reservation)
    live(reservation).update(is_live=False)
    placement = place(ask)
    if not catalogue.is_as_read(ask.venue):
        # Its hours or units have changed, perhaps while this waited for the locks.
        raise Restart
    return _settle(reservation, ask, placement, wish, before, units=seen.units)


def _see(looked: Reservation) -> _Seen:
    rows = list(live(looked))
    locked_units = [row.resource_id for row in rows if row.is_locked]
    return _Seen(
        reservation=looked,
        units=frozenset(row.resource_id for row in rows),
        # A single promised unit stays promised. For a combination, units are chosen again.
        promised=locked_units[0] if len(locked_units) == 1 else None,
    )


def _ask(seen: _Seen, wish: Change, by: Caller) -> Ask:
    reservation, now = seen.reservation, clock.now()
    venue = records.load_venue(reservation.venue_id)
    window = changes.wished_window(reservation, wish, venue)
    is_other_time = window != changes.range_of(reservation)
    is_override = permissions.may_override(venue.pk, wish.override_reason, by)
    if not is_override:
        if window.start != reservation.starts_at:
            is_desk = permissions.is_staff(by, venue.pk)
            booking_window.judge_start(venue, window, now, is_desk=is_desk)
        if is_other_time:
            booking_window.judge_length(venue, window)
        booking_window.judge_choice(venue, wish.resource)
    party = wish.guest_count or reservation.guest_count
    categories = [reservation.category]
    if wish.category is not None:
        categories = categories_for(venue, wish.category, party, window)
    keeps_unit = wish.resource is None and wish.category is None
    grows = keeps_unit and party > reservation.guest_count
    promised = seen.promised
    if grows and not _seats(seen, party):
        # The promise was for the smaller party. A larger unit or a combination serves this one.
        promised = None
    return Ask(
        venue=venue,
        window=window,
        party=party,
        resource=promised if keeps_unit else wish.resource,
        categories=categories,
        now=now,
        by=by,
        # Judge opening hours for a new time, not for a time that was sold before.
        is_override=is_override,
        hours_hold=not (is_other_time or wish.is_judged_anew) and wish.resource is None,
        prefer=seen.units,
        avoid=wish.avoid,
        joins=grows,
        own=reservation.pk,
    )


def _seats(seen: _Seen, party: int) -> bool:
    """True when the one promised unit seats the party, or none is promised."""
    if seen.promised is None:
        return True
    return Resource.objects.filter(pk=seen.promised, capacity__gte=party).exists()


def _lock(ask: Ask, seen: _Seen, by: Caller) -> Reservation:
    """Locks old and new units together, then the reservation with the lapsed ones in its way."""
    ids = set(seen.units)
    if ask.resource is not None:
        ids.add(ask.resource)
    else:
        categories = [category.pk for category in ask.categories]
        pool = Resource.objects.filter(category_id__in=categories, retired_at__isnull=True)
        ids.update(pool.values_list("pk", flat=True))
    ledger.lock_units(ids)
    own = seen.reservation.pk
    lapsed = lapses.lapsed_ids(ids, ask.locked().span) - {own}
    rows = ledger.lock_reservations(lapsed | {own})
    lapses.release([row for row in rows if row.pk != own], now=clock.now())
    reservation = locked(own, by=by)
    if changes.has_moved(reservation, seen.reservation, seen.units):
        raise Restart
    return reservation


def _settle(
    reservation: Reservation,
    ask: Ask,
    placement: Placement,
    wish: Change,
    before: Told,
    *,
    units: frozenset[int],
) -> Reservation:
    category = priced_as(ask.venue, placement.units)
    settled = late_changes.settle(
        reservation,
        wish,
        venue=ask.venue,
        category=category,
        window=ask.window,
        by=ask.by,
        now=clock.now(),
        units=units,
    )
    unit = placement.units[0]
    unit.venue = ask.venue
    one_per_day.move(reservation, unit, start=ask.window.start, now=clock.now(), by=ask.by)
    reservation.category, reservation.guest_count = category, ask.party
    priced, now = settled.repriced, clock.now()
    promised, price_minor = priced.terms.promised, priced.price_minor
    drafts.promise_again(reservation, promised, ask.window, price_minor, now=now, zone=unit.zone)
    for draft in drafts.allocations(reservation, placement, ask.locked().taken):
        ledger.take(draft)
    priced_fields = (*settled.write(reservation), *drafts.PROMISED)
    fields = ("category", "guest_count", "day_key", "replaces", *priced_fields)
    return changes.write(reservation, wish, *fields, by=ask.by, before=before, settled=settled.data)
