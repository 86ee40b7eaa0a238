"""Books groups: which units the bookings may take, and why a group does not fit."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from functools import partial

from django.db.models import QuerySet

from guests.callers import Caller
from reservations import clock, idempotency, records
from reservations.allocation import ledger
from reservations.allocation.ledger import Span
from reservations.errors import HeldByOther, PartyTooLarge, Refusal, Taken
from reservations.idempotency import Once
from reservations.lifecycle import eligibility, holds
from reservations.limits import open_holds
from reservations.models import Reservation
from reservations.requests import Booking
from reservations.rules import modes
from reservations.rules.taken_ranges import taken_range
from venues.models import Resource


def hold_group(bookings: Sequence[Booking], *, by: Caller, once: Once | None) -> list[Reservation]:
    """Books all of these or none, with one `group_id`, in the order given. Assumes a transaction.

    Raises a Refusal, guests.errors.ContactInvalid, or Repeated with the stored answer.
    """
    first = bookings[0]
    judge = partial(eligibility.judge, booking=first, by=by)
    count = open_holds.counted(first, by=by, judge=judge, once=once, made=len(bookings))
    with count as (_, claimed):
        # Lock all units together, in order of id. Two groups that lock one by one would deadlock.
        ledger.lock_units(units_for(bookings))
        rows = _placed(bookings, by=by)
        group_id = uuid.uuid4()
        Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(group_id=group_id)
        for row in rows:
            row.group_id = group_id
        idempotency.store(claimed, once, rows)
    return rows


def _placed(bookings: Sequence[Booking], *, by: Caller) -> list[Reservation]:
    rows: list[Reservation] = []
    for number, booking in enumerate(bookings):
        try:
            venue = records.find_venue(booking.venue)
            wish = eligibility.judge(venue, booking, by=by)
            # Others must not see what this group has taken: the group may yet be refused.
            holds.refuse_early(wish.ask, is_shared=False)
            rows.append(holds.place_and_write(wish))
        except (Taken, HeldByOther) as refusal:
            # The time may be taken by this group itself, whose rows the refusal rolls back.
            found = refusal_of(booking, bookings, rows)
            found.number = number
            raise found from refusal
        except Refusal as refusal:
            refusal.number = number
            raise
    return rows


def units_for(bookings: Iterable[Booking]) -> set[int]:
    """The ids of all units in use that any of these bookings might get."""
    units: set[int] = set()
    for booking in bookings:
        units.update(_units(booking).values_list("pk", flat=True))
    return units


def refusal_of(
    booking: Booking, bookings: Sequence[Booking], own: Collection[Reservation]
) -> Refusal:
    """The refusal for a booking of the group that found no time, as others will see the venue.

    The refusal rolls back the group's `own` reservations, so their time does not count as taken.
    Returns PartyTooLarge when the group wants more units than there are.
    """
    wanted = _fitting(booking)
    rivals = sum(_fitting(other) <= wanted for other in bookings)
    if booking.resource is None and rivals > len(wanted):
        return PartyTooLarge(f"There are only {len(wanted)} such units here. Ask for fewer.")
    mine = {row.pk for row in own}
    rows = ledger.taken_rows(wanted, _span(booking))
    others = [row for row in rows if row.reservation_id not in mine]
    return ledger.refusal_for(others) if others else Taken()


def _units(booking: Booking) -> QuerySet[Resource]:
    pool = Resource.objects.filter(venue__slug=booking.venue, retired_at__isnull=True)
    if booking.resource is not None:
        return pool.filter(pk=booking.resource)
    if booking.category is not None:
        return pool.filter(category__code=booking.category)
    return pool


def _fitting(booking: Booking) -> set[int]:
    """The ids of the units that seat the party alone, or of all its units when none does."""
    every = dict(_units(booking).values_list("pk", "capacity"))
    return {pk for pk, seats in every.items() if seats >= booking.guest_count} or {*every}


def _span(booking: Booking) -> Span:
    venue, now = records.find_venue(booking.venue), clock.now()
    window = modes.resolve(venue, booking.times, now)
    taken = taken_range(venue.policy, window)
    return Span(start=taken.start, end=taken.end, now=now, venue=venue.pk)
