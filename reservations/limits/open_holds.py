"""Limits how many holds a guest, a partner or an address may have open."""

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

# PostgreSQL takes the locks in the order of the array. It is sorted, so that nobody deadlocks.
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` open holds whose `column` has this `value`. `per` names the limit."""

    per: str
    column: str
    value: int | str
    most: int

    @property
    def key(self) -> int:
        """The number of the advisory lock, a signed 64-bit integer."""
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
    """Counts the holds made inside the block against the limits, under their advisory locks.

    Yields the venue, read again unless given, and the claim of the key (None without one). Assumes
    a transaction, and takes its first locks: open holds, then the key. `made` is how many
    reservations the block makes. Raises TooManyHolds, Restart when the venue's policy changed,
    NotFound, and what `idempotency.claim` raises.
    """
    seen = venue or catalogue.last_seen(booking.venue)
    found = limits(seen, booking, by=by)
    _lock(found)
    claimed = idempotency.claim(once)
    if venue is None:
        venue = records.find_venue(booking.venue)
        if limits(venue, booking, by=by) != found:
            raise Restart
    # A hold that may replace an earlier one is judged afterwards, by the holds that are left.
    may_replace = venue.policy.per_day == Policy.PerDay.REPLACE
    if not may_replace:
        _judge(found, more=made)
    yield venue, claimed
    if may_replace:
        _judge(found, made=made)


def limits(venue: Venue | None, booking: Booking, *, by: Caller) -> list[Limit]:
    """The limits that count for this booking; [] when it makes no hold or staff make it."""
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
    # SQLite has one writer at a time anyway.
    if found and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [sorted(limit.key for limit in found)])


def _judge(locked: Sequence[Limit], *, more: int = 0, made: int = 0) -> None:
    if not locked:
        return
    # Counted by a later statement than the lock, which would not see what was committed meanwhile.
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
    """For each limit, when its open holds lapse, earliest first. `locked` must not be empty."""
    rows = Reservation.objects.held(at=now).order_by()
    # Every held reservation has this instant.
    parts: list[Any] = [
        rows.filter(**{limit.column: limit.value})
        .annotate(limit=Value(number))
        .values_list("limit", "hold_expires_at")
        for number, limit in enumerate(locked)
    ]
    found: list[list[datetime]] = [[] for _ in locked]
    first, *others = parts
    # One statement for all limits.
    for number, lapse in first.union(*others, all=True) if others else first:
        found[number].append(lapse)
    return [sorted(lapses) for lapses in found]
