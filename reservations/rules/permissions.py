"""Says who may act for a venue, override its policy or enter a walk-in, and who owns a reservation.

The engine's verbs, the API and the desk all ask here.
"""

from enum import StrEnum

from django.db.models import QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from guests.models import Partner, VenueRole
from reservations.errors import Forbidden, Invalid
from reservations.models import Reservation
from reservations.requests import Booking
from venues.models import Venue


class Act(StrEnum):
    """An act of staff at a venue that a role allows."""

    DESK = "desk"
    """Bookings, walk-ins, closures, clients, providers and their schedules, overriding."""
    VENUE = "venue"
    UNITS = "units"
    RATES = "rates"
    POLICY = "policy"
    HOURS = "hours"
    TEMPLATES = "templates"
    KEYS = "keys"
    EXPORTS = "exports"
    ADJUST_PRICE = "adjust-price"
    WAIVE_FEE = "waive-fee"
    REFUND = "refund"
    CHARGE = "charge"
    COUNT = "count"
    """What is in the tills: the takings of a day, the count and the journal."""


LEAST_ROLE: dict[Act, VenueRole.Level] = {
    **dict.fromkeys(Act, VenueRole.Level.MANAGER),
    Act.DESK: VenueRole.Level.CLERK,
}
"""The least role for each act. Administrators may do all of them at every venue."""


def may(by: Caller, act: Act, venue_id: int) -> bool:
    """True when the caller's role at the venue allows the act.

    Never True for guests and partners.
    """
    if by.kind in ("administrator", "system"):
        return True
    if by.kind != "staff":
        return False
    is_for_managers = LEAST_ROLE[act] == VenueRole.Level.MANAGER
    return venue_id in by.managed_ids if is_for_managers else by.may_run(venue_id)


def may_somewhere(by: Caller, act: Act) -> bool:
    """True when the caller's role allows the act at some venue."""
    if by.kind in ("administrator", "system"):
        return True
    is_for_managers = LEAST_ROLE[act] == VenueRole.Level.MANAGER
    return by.kind == "staff" and bool(by.managed_ids if is_for_managers else by.venue_ids)


def judge(by: Caller, act: Act, venue_id: int) -> None:
    """Raises Forbidden unless the caller's role at the venue allows the act."""
    if may(by, act, venue_id):
        return
    if is_staff(by, venue_id):
        raise Forbidden(gettext("Only managers of this venue can do this."))
    raise Forbidden(gettext("Only staff of this venue can do this."))


def is_administrator(by: Caller) -> bool:
    """True when the caller may create and close venues: an administrator or the system."""
    return by.kind in ("administrator", "system")


def judge_administrator(by: Caller) -> None:
    """Raises Forbidden unless the caller is an administrator or the system."""
    if not is_administrator(by):
        raise Forbidden(gettext("Only administrators can create and close venues."))


def is_staff(by: Caller, venue_id: int) -> bool:
    """True when the caller is staff of the venue. Never True for guests and partners."""
    return may(by, Act.DESK, venue_id)


def judge_staff(venue_id: int, by: Caller) -> None:
    """Raises Forbidden unless the caller is staff of the venue."""
    judge(by, Act.DESK, venue_id)


def venues_run_by(by: Caller, act: Act = Act.DESK) -> QuerySet[Venue]:
    """The venues at which the caller's role allows the act: all for administrators.

    `may` answers this for one venue. A test binds the two.
    """
    if by.kind in ("administrator", "system"):
        return Venue.objects.all()
    if by.kind != "staff":
        return Venue.objects.none()
    is_for_managers = LEAST_ROLE[act] == VenueRole.Level.MANAGER
    return Venue.objects.filter(pk__in=by.managed_ids if is_for_managers else by.venue_ids or ())


def partners_keyed_by(by: Caller) -> QuerySet[Partner]:
    """The partners whose keys the caller may issue and revoke: all for administrators.

    A key is valid at every venue of its partner, so a manager must manage all of these.
    """
    if is_administrator(by):
        return Partner.objects.all()
    own = venues_run_by(by, Act.KEYS)
    partners = Partner.objects.filter(has_all_venues=False, venues__in=own)
    return partners.exclude(venues__in=Venue.objects.exclude(pk__in=own)).distinct()


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


LONGEST_REASON = 200
"""Characters."""


def judge_reason(venue_id: int, reason: str, by: Caller) -> str:
    """Returns the stripped reason that staff of the venue give for putting something right.

    Raises Forbidden for anybody else, or Invalid when it is empty or longer than LONGEST_REASON.
    """
    judge_staff(venue_id, by)
    told = reason.strip()
    if not 1 <= len(told) <= LONGEST_REASON:
        raise Invalid(
            "reason",
            gettext("Give a reason of at most %(most)s characters.") % {"most": LONGEST_REASON},
        )
    return told


def may_walk_in(venue_id: int, booking: Booking, by: Caller) -> bool:
    """True when staff enter the booking as a walk-in. Raises Forbidden for anybody else.

    False for other bookings.
    """
    if not booking.is_walk_in:
        return False
    if not is_staff(by, venue_id):
        raise Forbidden(gettext("Only staff of this venue can enter walk-ins."))
    return True
