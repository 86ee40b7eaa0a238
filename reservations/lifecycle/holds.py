"""Books a unit: by one statement if a unit is free, else under locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import DatabaseError, transaction

from guests.callers import Caller
from reservations import clock, events, idempotency
from reservations.allocation import candidates, early_refusal, ledger
from reservations.allocation.ask import Ask, Placement, asking
from reservations.allocation.placement import place
from reservations.errors import TooManyHolds, TooManyReservations
from reservations.event_types import BookedData
from reservations.idempotency import Once
from reservations.lifecycle import cancellations, drafts, eligibility, hold_statement
from reservations.lifecycle.eligibility import JudgedBooking
from reservations.limits import one_per_day, open_holds
from reservations.models import Reservation
from reservations.requests import Booking
from reservations.rules.categories import priced_as
from reservations.rules.taken_ranges import preparation
from reservations.transactions import Restart, in_transaction
from venues import catalogue
from venues.hours import Window
from venues.models import Policy, Resource, Venue

FAST_TRIES = 4
"""How often the fast path tries a pool before the pool is locked.

In a crowd a try can fail though units are free, because another caller locked or took its unit a
moment before. Another try costs a thousandth of a lock on a pool that the whole crowd wants.
"""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A drafted reservation and the units it may take, in the order to try them."""

    wish: JudgedBooking
    row: Reservation
    units: list[Resource]

    @property
    def ask(self) -> Ask:
        return self.wish.ask


def hold(booking: Booking, *, by: Caller, once: Once | None = None) -> Reservation:
    """Books on the fast path, which may refuse early; if it cannot decide, under locks.

    Opens its own transaction. Raises as `actions.hold` does.
    """
    made = fast(booking, by=by, once=once)
    return made or in_transaction(lambda: locked(booking, by=by, once=once))


def fast(booking: Booking, *, by: Caller, once: Once | None = None) -> Reservation | None:
    """Books a free unit without locking the pool. Returns None when only `locked` can decide.

    Raises a Refusal only when it is certain: judged on the venue as it is now, and for a request
    without a key, since a repeated key must get its stored answer first.
    """
    found = _prepared(booking, by=by, is_keyed=once is not None)
    if found is None:
        return None
    for _ in range(_tries(booking)):
        with early_refusal.trying(found.ask) as may_try:
            made = _write(found, once) if may_try else None
        if made is not None:
            return made
        refusal = early_refusal.look(found.ask, found.units)
        if refusal is not None:
            if once is None:
                raise refusal
            return None
    return None


def locked(booking: Booking, *, by: Caller, once: Once | None = None) -> Reservation:
    """Books with every unit locked that the guest could get. Assumes a transaction.

    Raises a Refusal, guests.errors.ContactInvalid, or Repeated with the stored answer.
    """
    judge = partial(eligibility.judge, booking=booking, by=by)
    with open_holds.counted(booking, by=by, judge=judge, once=once) as (wish, claimed):
        refuse_early(wish.ask)
        made = place_and_write(wish)
        idempotency.store(claimed, once, made)
    return made


def refuse_early(ask: Ask, *, is_shared: bool = True) -> None:
    """Raises a Refusal when a query without locks shows that no unit is free.

    `is_shared` as in `early_refusal.look`.
    """
    if ask.is_override:
        return
    with asking(ask):
        refusal = early_refusal.look(ask, candidates.candidates(ask), is_shared=is_shared)
    if refusal is not None:
        raise refusal


def place_and_write(wish: JudgedBooking) -> Reservation:
    """Locks the units that the guest could get, chooses one, and saves reservation and events.

    Assumes a transaction, and no lock on a reservation. Raises a Refusal when no unit is free, and
    Restart when the venue changed before its units were locked.
    """
    ask, booking = wish.ask, wish.booking
    with asking(ask):
        placement = place(ask)
    if not catalogue.is_unchanged(ask.venue):
        raise Restart
    now = clock.now()
    category = priced_as(ask.venue, placement.units)
    row = drafts.reservation(booking, wish.details, ask=ask, category=category, now=now)
    save_on(row, placement, ask, now=now)
    reason: BookedData = {"override_reason": booking.override_reason} if ask.is_override else {}
    events.record_many(
        events.draft(row, kind(reason), at=now, by=ask.by) for kind in drafts.events_of(row)
    )
    return row


