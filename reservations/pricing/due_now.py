"""What the policy asks before a guest or partner confirms, as it was copied at booking.

Amounts are in minor units. A change of the policy changes nothing that was sold.
"""

from datetime import datetime
from typing import Protocol

from reservations.models import Reservation
from reservations.pricing import owed
from reservations.status import Status, status_of

_OVER = (Status.CANCELLED, Status.EXPIRED, Status.LEFT)


class DueNowColumns(owed.Priced, Protocol):
    """The columns of a reservation from which this is worked out."""

    due_now_minor: int
    asks_guarantee: bool
    guaranteed_at: datetime | None


def minor(row: DueNowColumns, now: datetime) -> int:
    """What must be paid now, less what is paid: never negative, and never more than is due.

    0 where nothing is asked, and once the reservation is cancelled, expired or left.
    """
    if not row.due_now_minor or status_of(row, now) in _OVER:
        return 0
    return max(0, min(row.due_now_minor - row.paid_minor, owed.due(row, now)))


def needs_guarantee(row: DueNowColumns) -> bool:
    """True where the policy asks for a stored card and none is stored."""
    return row.asks_guarantee and row.guaranteed_at is None


def set_aside(row: Reservation) -> list[str]:
    """Asks for nothing any more, for staff who confirm without it. Does not save.

    Returns the names of the fields to save.
    """
    row.due_now_minor, row.asks_guarantee = 0, False
    return ["due_now_minor", "asks_guarantee"]
