"""Who may act for a venue, override its policy, enter a walk-in; whose a reservation is.

Every layer asks here: the engine's verbs, the API's operations, the desk's pages and lists.
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
    """Whether the caller opens and closes venues; a part of this system may, too."""
    return by.kind in ("administrator", "system")


def judge_administrator(by: Caller) -> None:
    """Raise Forbidden unless the caller is an administrator."""
    if not is_administrator(by):
        raise Forbidden(gettext("Only administrators can create and close venues."))


def is_staff(by: Caller, venue_id: int) -> bool:
    """Whether the caller is staff of the venue: never a guest or a partner, whatever they run."""
    return by.kind in ("staff", "administrator", "system") and by.may_run(venue_id)


def judge_staff(venue_id: int, by: Caller) -> None:
    """Raise Forbidden unless the caller is staff of the venue."""
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can do this."))


def venues_run_by(person: User) -> QuerySet[Venue]:
    """The venues a person is staff of: all for administrators, none for guests.

    The same venues as `is_staff` allows, for lists; a test binds the two.
    """
    match person.role:
        case User.Role.ADMINISTRATOR:
            return Venue.objects.all()
        case User.Role.STAFF:
            return Venue.objects.filter(staff=person)
        case _:
            return Venue.objects.none()


def owner_of(booking: Booking, venue: Venue, by: Caller) -> int | None:
    """The id of the person a new reservation belongs to; None where it is nobody known.

    It is the caller's own, unless they make it for the venue.
    """
    is_own = by.kind == "guest" or not by.may_run(venue.pk)
    return by.user_id if is_own else booking.guest_id


def may_record_stay(reservation: Reservation, by: Caller) -> bool:
    """Whether the caller may record arrival and leaving: the venue, or its guests where they do."""
    return by.may_run(reservation.venue_id) or reservation.venue.policy.guests_check_in


def judge_desk(reservation: Reservation, by: Caller) -> None:
    """Raise Forbidden unless the caller may record arrival and leaving."""
    if not may_record_stay(reservation, by):
        raise Forbidden(gettext("Only the venue records arrival and departure."))


def may_override(venue_id: int, reason: str, by: Caller) -> bool:
    """Whether policy is set aside: staff who say why. Raises Forbidden for anybody else."""
    if not reason:
        return False
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can override its policy."))
    return True


def may_walk_in(venue_id: int, booking: Booking, by: Caller) -> bool:
    """Whether it is for a guest who stands before staff. Raises Forbidden for anybody else."""
    if not booking.is_walk_in:
        return False
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can enter walk-ins."))
    return True
