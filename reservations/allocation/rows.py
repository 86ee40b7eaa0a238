"""Drafts the allocations of a reservation."""

from datetime import datetime

from reservations.allocation.ask import Placement
from reservations.models import Allocation, Reservation


def allocations(row: Reservation, placement: Placement) -> list[Allocation]:
    """The unsaved allocations of a reservation, one for each unit, buffers included, in UTC."""
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
    """The instant (UTC) at which others may take the reservation's time; None when it keeps it.

    A hold lapses at `hold_expires_at`, and a guest who is awaited at `no_show_at` where the policy
    releases no-shows.
    """
    if not row.confirmed_at:
        return row.hold_expires_at
    is_awaited = row.is_no_show_released and not row.checked_in_at
    return row.no_show_at if is_awaited else None
