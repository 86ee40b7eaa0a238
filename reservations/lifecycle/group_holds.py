"""Several bookings made together: which units they may want, and why they do not fit as one."""

import uuid
from collections.abc import Collection, Iterable, Sequence

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
from venues.models import Resource


def hold_group(bookings: Sequence[Booking], *, by: Caller, once: Once | None) -> list[Reservation]:
    """Book all of these or none, with one `group_id`. Assumes a transaction; raises as `hold`."""
    first = bookings[0]
    with open_holds.counted(first, by=by, once=once, made=len(bookings)) as (venue, claimed):
        eligibility.judge(venue, first, by=by)
        # All at once and in id order: one after the other, two groups would wait for each other.
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
    for booking in bookings:
        try:
            venue = records.find_venue(booking.venue)
            wish = eligibility.judge(venue, booking, by=by)
            holds.refuse_early(wish.ask)
            rows.append(holds.place_and_write(wish))
        except (Taken, HeldByOther) as refusal:
            # Perhaps only by what this group took a moment ago, and now gives back.
            raise refusal_of(booking, bookings, rows) from refusal
    return rows


def units_for(bookings: Iterable[Booking]) -> set[int]:
    """Every unit that any of these might be given."""
    units: set[int] = set()
    for booking in bookings:
        units.update(_units(booking).values_list("pk", flat=True))
    return units


def refusal_of(
    booking: Booking, bookings: Sequence[Booking], own: Collection[Reservation]
) -> Refusal:
    """Why one of a group finds no time, as whoever comes after the group would see it.

    The time that the group's `own` reservations take is given back with the refusal, so nobody
    is told to wait for it.
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
    """The units that seat the party alone; where none does, all that might do so together."""
    every = dict(_units(booking).values_list("pk", "capacity"))
    return {pk for pk, seats in every.items() if seats >= booking.guest_count} or {*every}


def _span(booking: Booking) -> Span:
    venue, now = records.find_venue(booking.venue), clock.now()
    window, policy = modes.resolve(venue, booking.times, now), venue.policy
    return Span(
        start=window.start - policy.buffer_before,
        end=window.end + policy.buffer_after,
        now=now,
        venue=venue.pk,
    )
