"""Says which facts of a venue cannot change while reservations depend on them."""

from datetime import datetime
from typing import Any

from reservations.allocation import ledger
from venues.models import Venue


def has_promises(allocations: Any, now: datetime) -> bool:
    """True when reservations among these allocations take time that is not over at `now`, or a
    guest is still there past the end.
    """
    taking = allocations.taking_time(at=now).filter(ends_at__gt=now)
    if taking.filter(reservation__isnull=False).exists():
        return True
    return bool(allocations.overstayed(at=now).exists())


def stays_to_come(venue: Venue, now: datetime) -> int:
    """How many reservations of the venue begin after `now` and take time."""
    taking = venue.allocations.taking_time(at=now).filter(starts_at__gt=now)
    return int(taking.filter(reservation__isnull=False).values("reservation").distinct().count())


def zone_is_fixed(venue: Venue, now: datetime) -> bool:
    """True when the time zone cannot change, since reservations would move to other local times.

    Assumes a transaction, and locks the venue's units: a booking under way is counted, or begins
    again on the changed venue.
    """
    _lock_units(venue)
    return has_promises(venue.allocations, now)


def currency_is_fixed(venue: Venue, now: datetime) -> bool:
    """True when the currency cannot change, since rates or reservations hold amounts in it.

    Assumes a transaction, and locks the venue's units as `zone_is_fixed` does.
    """
    _lock_units(venue)
    return venue.rates.exists() or has_promises(venue.allocations, now)


def _lock_units(venue: Venue) -> None:
    ledger.lock_units(venue.resources.values_list("pk", flat=True))
