"""Says which facts of a venue cannot change while reservations depend on them."""

from datetime import datetime
from typing import Any

from venues.models import Venue


def has_promises(allocations: Any, now: datetime) -> bool:
    """True when reservations among these allocations take time that is not over at `now`."""
    taking = allocations.taking_time(at=now).filter(ends_at__gt=now)
    return bool(taking.filter(reservation__isnull=False).exists())


def zone_is_fixed(venue: Venue, now: datetime) -> bool:
    """True when the time zone cannot change, since reservations would move to other local times."""
    return has_promises(venue.allocations, now)


def currency_is_fixed(venue: Venue, now: datetime) -> bool:
    """True when the currency cannot change, since rates or reservations hold amounts in it."""
    return venue.rates.exists() or has_promises(venue.allocations, now)
