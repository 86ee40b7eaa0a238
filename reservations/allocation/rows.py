"""Rows."""

from datetime import datetime

from reservations.allocation.ask import Placement
from reservations.models import Allocation, Reservation


def allocations(row: Reservation, placement: Placement) -> list[Allocation]:
    """The time a reservation takes on its units, buffers included."""
    policy = row.venue.policy
    return [
        Allocation(
            venue_id=row.venue_id,
            resource=unit,
            reservation=row,
            starts_at=row.starts_at - policy.buffer_before,
            ends_at=row.ends_at + policy.buffer_after,
            is_locked=placement.is_locked,
            lapses_at=lapses_at(row),
        )
        for unit in placement.units
    ]


def lapses_at(row: Reservation) -> datetime | None:
    """The instant from which the reservation's time is free to others unless a verb prevents it."""
    if not row.confirmed_at:
        return row.hold_expires_at
    is_awaited = row.is_no_show_released and not row.checked_in_at
    return row.no_show_at if is_awaited else None
