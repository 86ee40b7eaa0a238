"""Finds what could be booked after a refusal, for a booking, a change or a group."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from guests.callers import ANONYMOUS, Caller
from reservations import records, single_flight
from reservations.allocation import early_refusal
from reservations.allocation.ask import Ask
from reservations.alternatives.change_search import Promised, _OfMove, _OfStay
from reservations.alternatives.group_search import Arrangement, _Search
from reservations.alternatives.search import MOST, Alternative, RefusedWish, Search, _near, _reach
from reservations.errors import Refusal
from reservations.lifecycle import changes
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.requests import Booking, Change
from reservations.rules import modes, parties, permissions
from reservations.status import Status
from venues import catalogue
from venues.models import Policy


def for_booking(
    booking: Booking, refusal: Refusal | None = None, *, by: Caller, now: datetime
) -> list[Alternative]:
    """At most three alternatives, nearest start first: other units, categories or times.

    Takes `refusal.asked` where the refusal has it, else resolves the booking's times; [] when they
    are no range. Runs a few queries and takes no locks, so an alternative can be taken meanwhile.
    """
    asked = refusal.asked if refusal is not None else None
    ask = asked if isinstance(asked, Ask) else _asked(booking, by=by, now=now)
    if ask is None:
        return []
    wish = RefusedWish(
        venue=ask.venue,
        window=ask.window,
        party=booking.guest_count,
        category=booking.category,
        resource=booking.resource,
        now=now,
        is_desk=permissions.is_staff(by, ask.venue.pk),
    )
    spent = one_per_day.spent(ask.venue, ask.owner, now=now)
    question = (
        ask.venue.pk, ask.venue.revision, ask.window, wish.party, wish.category, wish.resource,
        wish.is_desk, frozenset(spent),
    )  # fmt: skip
    crowd = early_refusal.crowd_of(ask)
    return single_flight.hint(question, lambda: _around(wish, spent), after=crowd)


def _asked(booking: Booking, *, by: Caller, now: datetime) -> Ask | None:
    """The ask of a booking refused before it was judged; None when its times are no range."""
    try:
        venue = catalogue.last_seen(booking.venue) or records.find_venue(booking.venue)
        window = modes.resolve(venue, booking.times, now)
    except Refusal:
        return None
    return Ask(
        venue=venue,
        window=window,
        party=booking.guest_count,
        resource=booking.resource,
        categories=(),
        now=now,
        by=by,
        owner=permissions.owner_of(booking, venue, by),
        is_override=False,
    )


def _around(wish: RefusedWish, spent: Collection[tuple[int, date]]) -> list[Alternative]:
    near = _near(wish.venue, wish.window)
    if near < _reach(wish.venue):
        # Most searches succeed near the range asked for, and then read far fewer rows.
        found = Search(wish, spent=spent, margin=near).run()
        if len(found) == MOST:
            return found
    return Search(wish, spent=spent).run()


def for_change(
    seen: Reservation,
    change: Change,
    *,
    by: Caller = ANONYMOUS,
    now: datetime,
    promised: Collection[Promised] = (),
) -> list[Alternative]:
    """At most three changes that are possible at `now`; [] when the change asks for no range.

    Leaves out what is `promised` to others. For a guest who is present, alternatives keep the
    start. Takes no locks.
    """
    venue = records.load_venue(seen.venue_id)
    try:
        window = changes.wished_window(seen, change, venue)
        party = parties.changed(seen, change).guest_count or seen.guest_count
    except Refusal:
        return []
    has_begun = seen.status_at(now) is Status.PRESENT
    keeps_unit = change.resource is None and change.category is None and not has_begun
    may_choose = venue.policy.unit_choice == Policy.UnitChoice.GUEST
    wish = RefusedWish(
        venue=venue,
        window=window,
        party=party,
        category=change.category or seen.category.code,
        resource=changes.promised(seen) if keeps_unit and may_choose else change.resource,
        now=now,
        is_desk=permissions.is_staff(by, venue.pk),
    )
    return (_OfStay if has_begun else _OfMove)(wish, seen, promised).run()


def for_group(bookings: Sequence[Booking], *, by: Caller, now: datetime) -> list[Arrangement]:
    """At most three arrangements: at the time asked for, then at the nearest times.

    Each party gets a unit of its own in the same range; nobody is re-seated, no units are combined.
    Returns [] when the times are no range. Takes no locks.
    """
    first = bookings[0]
    try:
        venue = records.find_venue(first.venue)
        window = modes.resolve(venue, first.times, now)
    except Refusal:
        return []
    return _Search(venue, bookings, window, now, is_desk=permissions.is_staff(by, venue.pk)).run()
