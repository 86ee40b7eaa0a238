"""How many unpaid reservations to come one guest may have: UNPAID_PER_GUEST."""

from django.conf import settings

from guests import phones
from guests.callers import Caller
from guests.errors import ContactInvalid
from reservations.limits.limit import Limit
from reservations.requests import Booking
from venues.models import Venue


def limits(venue: Venue, booking: Booking, *, owner: int | None, by: Caller) -> list[Limit]:
    """Returns the limits that count for this booking; [] for staff of the venue and partners.

    An account counts by itself. Without one, the phone number counts, and the address that the
    request comes from.
    """
    most = settings.UNPAID_PER_GUEST
    if not most or by.kind == "partner" or not by.limits_apply_at(venue.pk):
        return []
    if owner is not None:
        return [_limit("guest", "guest_id", owner)]
    by_contact = (
        _limit("phone", "phone", _phone(booking, venue)),
        _limit("address", "held_from", by.origin),
    )
    return [limit for limit in by_contact if limit.value]


def _limit(per: str, column: str, value: int | str) -> Limit:
    return Limit(per, column, value, settings.UNPAID_PER_GUEST, is_of_unpaid=True)


def _phone(booking: Booking, venue: Venue) -> str:
    """Returns the stored form of the phone number; "" for one that will be refused."""
    try:
        return phones.parse(booking.contact.phone, venue.phone_region)
    except ContactInvalid:
        return ""
