"""What a new reservation needs: judged, placed at a glance or surely, and written."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from django.db import DatabaseError
from django.utils.translation import gettext

from guests.callers import Caller
from reservations import (
    allocation,
    at_once,
    clock,
    daily,
    drafting,
    events,
    hoarding,
    judging,
    placing,
    quotes,
)
from reservations.errors import Forbidden
from reservations.hoarding import Limit
from reservations.models import Reservation
from reservations.placing import Ask
from reservations.requests import Booking
from reservations.transactions import whole
from venues import kept
from venues.hours import Window
from venues.models import Category, Policy, Resource, Venue

T = TypeVar("T")

MOST_GLANCES = 4
"""Looks at a pool without locks, before the one under locks that is sure."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A booking that may be had as far as venue and policy go; its time is not judged yet."""

    booking: Booking
    details: dict[str, str | bool]
    ask: Ask


def judge(venue: Venue, booking: Booking, *, by: Caller) -> Wish:
    """Judge all but the time. Raises a Refusal, or guests.errors.ContactInvalid."""
    if by.kind == "partner" and not by.may_run(venue.pk):
        raise Forbidden(gettext("This key is not for this venue."))
    now = clock.now()
    window = judging.resolve(venue, booking.times, now)
    is_walk_in = judging.may_walk_in(venue.pk, booking, by)
    details = drafting.read_details(
        asdict(booking.contact), venue.phone_region, may_lack_phone=is_walk_in
    )
    is_override = judging.may_override(venue.pk, booking.override_reason, by)
    # What is not there is said before what is too soon.
    categories = _categories(venue, booking, window)
    if not is_override:
        judging.judge_policy(venue, window, now)
        judging.judge_choice(venue, booking.resource)
    ask = Ask(
        venue=venue,
        window=window,
        party=booking.guest_count,
        resource=booking.resource,
        categories=categories,
        now=now,
        by=by,
        is_override=is_override,
    )
    return Wish(booking, details, ask)


def on_last_seen(booking: Booking, *, by: Caller) -> Reservation | None:
    """Judged on the venue as it was last read here, which is verified where it is written.

    What makes a hold goes in a transaction with it, after a lock and a count (`hoarding`).
    None says nothing yet: what would be refused is judged again, on the venue as it is. All but
    that a unit which was asked for is taken, while the venue is as it was: that is raised.
    """
    venue = kept.last_seen(booking.venue)
    if venue is None or not _may_go_at_a_glance(venue, booking):
        return None
    if booking.resource is None:
        return _tried(venue, booking, by=by)
    window = _unless_refused(lambda: judging.resolve(venue, booking.times, clock.now()))
    if window is None:
        return None
    # Before any lock, and until what is tried is there for all to see.
    with placing.trying(venue, booking.resource, window) as may_try:
        made = _tried(venue, booking, by=by) if may_try else None
    if made is None:
        _judge_taken(venue, booking, by=by)
    return made


def _tried(venue: Venue, booking: Booking, *, by: Caller) -> Reservation | None:
    limits = hoarding.limits(venue, booking, by=by)
    if not limits and at_once.is_one_statement():
        return _glanced(venue, booking, by=by, limits=limits)
    return whole(lambda _: _glanced(venue, booking, by=by, limits=limits))


def _glanced(
    venue: Venue, booking: Booking, *, by: Caller, limits: Sequence[Limit]
) -> Reservation | None:
    def ready() -> tuple[Reservation, Ask, list[Resource]] | None:
        wish = judge(venue, booking, by=by)
        hoarding.judge(limits, venue, booking, by=by)
        return _ready(wish)

    hoarding.lock(limits)
    found = _unless_refused(ready)
    return at_once.write(*found) if found else None


def _judge_taken(venue: Venue, booking: Booking, *, by: Caller) -> None:
    """Refuse a unit that is taken, where nothing else that is judged before is in the way."""

    def fitting() -> Ask | None:
        ask = judge(venue, booking, by=by).ask
        return ask if placing.candidates(ask) else None

    ask = _unless_refused(fitting)
    if ask is not None:
        placing.judge_seen(ask)


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
    return at_once.write(*ready) if ready else None


def _may_go_at_a_glance(venue: Venue, booking: Booking) -> bool:
    # What else a guest has on that day is seen to under locks.
    return not booking.override_reason and venue.policy.per_day == Policy.PerDay.ANY


def _ready(wish: Wish) -> tuple[Reservation, Ask, list[Resource]] | None:
    """What `at_once` writes, and the units it may write it on; None where a glance will not do."""
    ask = wish.ask
    if not _may_go_at_a_glance(ask.venue, wish.booking):
        return None
    units = placing.candidates(ask)
    if not units:
        return None
    category = judging.category_of(ask.venue, units[0])
    row = drafting.reservation(wish.booking, wish.details, ask=ask, category=category, now=ask.now)
    # Of several categories that cost the same, a glance is at one.
    return row, ask, [unit for unit in units if unit.category_id == category.pk]


def is_time_to_lock(booking: Booking, glances: int) -> bool:
    """Whether so many glances were enough, and all that could be had is locked to look surely.

    In a crowd a glance fails though much is free: what it chose was locked or sold a moment before.
    To look again is a thousand times cheaper than to lock a pool that the whole crowd is after.
    """
    is_worth_it = booking.resource is None and at_once.is_one_statement()
    return glances >= (MOST_GLANCES if is_worth_it else 1)


def surely(wish: Wish) -> Reservation:
    """The reservation, with all locked that could be had for it. Raises what is in the way."""
    ask, booking = wish.ask, wish.booking
    placement = placing.place(ask)
    now = clock.now()
    category = judging.category_of(ask.venue, placement.units[0])
    row = drafting.reservation(booking, wish.details, ask=ask, category=category, now=now)
    unit = placement.units[0]
    unit.venue = ask.venue
    row.day_key = daily.make_way(
        unit, guest_id=row.guest_id, start=row.starts_at, now=now, by=ask.by
    )
    row.save(force_insert=True)
    row.just_taken = [allocation.take(draft) for draft in drafting.allocations(row, placement)]
    reason = {"override_reason": booking.override_reason} if ask.is_override else {}
    events.record_many(
        events.draft(row, name, at=now, by=ask.by, data=reason) for name in drafting.events_of(row)
    )
    return row


def _categories(venue: Venue, booking: Booking, window: Window) -> list[Category]:
    judging.judge_pair(venue, booking.category, booking.resource)
    if booking.resource is not None:
        return []
    # A price that was promised is for the category it was promised in, dearer by now or not.
    code = booking.category or quotes.category(booking.quote, venue)
    return drafting.categories_for(venue, code, booking.guest_count, window)
