"""Reads the ranges that are taken at venues."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import partial, reduce
from operator import or_
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Value, When

from reservations.models import Allocation, Reservation
from venues import statements
from venues.hours import Window


class BusyRange(NamedTuple):
    """One range that is taken on a unit. Venue, unit and reservation are ids; instants are UTC.

    `reservation` is None for a closure. From `lapses_at` on (None: never) the range is free.
    """

    venue: int
    unit: int
    start: datetime
    end: datetime
    reservation: int | None
    is_held: bool
    lapses_at: datetime | None
    is_overstay: bool = False
    """True for a guest past their end, who takes no time but is still there at its end."""

    @property
    def is_closure(self) -> bool:
        """True for a closure, False for a reservation."""
        return self.reservation is None


# BusyRange._make without its check of each row's length, since there are thousands of rows.
_told = partial(tuple.__new__, BusyRange)

Windows = Mapping[int, Window]
"""Ids of venues, each with the range (UTC) to read there."""

# A lapsed hold takes no time. A guest who did not come had the unit until the no-show, whether or
# not a sweep has recorded it.
_TOOK = """
SELECT row.venue_id, row.resource_id, row.starts_at,
    CASE WHEN row.lapses_at <= %(now)s THEN least(row.ends_at, row.lapses_at) ELSE row.ends_at END,
    row.reservation_id, row.is_held, row.lapses_at, false
FROM (
    SELECT took.*, CASE WHEN took.lapses_at IS NULL THEN false ELSE EXISTS (
        SELECT FROM reservations_reservation AS reservation
        WHERE reservation.id = took.reservation_id AND reservation.confirmed_at IS NULL
    ) END AS is_held
    FROM reservations_allocation AS took
    WHERE took.venue_id = {venue} AND took.is_live
    AND tstzrange(took.starts_at, took.ends_at) && tstzrange({start}, {end})
) AS row
WHERE NOT (row.is_held AND row.lapses_at <= %(now)s)
AND (row.reservation_id IS NULL OR row.reservation_id <> ALL(%(without)s::bigint[]))
"""

_OF_ONE = _TOOK.format(venue="%(venue)s::bigint", start="%(start)s", end="%(end)s") + "ORDER BY 3"

# This one is planned each time, since the best plan depends on the number of venues.
_OF_MANY = f"""
SELECT found.*
FROM unnest(%(venues)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS look(venue_id, starts_at, ends_at)
CROSS JOIN LATERAL (
    {_TOOK.format(venue="look.venue_id", start="look.starts_at", end="look.ends_at")}
) AS found
ORDER BY 3
"""  # noqa: S608 - our own words

# Reads a reservation only for a row that may lapse. Most rows cannot.
_IS_HELD = Case(
    When(lapses_at__isnull=True, then=Value(False)),
    default=Exists(
        Reservation.objects.filter(pk=OuterRef("reservation"), confirmed_at__isnull=True)
    ),
)


def read(
    windows: Windows, *, now: datetime, without: Collection[int]
) -> dict[int, list[BusyRange]]:
    """The ranges taken at each venue as of `now`, by venue id, earliest first; [] where none are.

    Reservations whose ids are in `without` count as free. Runs one query, or none for no venues.
    """
    if not windows:
        return {}
    is_one = connection.vendor == "postgresql"
    rows = (in_one if is_one else through_orm)(windows, now, without)
    if len(windows) == 1:
        return {venue: list(rows) for venue in windows}
    found: dict[int, list[BusyRange]] = {venue: [] for venue in windows}
    for row in rows:
        found[row.venue].append(row)
    return found


def in_one(windows: Windows, now: datetime, without: Collection[int]) -> Iterator[BusyRange]:
    """Reads the ranges by one statement of PostgreSQL, earliest first.

    `windows` must not be empty.
    """
    values: dict[str, Any] = {"now": now, "without": list(without)}
    if len(windows) == 1:
        ((venue, window),) = windows.items()
        values |= {"venue": venue, "start": window.start, "end": window.end}
        return map(_told, statements.rows(_OF_ONE, values))
    values |= {
        "venues": list(windows),
        "starts": [window.start for window in windows.values()],
        "ends": [window.end for window in windows.values()],
    }
    return map(_told, statements.rows(_OF_MANY, values))


def through_orm(windows: Windows, now: datetime, without: Collection[int]) -> Iterator[BusyRange]:
    """Reads the ranges on any database, earliest first. `windows` must not be empty."""
    venues: dict[Window, list[int]] = {}
    for venue, window in windows.items():
        venues.setdefault(window, []).append(venue)
    near = (
        Allocation.objects.overlapping(window.start, window.end, venues=ids)
        for window, ids in venues.items()
    )
    rows = reduce(or_, near).filter(is_live=True).annotate(is_held=_IS_HELD).order_by("starts_at")
    for venue, unit, start, end, reservation, is_held, lapses_at in rows.values_list(
        "venue_id", "resource_id", "starts_at", "ends_at", "reservation_id", "is_held", "lapses_at"
    ):
        if reservation in without:
            continue
        last = end
        if lapses_at is not None and lapses_at <= now:
            if is_held:
                continue
            last = min(end, lapses_at)
        yield BusyRange(venue, unit, start, last, reservation, is_held, lapses_at)
