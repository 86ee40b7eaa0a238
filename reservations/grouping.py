"""Several bookings made together: which units they may want, and why they do not fit as one."""

from collections.abc import Collection, Iterable, Sequence

from django.db.models import QuerySet

from reservations import allocation, clock, judging
from reservations.allocation import Span
from reservations.errors import PartyTooLarge, Refusal, Taken
from reservations.models import Reservation
from reservations.requests import Booking
from venues.models import Resource


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
        return PartyTooLarge(f"There are {len(wanted)} such units here, and the group asks more.")
    mine = {row.pk for row in own}
    rows = allocation.taken_rows(wanted, _span(booking))
    others = [row for row in rows if row.reservation_id not in mine]
    return allocation.refusal_for(others) if others else Taken()


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
    venue, now = judging.find_venue(booking.venue), clock.now()
    window, policy = judging.resolve(venue, booking.times, now), venue.policy
    return Span(
        start=window.start - policy.buffer_before,
        end=window.end + policy.buffer_after,
        now=now,
        venue=venue.pk,
    )
