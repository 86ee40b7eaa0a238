"""Finds a reservation through its caller, unlocked or locked, and saves what a verb changed."""

from django.db.models import QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from reservations.errors import Forbidden, NotFound
from reservations.models import Allocation, Reservation
from reservations.transactions import Restart


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


def live(reservation: Reservation) -> QuerySet[Allocation]:
    """The rows that take the time it has, lapsed ones that nobody released included.

    A live row that ends before the range does is history: a unit the guest was moved from, or
    time that was given away when they did not come.
    """
    rows = Allocation.objects.filter(reservation=reservation, is_live=True)
    return rows.filter(ends_at__gte=reservation.ends_at)


def has_its_time(reservation: Reservation) -> bool:
    """Whether its rows, which live and die together, are live: no clock has released them."""
    return live(reservation).exists()


def save(reservation: Reservation, *fields: str) -> None:
    """Write the facts a verb changed; the version tells readers that there is something new."""
    reservation.version += 1
    if reservation.confirmed_at or reservation.cancelled_at:
        # Where a hold was made from is of no use once it is none.
        reservation.held_from = None
        fields = (*fields, "held_from")
    reservation.save(update_fields=[*fields, "version"])


def judge_staff(venue_id: int, by: Caller) -> None:
    """Raise Forbidden for whoever is not staff of the venue."""
    if by.kind not in ("staff", "administrator", "system") or not by.may_run(venue_id):
        raise Forbidden(gettext("Only staff of the venue may do this."))


def judge_desk(reservation: Reservation, by: Caller) -> None:
    """Arrival and leaving are recorded by who runs the venue, or the driver where that is so."""
    if not by.may_run(reservation.venue_id) and not reservation.venue.policy.guests_check_in:
        raise Forbidden(gettext("Arrival and leaving are recorded by the venue."))


def _first(rows: QuerySet[Reservation], reservation_id: int) -> Reservation:
    found = rows.select_related("venue__policy", "category").filter(pk=reservation_id).first()
    if found is None:
        raise NotFound(gettext("There is no such reservation."))
    return found
