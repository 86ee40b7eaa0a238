"""Finds venues and reservations, locks reservations, and saves what verbs changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from reservations.errors import ChangedMeanwhile, NotFound
from reservations.models import Reservation
from reservations.querysets import SEARCHED
from reservations.transactions import Restart
from venues import catalogue
from venues.models import Venue

_expected: ContextVar[tuple[int, int] | None] = ContextVar("expected_version", default=None)


def look(reservation_id: int, *, by: Caller) -> Reservation:
    """A reservation that the caller may see, with venue, policy and category. Takes no lock.

    Raises NotFound.
    """
    return _first(Reservation.objects.visible_to(by), reservation_id)


def locked(reservation_id: int, *, by: Caller) -> Reservation:
    """Finds a reservation that the caller may see, and locks its row until the transaction ends.

    Lock units before, never after. Raises NotFound, or Restart when its category changed meanwhile.
    """
    rows = Reservation.objects.visible_to(by)
    try:
        return _first(rows.select_for_update(no_key=True, of=("self",)), reservation_id)
    except NotFound:
        # PostgreSQL joins rows as read before the wait. A reservation that got another category
        # during the wait then joins nothing.
        if rows.filter(pk=reservation_id).exists():
            raise Restart from None
        raise


@contextmanager
def expecting(reservation_id: int, version: int) -> Iterator[None]:
    """Lets `save` accept only this version of a reservation inside the block."""
    token = _expected.set((reservation_id, version))
    try:
        yield
    finally:
        _expected.reset(token)


def save(reservation: Reservation, *fields: str) -> None:
    """Saves these fields and raises the version by one. Assumes the reservation's lock.

    Raises ChangedMeanwhile when `expecting` names another version.
    """
    expected = _expected.get()
    if expected is not None and not reservation.is_as_expected:
        if expected[0] == reservation.pk and expected[1] != reservation.version:
            raise ChangedMeanwhile
        reservation.is_as_expected = True
    reservation.version += 1
    if not counts_by_address(reservation):
        reservation.held_from = None
        fields = (*fields, "held_from")
    if not SEARCHED.isdisjoint(fields):
        fields = (*fields, "search_text")
    reservation.save(update_fields=[*fields, "version"])


def counts_by_address(reservation: Reservation) -> bool:
    """True while a limit counts the reservation by the address it came from.

    That is an open hold, or an unpaid reservation that belongs to no account. The address is kept
    no longer.
    """
    if reservation.cancelled_at or reservation.expired_at:
        return False
    if not reservation.confirmed_at and settings.HOLDS_PER_ADDRESS:
        return True
    is_of_nobody = reservation.guest_id is None and not reservation.partner
    return is_of_nobody and reservation.price_minor > 0 and settings.UNPAID_PER_GUEST > 0


def _first(rows: QuerySet[Reservation], reservation_id: int) -> Reservation:
    found = rows.select_related("venue__policy", "category").filter(pk=reservation_id).first()
    if found is None:
        raise NotFound(gettext("There is no such reservation."))
    return found


def find_venue(slug: str) -> Venue:
    """Loads an active venue by slug, with its policy, units and rates. Raises NotFound.

    Requests share the object: do not change it.
    """
    venue = catalogue.find(slug)
    if venue is None:
        raise NotFound(gettext("There is no venue %(slug)r.") % {"slug": slug})
    return venue


def load_venue(venue_id: int) -> Venue:
    """Loads a venue by id, also one that no longer takes reservations. Raises Venue.DoesNotExist.

    Requests share the object: do not change it.
    """
    return catalogue.load(venue_id)
