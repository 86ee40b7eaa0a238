"""What a new reservation needs: judged, placed at a glance or surely, and written."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import DatabaseError

from guests.callers import Caller
from reservations import clock, events, idempotency, records
from reservations.allocation import candidates, early_refusal, ledger
from reservations.allocation.ask import Ask
from reservations.allocation.placement import place
from reservations.allocation.rows import allocations
from reservations.event_types import BookedData
from reservations.idempotency import Once
from reservations.lifecycle import drafts, eligibility, hold_statement
from reservations.lifecycle.eligibility import Wish, judge
from reservations.limits import one_per_day, open_holds
from reservations.limits.open_holds import Limit
from reservations.models import Reservation
from reservations.requests import Booking
from reservations.rules import modes
from reservations.rules.categories import category_of
from reservations.transactions import Escalate, whole
from venues import catalogue
from venues.models import Policy, Resource, Venue

T = TypeVar("T")

MOST_GLANCES = 4
"""Looks at a pool without locks, before the one under locks that is sure."""


def on_last_seen(booking: Booking, *, by: Caller) -> Reservation | None:
    """Judged on the venue as it was last read here, which is verified where it is written.

    What makes a hold goes in a transaction with it, after a lock and a count (`hoarding`).
    None says nothing yet: what would be refused is judged again, on the venue as it is. All but
    that a unit which was asked for is taken, while the venue is as it was: that is raised.
    """
    venue = catalogue.last_seen(booking.venue)
    if venue is None or not _may_go_at_a_glance(venue, booking):
        return None
    if booking.resource is None:
        return _tried(venue, booking, by=by)
    window = _unless_refused(lambda: modes.resolve(venue, booking.times, clock.now()))
    if window is None:
        return None
    # Before any lock, and until what is tried is there for all to see.
    with early_refusal.trying(venue, booking.resource, window) as may_try:
        made = _tried(venue, booking, by=by) if may_try else None
    if made is None:
        _judge_taken(venue, booking, by=by)
    return made


def _tried(venue: Venue, booking: Booking, *, by: Caller) -> Reservation | None:
    limits = open_holds.limits(venue, booking, by=by)
    if not limits and hold_statement.is_one_statement():
        return _glanced(venue, booking, by=by, limits=limits)
    return whole(lambda _: _glanced(venue, booking, by=by, limits=limits))


def _glanced(
    venue: Venue, booking: Booking, *, by: Caller, limits: Sequence[Limit]
) -> Reservation | None:
    def ready() -> tuple[Reservation, Ask, list[Resource]] | None:
        wish = judge(venue, booking, by=by)
        open_holds.judge(limits, venue, booking, by=by)
        return _ready(wish)

    open_holds.lock(limits)
    found = _unless_refused(ready)
    return hold_statement.write(*found) if found else None


def _judge_taken(venue: Venue, booking: Booking, *, by: Caller) -> None:
    """Refuse a unit that is taken, where nothing else that is judged before is in the way."""

    def fitting() -> Ask | None:
        ask = judge(venue, booking, by=by).ask
        return ask if candidates.candidates(ask) else None

    ask = _unless_refused(fitting)
    if ask is not None:
        early_refusal.judge_seen(ask)


def _unless_refused(find: Callable[[], T]) -> T | None:
    """What is found. Refusals and faults alike are met again, on the venue as it is."""
    try:
        return find()
    except DatabaseError:
        raise
    except Exception:  # noqa: BLE001
        return None


def at_a_glance(wish: Wish) -> Reservation | None:
    """The reservation, where some unit is free as things stand and nothing else is in the way."""
    ready = _ready(wish)
    return hold_statement.write(*ready) if ready else None


def _may_go_at_a_glance(venue: Venue, booking: Booking) -> bool:
    # What else a guest has on that day is seen to under locks.
    return not booking.override_reason and venue.policy.per_day == Policy.PerDay.ANY


def _ready(wish: Wish) -> tuple[Reservation, Ask, list[Resource]] | None:
    """What `at_once` writes, and the units it may write it on; None where a glance will not do."""
    ask = wish.ask
    if not _may_go_at_a_glance(ask.venue, wish.booking):
        return None
    units = candidates.candidates(ask)
    if not units:
        return None
    category = category_of(ask.venue, units[0])
    row = drafts.reservation(wish.booking, wish.details, ask=ask, category=category, now=ask.now)
    # Of several categories that cost the same, a glance is at one.
    return row, ask, [unit for unit in units if unit.category_id == category.pk]


def is_time_to_lock(booking: Booking, glances: int) -> bool:
    """Whether so many glances were enough, and all that could be had is locked to look surely.

    In a crowd a glance fails though much is free: what it chose was locked or sold a moment before.
    To look again is a thousand times cheaper than to lock a pool that the whole crowd is after.
    """
    is_worth_it = booking.resource is None and hold_statement.is_one_statement()
    return glances >= (MOST_GLANCES if is_worth_it else 1)


def surely(wish: Wish) -> Reservation:
    """The reservation, with all locked that could be had for it. Raises what is in the way."""
    ask, booking = wish.ask, wish.booking
    placement = place(ask)
    now = clock.now()
    category = category_of(ask.venue, placement.units[0])
    row = drafts.reservation(booking, wish.details, ask=ask, category=category, now=now)
    unit = placement.units[0]
    unit.venue = ask.venue
    row.day_key = one_per_day.make_way(
        unit, guest_id=row.guest_id, start=row.starts_at, now=now, by=ask.by
    )
    row.save(force_insert=True)
    row.just_taken = [ledger.take(draft) for draft in allocations(row, placement)]
    reason: BookedData = {"override_reason": booking.override_reason} if ask.is_override else {}
    events.record_many(
        events.draft(row, kind(reason), at=now, by=ask.by) for kind in drafts.events_of(row)
    )
    return row


def hold(booking: Booking, *, by: Caller, once: Once | None, glances: int) -> Reservation:
    is_sure = is_time_to_lock(booking, glances)
    limits = open_holds.seen(booking, by=by)
    open_holds.lock(limits)
    claimed = idempotency.claim(once)
    venue = records.find_venue(booking.venue)
    wish = eligibility.judge(venue, booking, by=by)
    open_holds.judge(limits, venue, booking, by=by)
    if glances:
        early_refusal.judge_unlocked(wish.ask, is_alone=True)
    reservation = None if is_sure else at_a_glance(wish)
    if reservation is None:
        if not is_sure and booking.resource is None:
            # What was locked at a glance stands in no order with the whole pool.
            raise Escalate
        if not glances:
            early_refusal.judge_unlocked(wish.ask, is_alone=True)
        reservation = surely(wish)
    open_holds.judge_made(limits, venue)
    idempotency.store(claimed, once, reservation)
    return reservation
