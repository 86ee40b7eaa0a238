"""How many holds one guest, partner or address may have open at once."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Value

from guests.callers import Caller
from reservations import clock, idempotency, records
from reservations.errors import TooManyHolds
from reservations.idempotency import Once
from reservations.models import Reservation, StoredAnswer
from reservations.requests import Booking
from reservations.rules import permissions
from reservations.transactions import Restart
from venues import catalogue
from venues.models import Policy, Venue

# The locks are had in the order of the array, sorted, so that nobody waits in a circle.
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many open holds of whom `column` names by `value`."""

    per: str
    column: str
    value: int | str
    most: int

    @property
    def key(self) -> int:
        """The number of its lock."""
        digest = hashlib.blake2b(f"holds:{self.per}:{self.value}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)


@contextmanager
def counted(
    booking: Booking,
    *,
    by: Caller,
    once: Once | None = None,
    venue: Venue | None = None,
    made: int = 1,
) -> Iterator[tuple[Venue, StoredAnswer | None]]:
    """Make `made` reservations like this booking inside, under the lock of whoever they count for.

    Yields the venue, read anew unless it is given, and the claim of the key. Begins a
    transaction's locks in their order: open holds, then the key. Raises TooManyHolds, what
    `idempotency.claim` raises, and Restart where the venue's policy changed meanwhile.
    """
    seen = venue or catalogue.last_seen(booking.venue)
    found = limits(seen, booking, by=by)
    _lock(found)
    claimed = idempotency.claim(once)
    if venue is None:
        venue = records.find_venue(booking.venue)
        if limits(venue, booking, by=by) != found:
            raise Restart
    # One that replaces an earlier hold is counted by what it came to.
    may_replace = venue.policy.per_day == Policy.PerDay.REPLACE
    if not may_replace:
        _judge(found, more=made)
    yield venue, claimed
    if may_replace:
        _judge(found, made=made)


def limits(venue: Venue | None, booking: Booking, *, by: Caller) -> list[Limit]:
    """The limits on a booking at this venue; [] where it makes no hold, or staff make it."""
    if venue is None or venue.policy.confirms_at_once or not by.limits_apply:
        return []
    owner = permissions.owner_of(booking, venue, by)
    every = (
        Limit("key", "partner", by.partner or "", settings.HOLDS_PER_KEY),
        Limit("guest", "guest_id", owner or "", settings.HOLDS_PER_GUEST),
        Limit("address", "held_from", by.origin, settings.HOLDS_PER_ADDRESS),
    )
    return [limit for limit in every if limit.value and limit.most]


def _lock(found: Sequence[Limit]) -> None:
    # SQLite has one writer at a time as it is.
    if found and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [sorted(limit.key for limit in found)])


def _judge(locked: Sequence[Limit], *, more: int = 0, made: int = 0) -> None:
    if not locked:
        return
    # A statement of its own, after the lock: that one's would see what was before its wait.
    told = _lapses(locked, now=clock.now())
    for limit, lapses in zip(locked, told, strict=True):
        over = len(lapses) + more - limit.most
        if over > 0:
            raise TooManyHolds(
                per=limit.per,
                open_now=len(lapses) - made,
                limit=limit.most,
                frees_at=lapses[over - 1] if over <= len(lapses) else None,
            )


def _lapses(locked: Sequence[Limit], *, now: datetime) -> list[list[datetime]]:
    """When the open holds of each lapse, the next one first; `locked` is not empty."""
    rows = Reservation.objects.held(at=now).order_by()
    # All of them have an instant, being held.
    parts: list[Any] = [
        rows.filter(**{limit.column: limit.value})
        .annotate(limit=Value(number))
        .values_list("limit", "hold_expires_at")
        for number, limit in enumerate(locked)
    ]
    found: list[list[datetime]] = [[] for _ in locked]
    first, *others = parts
    # One statement for all of them.
    for number, lapse in first.union(*others, all=True) if others else first:
        found[number].append(lapse)
    return [sorted(lapses) for lapses in found]
