"""Finds a venue, or a reservation through its caller; locks it; saves what a verb changed."""

from django.db.models import QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from reservations.errors import (
    NotFound,
)
from reservations.models import Reservation
from reservations.transactions import Restart
from venues import catalogue
from venues.models import Venue


def look(reservation_id: int, *, by: Caller) -> Reservation:
    """A reservation as the caller may see it, unlocked. Raises NotFound."""
    return _first(Reservation.objects.visible_to(by), reservation_id)


def locked(reservation_id: int, *, by: Caller) -> Reservation:
    """The same, locked until the transaction ends; no unit may be locked after it."""
    rows = Reservation.objects.visible_to(by)
    try:
        return _first(rows.select_for_update(no_key=True, of=("self",)), reservation_id)
    except NotFound:
        # PostgreSQL joins what was read before the wait: whoever got another category during it
        # joins nothing, and comes back with none.
        if rows.filter(pk=reservation_id).exists():
            raise Restart from None
        raise


def save(reservation: Reservation, *fields: str) -> None:
    """Write the facts a verb changed; the version tells readers that there is something new."""
    reservation.version += 1
    if reservation.confirmed_at or reservation.cancelled_at:
        # Where a hold was made from is of no use once it is none.
        reservation.held_from = None
        fields = (*fields, "held_from")
    reservation.save(update_fields=[*fields, "version"])


def _first(rows: QuerySet[Reservation], reservation_id: int) -> Reservation:
    found = rows.select_related("venue__policy", "category").filter(pk=reservation_id).first()
    if found is None:
        raise NotFound(gettext("There is no such reservation."))
    return found


def find_venue(slug: str) -> Venue:
    """The venue with all that it sells by, shared with other requests. Raises NotFound."""
    venue = catalogue.find(slug)
    if venue is None:
        raise NotFound(gettext("There is no venue %(slug)r.") % {"slug": slug})
    return venue


def load_venue(venue_id: int) -> Venue:
    """The same for a venue that has reservations, whether it still takes new ones or not."""
    return catalogue.load(venue_id)