def save_on(
    row: Reservation,
    placement: Placement,
    ask: Ask,
    *,
    now: datetime,
    taken_from: datetime | None = None,
) -> None:
    """Saves a drafted reservation on units that are placed, and makes way for it by the day's rule.

    It takes time from `taken_from` (UTC) on, by default from its start. Assumes a transaction.
    Raises Taken, OnePerDay or WrongStatus.
    """
    unit = placement.units[0]
    unit.venue = ask.venue
    give_way = partial(cancellations.replace, now=now, by=ask.by)
    one_per_day.claim(row, unit, now=now, by=ask.by, cancel=give_way)
    row.save(force_insert=True)
    taken = ask.locked().taken
    window = Window(taken_from or taken.start, taken.end)
    taking = drafts.allocations(row, placement, window)
    row.just_taken = [ledger.take(draft) for draft in taking]


def _prepared(booking: Booking, *, by: Caller, is_keyed: bool) -> _Prepared | None:
    """Judges and drafts on the venue as this process last read it, without a query for the venue.

    Returns None when the venue may have changed, or when one statement cannot make the booking.
    """
    venue = catalogue.last_seen(booking.venue)
    if venue is None or not _may_be_fast(venue, booking):
        return None
    try:
        return _draft(eligibility.judge(venue, booking, by=by))
    except DatabaseError:
        raise
    except Exception:
        if not is_keyed and catalogue.is_unchanged(venue):
            raise
        # `locked` judges again, on the venue as it is now.
        return None


def _may_be_fast(venue: Venue, booking: Booking) -> bool:
    # Only the locked path can judge the guest's other reservations of the day.
    if preparation(venue.policy):
        # One statement looks at the range alone, and a closure just before it counts as well.
        return False
    return not booking.override_reason and venue.policy.per_day == Policy.PerDay.ANY


def _tries(booking: Booking) -> int:
    is_pool = booking.resource is None and hold_statement.is_one_statement()
    return FAST_TRIES if is_pool else 1


def _draft(wish: JudgedBooking) -> _Prepared | None:
    ask = wish.ask
    if not _may_be_fast(ask.venue, wish.booking):
        return None
    with asking(ask):
        units = candidates.candidates(ask)
    if not units:
        return None
    category = priced_as(ask.venue, units[:1])
    row = drafts.reservation(wish.booking, wish.details, ask=ask, category=category, now=ask.now)
    return _Prepared(wish, row, units)


def _of_category(found: _Prepared) -> Sequence[Resource]:
    """The units of the drafted category: one statement tries one category of several alike."""
    return [unit for unit in found.units if unit.category_id == found.row.category_id]


def _is_counted(found: _Prepared) -> bool:
    """True when the reservation counts against a limit: as a hold, or because it costs money."""
    counts = open_holds.limits(found.ask.venue, found.wish.booking, by=found.ask.by)
    return any(found.row.price_minor or not limit.is_of_unpaid for limit in counts)


def _write(found: _Prepared, once: Once | None) -> Reservation | None:
    booking, venue, by = found.wish.booking, found.ask.venue, found.ask.by
    units = _of_category(found)
    # Who begins now is looked for on the unit once more, after its lock.
    is_alone = once is None and not found.ask.begins_now and not _is_counted(found)
    if is_alone and hold_statement.is_one_statement():
        return hold_statement.write(found.row, found.ask, units)

    def counted() -> Reservation | None:
        count = open_holds.counted(booking, by=by, judge=lambda _: found, once=once, venue=venue)
        with count as (_, claimed):
            made = hold_statement.write(found.row, found.ask, units)
            if made is None:
                # This also undoes the claim of the key.
                transaction.set_rollback(True)
            else:
                idempotency.store(claimed, once, made)
        return made

    try:
        return in_transaction(counted)
    except (TooManyHolds, TooManyReservations):
        # If the venue has changed, it may now confirm at once, and the limit does not count.
        if catalogue.is_unchanged(venue):
            raise
        return None
