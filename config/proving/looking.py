"""Looks at the database at any moment, without a lock, for half-made changes."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from reservations import clock
from reservations.models import Allocation, Reservation

Taken = tuple[int, datetime, datetime, int]
"""A unit, a start, an end, and the id of the row."""


def fault(venue_id: int) -> str:
    """Returns what is wrong in the database at this moment. "" if nothing is."""
    found = twice(live_rows(venue_id, since=clock.now()))
    if found:
        first, second = found[0]
        return f"unit {first[0]} is taken twice at {second[1]}: rows {first[3]} and {second[3]}"
    marks = Reservation.objects.filter(venue_id=venue_id).exclude(remarks__endswith="/1")
    halves = halves_of(Counter(marks.order_by().values_list("remarks", flat=True)))
    return f"of group {halves[0]} only a part is there" if halves else ""


def live_rows(venue_id: int, *, since: datetime) -> list[Taken]:
    """Returns every live range from the table, by unit and start."""
    live = Allocation.objects.filter(venue_id=venue_id, is_live=True, ends_at__gt=since)
    rows = live.order_by("resource_id", "starts_at", "pk")
    return list(rows.values_list("resource_id", "starts_at", "ends_at", "pk"))


def twice(rows: Iterable[Taken]) -> list[tuple[Taken, Taken]]:
    """Returns pairs of rows that overlap on one unit. [] without any. `rows` are sorted by unit and
    start.
    """
    found: list[tuple[Taken, Taken]] = []
    last: Taken | None = None
    for row in rows:
        if last is not None and last[0] == row[0] and row[1] < last[2]:
            found.append((last, row))
        # The row that ends last is compared longest.
        if last is None or last[0] != row[0] or row[2] > last[2]:
            last = row
    return found


def halves_of(marks: Counter[str]) -> list[str]:
    """Returns the marks of groups with too few or too many reservations. [] without any."""
    return [mark for mark, count in marks.items() if count != int(mark.rpartition("/")[2])]
