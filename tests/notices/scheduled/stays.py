"""Stays in lots, in one line."""

from datetime import datetime, timedelta
from typing import Any

from guests.models import User
from reservations.models import Reservation
from venues.models import Venue


def parked(
    user: User | None, venue: Venue, start: datetime, hours: float = 2, **fields: Any
) -> Reservation:
    """A confirmed stay as the engine would have written it, at any time, past or not."""
    values: dict[str, Any] = {
        "venue": venue,
        "category": venue.categories.get(),
        "guest": user,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+31612345678",
        "email": user.email if user else "ada@example.com",
        "guest_count": 1,
        "starts_at": start,
        "ends_at": start + timedelta(hours=hours),
        "created_at": start - timedelta(days=30),
        "confirmed_at": start - timedelta(days=30),
        "is_arrival_assumed": True,
        "is_departure_assumed": True,
        "is_no_show_released": True,
        "price_minor": 500,
        "currency": venue.currency,
    }
    return Reservation.objects.create(**{**values, **fields})
