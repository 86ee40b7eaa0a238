"""The calendar file that a guest downloads: the entry that letters move and remove."""

from datetime import datetime

from notices.letters import calendar_entry
from reservations.models import Reservation


def of_reservation(row: Reservation, *, page: str, now: datetime) -> bytes:
    """Returns the file. What was published is taken out by a file that cancels it."""
    state = calendar_entry.STATES[row.status_at(now)]
    method = "CANCEL" if state == "CANCELLED" else "PUBLISH"
    return calendar_entry.file_of(row, method=method, page=page, now=now)
