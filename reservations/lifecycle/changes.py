"""What every modification has in common: when it is allowed, the range it is for, how it is saved.

Time is changed by `modify_upcoming` before the guest comes, by `modify_in_house` afterwards.
"""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events
from reservations.allocation.ledger import has_its_time, live
from reservations.errors import ChangedMeanwhile, HoldExpired, WrongStatus
from reservations.event_types import MODIFIED, ModifiedData
from reservations.models import Reservation
from reservations.records import save
from reservations.requests import Change
from reservations.rules import contact_details, modes
from reservations.status import Status
from venues.hours import Window
from venues.models import Venue


def takes_time(wish: Change) -> bool:
    """Whether the wish is for another range, unit, category or party."""
    wished = (wish.times, wish.category, wish.resource, wish.guest_count)
    return any(value is not None for value in wished)


def judge_version(reservation: Reservation, wish: Change) -> None:
    """Raise ChangedMeanwhile for a wish that was made of an older version."""
    if wish.version is not None and reservation.version != wish.version:
        raise ChangedMeanwhile


def has_moved(reservation: Reservation, looked: Reservation, units: frozenset[int]) -> bool:
    """Whether a locked reservation is not what it was when the wish was worked out."""
    # A re-seat leaves the version alone.
    return reservation.version != looked.version or units_of(reservation) != units


def may(reservation: Reservation, now: datetime) -> bool:
    """Whether the status at `now` lets the reservation be modified. Makes no query."""
    return reservation.status_at(now) in (Status.HELD, Status.UPCOMING, Status.PRESENT)


def judge(reservation: Reservation, wish: Change) -> Status:
    """The status of a locked reservation that may be changed now.

    Raises ChangedMeanwhile, HoldExpired or WrongStatus.
    """
    judge_version(reservation, wish)
    now = clock.now()
    status = reservation.status_at(now)
    if status is Status.EXPIRED or (status is Status.HELD and not has_its_time(reservation)):
        raise HoldExpired
    if not may(reservation, now):
        raise WrongStatus(
            gettext("A reservation that is %(status)s cannot be changed.") % {"status": status.word}
        )
    return status


def wished_window(reservation: Reservation, wish: Change, venue: Venue) -> Window:
    """The range asked for; what is left out of it is taken from the reservation as it is."""
    if wish.times is None:
        return range_of(reservation)
    return modes.resolve(venue, modes.completed(venue, wish.times, range_of(reservation)))


def range_of(reservation: Reservation) -> Window:
    """The range that was sold."""
    return Window(reservation.starts_at, reservation.ends_at)


def units_of(reservation: Reservation) -> frozenset[int]:
    """The units it takes time on now."""
    return frozenset(live(reservation).values_list("resource_id", flat=True))


def promised(reservation: Reservation) -> int | None:
    """The one unit it keeps unless another is asked for; a combination is chosen anew."""
    units = live(reservation).filter(is_locked=True).values_list("resource_id", flat=True)
    return units[0] if len(units) == 1 else None


def write(
    reservation: Reservation, wish: Change, *fields: str, by: Caller, before: Window | None = None
) -> Reservation:
    """Save the changed fields and details of a locked reservation, and say what changed."""
    details = contact_details.read_details(wish.details or {}, reservation.venue.phone_region)
    for name, value in details.items():
        setattr(reservation, name, value)
    save(reservation, *fields, *details)
    facts: ModifiedData = {"changed": sorted({*fields, *details})}
    if before is not None:
        facts["before"] = [before.start.isoformat(), before.end.isoformat()]
    if wish.override_reason:
        facts["override_reason"] = wish.override_reason
    events.record(reservation, MODIFIED(facts), at=clock.now(), by=by)
    return reservation
