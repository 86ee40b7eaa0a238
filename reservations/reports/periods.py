"""What the figures of a period of local dates have in common. Reads only."""

from datetime import date

from reservations.models import Allocation
from reservations.reports.occupancy import judge
from reservations.rules import modes
from reservations.status import Status
from venues.hours import Window
from venues.models import Venue

COUNTED = (Status.UPCOMING, Status.PRESENT, Status.LEFT)
"""The statuses of a stay or visit that counts. Holds, cancelled ones and no-shows do not."""


def window_of(venue: Venue, first: date, last: date) -> Window:
    """The range (UTC) of the local dates `first` to `last`, inclusive.

    Raises Invalid when the period is too long or ends before it starts.
    """
    window = modes.days(first, last, venue.zone)
    judge(window)
    return window


def closures_of(venue: Venue, window: Window) -> dict[int, list[Window]]:
    """By unit id, the ranges (UTC) of closures that overlap a range."""
    rows = Allocation.objects.overlapping(window.start, window.end, venues=[venue.pk])
    rows = rows.filter(is_live=True, closure_id__isnull=False)
    found: dict[int, list[Window]] = {}
    for unit, start, end in rows.values_list("resource_id", "starts_at", "ends_at"):
        found.setdefault(unit, []).append(Window(start, end))
    return found
