"""Reservations of given facts, instants around a boundary, and rows as the database has them."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from guests import callers
from guests.callers import Caller
from reservations.models import Allocation, Event, Reservation
from reservations.records import look
from reservations.status import Status
from tests.factories import DESK, NOON
from tests.guests.factories import UserFactory
from venues.models import Venue

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def around(boundary: datetime) -> tuple[datetime, datetime, datetime]:
    """A second before, the boundary itself, a second after."""
    return boundary - SECOND, boundary, boundary + SECOND


def facts(venue: Venue, **given: Any) -> Reservation:
    """An unsaved reservation from NOON for two hours, held for half an hour, of these facts."""
    values: dict[str, Any] = {
        "venue": venue,
        "category": venue.categories.all()[0],
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+31201234567",
        "guest_count": 1,
        "starts_at": NOON,
        "ends_at": NOON + 2 * HOUR,
        "is_arrival_assumed": False,
        "is_departure_assumed": False,
        "is_no_show_released": False,
        "currency": "EUR",
        "created_at": NOON - DAY,
        "hold_expires_at": NOON - DAY + 30 * MINUTE,
    }
    return Reservation(**{**values, **given})


def guest() -> Caller:
    """Somebody who may change their own reservations, at the pace of the venue."""
    return callers.for_user(UserFactory.create())


def status(reservation: Reservation, at: datetime) -> Status:
    """What the database's row means at that instant."""
    return look(reservation.pk, by=DESK).status_at(at)


def rows(reservation: Reservation) -> list[Allocation]:
    """The live rows of a reservation, in order of time."""
    return list(reservation.allocations.filter(is_live=True).order_by("starts_at", "pk"))


def taken(reservation: Reservation) -> tuple[datetime, datetime] | None:
    """The one live range it takes, or None where it takes none."""
    found = rows(reservation)
    assert len(found) <= 1
    return (found[0].starts_at, found[0].ends_at) if found else None


def unit(reservation: Reservation) -> str:
    """The name of the one unit it takes."""
    (row,) = rows(reservation)
    return row.resource.name


def told(reservation: Reservation) -> list[str]:
    """The names of what happened to it, in order, without their common prefix."""
    names = Event.objects.filter(reservation=reservation).values_list("name", flat=True)
    return [name.removeprefix("reservation.") for name in names]


def overlaps() -> Iterator[tuple[Allocation, Allocation]]:
    """Every two live rows that share a unit and an instant; there must never be any."""
    live = list(Allocation.objects.filter(is_live=True).order_by("resource_id", "starts_at"))
    for first, second in itertools.pairwise(live):
        if first.resource_id == second.resource_id and first.ends_at > second.starts_at:
            yield first, second
