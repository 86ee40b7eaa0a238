"""What of a venue cannot change while guests were promised something."""

from datetime import datetime
from typing import Any

from venues.models import Venue


def has_promises(allocations: Any, now: datetime) -> bool:
    """Whether reservations take time, among these allocations, that has not passed."""
    taking = allocations.taking_time(at=now).filter(ends_at__gt=now)
    return bool(taking.filter(reservation__isnull=False).exists())


def zone_is_fixed(venue: Venue, now: datetime) -> bool:
    """Whether what is promised at a local time would happen at another one."""
    return has_promises(venue.allocations, now)


def currency_is_fixed(venue: Venue, now: datetime) -> bool:
    """Whether amounts stand somewhere that were meant in the currency there is."""
    return venue.rates.exists() or has_promises(venue.allocations, now)
