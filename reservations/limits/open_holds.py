"""Limits open holds of a guest, a partner or an address, and unpaid reservations of a guest."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Value

from guests.callers import Caller
from reservations import clock, idempotency, records
from reservations.idempotency import Once
from reservations.limits import unpaid
from reservations.limits.limit import Limit
from reservations.models import Reservation, StoredAnswer
from reservations.pricing import payment_terms
from reservations.querysets import ReservationQuerySet
from reservations.requests import Booking
from reservations.rules import permissions
from reservations.transactions import Restart
from venues import catalogue
from venues.models import Policy, Venue

T = TypeVar("T")

# PostgreSQL takes the locks in the order of the array. It is sorted, so that nobody deadlocks.
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"


@contextmanager
def counted(
    booking: Booking,
    *,
    by: Caller,
    judge: Callable[[Venue], T],
    once: Once | None = None,
    venue: Venue | None = None,
    made: int = 1,
) -> Iterator[tuple[T, StoredAnswer | None]]:
    """Counts the reservations made inside the block against the limits, under advisory locks.

    Yields what `judge` returns for the venue, read again unless given, and the claim of the key
    (None without one). Assumes a transaction, and takes its first locks: those of the limits, then
    the key. `made` is how many reservations the block makes. Raises what `idempotency.claim`
    raises, NotFound, Restart when the venue's policy changed, what `judge` raises, TooManyHolds
    and TooManyReservations.
    """
    seen = venue or catalogue.last_seen(booking.venue)
    found = limits(seen, booking, by=by)
    _lock(found)
    claimed = idempotency.claim(once)
    if venue is None:
        venue = records.find_venue(booking.venue)
        if limits(venue, booking, by=by) != found:
            raise Restart
    # Before the count: a booking that the venue refuses is refused for that.
    judged = judge(venue)
    # A hold that may replace an earlier one is judged afterwards, by the holds that are left.
    may_replace = venue.policy.per_day == Policy.PerDay.REPLACE
    left = found if may_replace else _judge(found, more=made)
    yield judged, claimed
    if not transaction.get_rollback():
        _judge(left, made=made)


def limits(venue: Venue | None, booking: Booking, *, by: Caller) -> list[Limit]:
    """Returns the limits that count for this booking; [] when staff make it."""
    if venue is None or not by.limits_apply_at(venue.pk):
        return []
    owner = permissions.owner_of(booking, venue, by)
    every = unpaid.limits(venue, booking, owner=owner, by=by)
    if not venue.policy.confirms_at_once or payment_terms.may_ask(venue):
        every += [
            Limit("key", "partner", by.partner or "", settings.HOLDS_PER_KEY),
            Limit("guest", "guest_id", owner or "", settings.HOLDS_PER_GUEST),
            Limit("address", "held_from", by.origin, settings.HOLDS_PER_ADDRESS),
        ]
    return [limit for limit in every if limit.value and limit.most]


def forget_addresses(now: datetime) -> int:
    """Deletes the addresses of unpaid reservations that are over. Returns how many."""
    rows = Reservation.objects.filter(held_from__isnull=False, confirmed_at__isnull=False)
    return rows.filter(ends_at__lte=now).update(held_from=None)


def _lock(found: Sequence[Limit]) -> None:
    # SQLite has one writer at a time anyway.
    if found and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [sorted({limit.key for limit in found})])


def _judge(locked: Sequence[Limit], *, more: int = 0, made: int = 0) -> list[Limit]:
    """Raises the refusal of the first limit that is exceeded by `more` reservations.

    Returns the limits that only the price of the new reservation can decide: unpaid ones that are
    as good as reached. They are judged again with `made` reservations written.
    """
    if not locked:
        return []
    open_ones: list[Limit] = []
    # Counted by a later statement than the lock, which would not see what was committed meanwhile.
    told = _counted(locked, now=clock.now())
    for limit, instants in zip(locked, told, strict=True):
        over = len(instants) + more - limit.most
        if over <= 0:
            continue
        if limit.is_of_unpaid and more:
            open_ones.append(limit)
            continue
        raise limit.refusal(instants, over=over, made=made)
    return open_ones


def _counted(locked: Sequence[Limit], *, now: datetime) -> list[list[datetime]]:
    """For each limit, when the reservations it counts lapse or end, earliest first.

    `locked` must not be empty.
    """
    parts: list[Any] = [
        _rows(limit, now)
        .filter(**{limit.column: limit.value})
        .order_by()
        .annotate(limit=Value(number))
        .values_list("limit", "ends_at" if limit.is_of_unpaid else "hold_expires_at")
        for number, limit in enumerate(locked)
    ]
    found: list[list[datetime]] = [[] for _ in locked]
    first, *others = parts
    # One statement for all limits.
    for number, instant in first.union(*others, all=True) if others else first:
        found[number].append(instant)
    return [sorted(instants) for instants in found]


def _rows(limit: Limit, now: datetime) -> ReservationQuerySet:
    if not limit.is_of_unpaid:
        return Reservation.objects.held(at=now)
    rows = Reservation.objects.unpaid(at=now)
    # An account's reservations count for the account alone, and a partner's for nobody.
    return rows if limit.column == "guest_id" else rows.filter(guest__isnull=True, partner="")
