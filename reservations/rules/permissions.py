"""Says who may act for a venue, override its policy or enter a walk-in, and who owns a reservation.

The engine's verbs, the API and the desk all ask here.
"""

from django.db.models import QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from guests.models import User
from reservations.errors import Forbidden
from reservations.models import Reservation
from reservations.requests import Booking
from venues.models import Venue


def is_administrator(by: Caller) -> bool:
    """True when the caller may create and close venues: an administrator or the system."""
    return by.kind in ("administrator", "system")


def judge_administrator(by: Caller) -> None:
    """Raises Forbidden unless the caller is an administrator or the system."""
    if not is_administrator(by):
        raise Forbidden(gettext("Only administrators can create and close venues."))


def is_staff(by: Caller, venue_id: int) -> bool:
    """True when the caller is staff of the venue. Never True for guests and partners."""
    return by.kind in ("staff", "administrator", "system") and by.may_run(venue_id)


def judge_staff(venue_id: int, by: Caller) -> None:
    """Raises Forbidden unless the caller is staff of the venue."""
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can do this."))


def venues_run_by(person: User) -> QuerySet[Venue]:
    """The venues that a person is staff of: all for administrators, none for guests.

    Matches `is_staff`, in SQL for lists. A test binds the two.
    """
    match person.role:
        case User.Role.ADMINISTRATOR:
            return Venue.objects.all()
        case User.Role.STAFF:
            return Venue.objects.filter(staff=person)
        case _:
            return Venue.objects.none()


def owner_of(booking: Booking, venue: Venue, by: Caller) -> int | None:
    """The id of the account that a new reservation belongs to; None for a guest without one.

    Staff and partners of the venue book for `booking.guest_id`; everybody else books for
    themselves.
    """
    is_own = by.kind == "guest" or not by.may_run(venue.pk)
    return by.user_id if is_own else booking.guest_id


def may_record_stay(reservation: Reservation, by: Caller) -> bool:
    """True when the caller may check the guest in and out.

    Guests may where the policy lets them.
    """
    return by.may_run(reservation.venue_id) or reservation.venue.policy.guests_check_in


def judge_desk(reservation: Reservation, by: Caller) -> None:
    """Raises Forbidden unless the caller may check the guest in and out."""
    if not may_record_stay(reservation, by):
        raise Forbidden(gettext("Only the venue records arrival and departure."))


def may_override(venue_id: int, reason: str, by: Caller) -> bool:
    """True when staff of the venue give a reason to override. Raises Forbidden for anybody else.

    False without a reason.
    """
    if not reason:
        return False
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can override its policy."))
    return True


def may_walk_in(venue_id: int, booking: Booking, by: Caller) -> bool:
    """True when staff enter the booking as a walk-in. Raises Forbidden for anybody else.

    False for other bookings.
    """
    if not booking.is_walk_in:
        return False
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can enter walk-ins."))
    return True
