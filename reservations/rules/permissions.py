"""Who may act for a venue, override, enter a walk-in; whose a reservation is."""

from django.utils.translation import gettext

from guests.callers import Caller
from reservations.errors import Forbidden
from reservations.models import Reservation
from reservations.requests import Booking
from venues.models import Venue


def owner_of(booking: Booking, venue: Venue, by: Caller) -> int | None:
    """Whose a new reservation is: the caller's own, unless they make it for the venue."""
    is_own = by.kind == "guest" or not by.may_run(venue.pk)
    return by.user_id if is_own else booking.guest_id


def judge_staff(venue_id: int, by: Caller) -> None:
    """Raise Forbidden for whoever is not staff of the venue."""
    if by.kind not in ("staff", "administrator", "system") or not by.may_run(venue_id):
        raise Forbidden(gettext("Only staff of the venue may do this."))


def judge_desk(reservation: Reservation, by: Caller) -> None:
    """Arrival and leaving are recorded by who runs the venue, or the driver where that is so."""
    if not by.may_run(reservation.venue_id) and not reservation.venue.policy.guests_check_in:
        raise Forbidden(gettext("Arrival and leaving are recorded by the venue."))


def may_override(venue_id: int, reason: str, by: Caller) -> bool:
    """Whether policy is set aside: staff who say why. Raises Forbidden for anybody else."""
    if not reason:
        return False
    if not _is_staff(venue_id, by):
        raise Forbidden(gettext("Only staff of the venue may override its policy."))
    return True


def may_walk_in(venue_id: int, booking: Booking, by: Caller) -> bool:
    """Whether it is for a guest who stands before staff. Raises Forbidden for anybody else."""
    if not booking.is_walk_in:
        return False
    if not _is_staff(venue_id, by):
        raise Forbidden(gettext("Only staff of the venue enter guests who walk in."))
    return True


def _is_staff(venue_id: int, by: Caller) -> bool:
    return by.kind in ("staff", "administrator", "system") and by.may_run(venue_id)


def judge_administrator(by: Caller) -> None:
    """Raise Forbidden for anybody else."""
    if by.kind not in ("administrator", "system"):
        raise Forbidden(gettext("Only administrators make venues and give them up."))
