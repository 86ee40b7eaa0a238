"""Judges a booking in everything but whether its time is free."""

from dataclasses import asdict, dataclass

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock
from reservations.allocation.ask import Ask
from reservations.errors import Forbidden
from reservations.pricing import quotes
from reservations.requests import Booking
from reservations.rules import booking_window, contact_details, modes, permissions, references
from reservations.rules.categories import categories_for
from venues.hours import Window
from venues.models import Category, Venue


@dataclass(frozen=True, slots=True)
class JudgedBooking:
    """A booking that venue and policy allow, with its details as stored. Its time may be taken."""

    booking: Booking
    details: dict[str, str | bool]
    ask: Ask


def judge(venue: Venue, booking: Booking, *, by: Caller) -> JudgedBooking:
    """Judges everything but whether the time is free. Takes no locks.

    Raises a Refusal, or guests.errors.ContactInvalid.
    """
    if by.kind == "partner" and not by.may_run(venue.pk):
        raise Forbidden(gettext("This API key does not include this venue."))
    references.judge_booking(booking, venue.pk, by)
    now = clock.now()
    window = modes.resolve(venue, booking.times, now)
    is_walk_in = permissions.may_walk_in(venue.pk, booking, by)
    details = contact_details.read_details(
        asdict(booking.contact), venue.phone_region, may_lack_phone=is_walk_in
    )
    is_override = permissions.may_override(venue.pk, booking.override_reason, by)
    # Refuse an unknown category before judging notice and horizon.
    categories = _categories(venue, booking, window)
    if not is_override:
        is_desk = permissions.is_staff(by, venue.pk)
        booking_window.judge_request(venue, window, booking.resource, now, is_desk=is_desk)
    ask = Ask(
        venue=venue,
        window=window,
        party=booking.guest_count,
        resource=booking.resource,
        categories=categories,
        now=now,
        by=by,
        owner=permissions.owner_of(booking, venue, by),
        is_override=is_override,
    )
    return JudgedBooking(booking, details, ask)


def _categories(venue: Venue, booking: Booking, window: Window) -> list[Category]:
    booking_window.judge_pair(venue, booking.category, booking.resource)
    if booking.resource is not None:
        return []
    # A quote binds its category, even if that category costs more by now.
    code = booking.category or quotes.category(booking.quote, venue)
    return categories_for(venue, code, booking.guest_count, window)
