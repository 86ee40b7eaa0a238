"""The steps that all modifications share: whether one is allowed, its range, and saving it.

`modify_upcoming` changes time before the guest arrives, `modify_in_house` afterwards.
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
from reservations.rules import contact_details, differences, modes, permissions, plates, references
from reservations.rules.differences import Told
from reservations.status import Status
from venues.hours import Window
from venues.models import Venue


def takes_time(wish: Change) -> bool:
    """True when the change names another range, unit, category, party or price.

    Details alone take no time.
    """
    wished = (wish.times, wish.category, wish.resource, wish.guest_count, wish.reprice)
    return any(value is not None for value in wished)


def judge_version(reservation: Reservation, wish: Change) -> None:
    """Raises ChangedMeanwhile when the change names a version that is not the reservation's."""
    if wish.version is not None and reservation.version != wish.version:
        raise ChangedMeanwhile


def has_moved(reservation: Reservation, looked: Reservation, units: frozenset[int]) -> bool:
    """True when a locked reservation is not as it was when `looked` and `units` were read."""
    # A re-seat does not change the version.
    return reservation.version != looked.version or units_of(reservation) != units


def may(reservation: Reservation, now: datetime) -> bool:
    """True when the status at `now` lets the reservation be modified. Runs no query."""
    return reservation.status_at(now) in (Status.HELD, Status.UPCOMING, Status.PRESENT)


def judge(reservation: Reservation, wish: Change) -> Status:
    """Returns the present status of a locked reservation that may be modified.

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


def may_correct_details(reservation: Reservation, now: datetime) -> bool:
    """True when staff may change contact and remarks of what is over. Runs no query."""
    over = (Status.LEFT, Status.NO_SHOW, Status.CANCELLED)
    return reservation.status_at(now) in over


def judge_details(reservation: Reservation, wish: Change, by: Caller) -> None:
    """Judges a change of contact and other details alone; staff may change those of what is over.

    Raises ChangedMeanwhile, HoldExpired or WrongStatus.
    """
    is_over = may_correct_details(reservation, clock.now())
    if is_over and permissions.is_staff(by, reservation.venue_id):
        judge_version(reservation, wish)
        return
    judge(reservation, wish)


def wished_window(reservation: Reservation, wish: Change, venue: Venue) -> Window:
    """The range that the change asks for, in UTC. Missing ends come from the reservation.

    Raises Invalid, which names the field, or TooLong.
    """
    if wish.times is None:
        return range_of(reservation)
    return modes.resolve(venue, modes.completed(venue, wish.times, range_of(reservation)))


def range_of(reservation: Reservation) -> Window:
    """The range that was sold, in UTC, without buffers."""
    return Window(reservation.starts_at, reservation.ends_at)


def units_of(reservation: Reservation) -> frozenset[int]:
    """The ids of the units on which the reservation takes time now."""
    return frozenset(live(reservation).values_list("resource_id", flat=True))


def promised(reservation: Reservation) -> int | None:
    """The id of the unit promised to the guest. None when none is, or for a combination."""
    units = live(reservation).filter(is_locked=True).values_list("resource_id", flat=True)
    return units[0] if len(units) == 1 else None


def write(
    reservation: Reservation,
    wish: Change,
    *fields: str,
    by: Caller,
    before: Told,
    settled: ModifiedData | None = None,
) -> Reservation:
    """Saves these changed fields and the details of a locked reservation, and records `modified`.

    `before` is the reservation as `differences.of` told it under the lock. `settled` is what the
    event says of price and fee. Assumes a transaction. Raises guests.errors.ContactInvalid.
    """
    details = contact_details.read_details(wish.details or {}, reservation.venue.phone_region)
    for name, value in details.items():
        setattr(reservation, name, value)
    said = references.columns_of(wish)
    for name, value in said.items():
        setattr(reservation, name, value)
    keys = ("plate_key",) if "vehicle_plate" in details else ()
    reservation.plate_key = plates.key_of(reservation.vehicle_plate)
    save(reservation, *fields, *details, *keys, *said)
    facts: ModifiedData = settled or {"changed": {}}
    facts["changed"] = differences.since(before, reservation)
    if wish.override_reason:
        facts["override_reason"] = wish.override_reason
    events.record(reservation, MODIFIED(facts), at=clock.now(), by=by)
    return reservation
