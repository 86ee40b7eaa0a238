"""Records holds that have lapsed and guests who did not come, and frees their time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from guests.callers import system
from reservations import clock, events
from reservations.allocation.ledger import Span, lock_reservations, truncate
from reservations.event_types import EXPIRED, MISSED
from reservations.models import Allocation, Event, Reservation

# SKIP LOCKED: a verb that confirms the hold, or another worker, holds the lock and decides.
_EXPIRE = """
WITH due AS MATERIALIZED (
    SELECT id FROM reservations_reservation
    WHERE confirmed_at IS NULL AND expired_at IS NULL AND cancelled_at IS NULL
    AND hold_expires_at <= %(now)s AND (%(venue)s::bigint IS NULL OR venue_id = %(venue)s)
    ORDER BY hold_expires_at LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
), expired AS (
    UPDATE reservations_reservation AS row
    SET expired_at = row.hold_expires_at, held_from = NULL, version = row.version + 1
    FROM due WHERE row.id = due.id
    RETURNING row.id, row.venue_id, row.expired_at, row.round
), freed AS (
    UPDATE reservations_allocation AS taken SET is_live = false
    FROM expired WHERE taken.reservation_id = expired.id AND taken.is_live
)
INSERT INTO reservations_event
    (venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited, round)
SELECT venue_id, id, %(name)s, expired_at, %(now)s, %(by)s, %(by_kind)s, '{}', false, round
FROM expired
RETURNING id
"""


def expire_batch(venue_id: int | None, *, most: int) -> int:
    """Expires at most `most` lapsed holds, earliest first, of one venue or (None) of all.

    Opens its own durable transaction. Skips rows that others have locked. Returns how many it
    expired.
    """
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            return _in_one(venue_id, most)
        return _row_by_row(venue_id, most)


def _in_one(venue_id: int | None, most: int) -> int:
    by = TIME
    values: dict[str, Any] = {"now": clock.now(), "by": by.name, "by_kind": by.kind}
    values["name"] = EXPIRED.name
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {**values, "venue": venue_id, "most": most})
        told = [pk for (pk,) in cursor.fetchall()]
    events.tell(told)
    return len(told)


def _row_by_row(venue_id: int | None, most: int) -> int:
    now = clock.now()
    rows = Reservation.objects.lapsed(at=now).order_by("hold_expires_at")
    if venue_id is not None:
        rows = rows.filter(venue_id=venue_id)
    batch = list(rows.select_for_update(skip_locked=True, no_key=True)[:most])
    release(batch, now=now)
    return len(batch)


TIME = system("time")
"""The caller of the events of lapsed holds and no-shows: nobody acted, time passed."""


def release_lapsed(units: Collection[int], span: Span) -> None:
    """Frees the lapsed time on these units within the span. Assumes that the units are locked."""
    ids = lapsed_ids(units, span)
    if ids:
        release(lock_reservations(ids), now=span.now)


def lapsed_ids(units: Collection[int], span: Span) -> set[int]:
    """The ids of reservations whose time here has lapsed at `span.now`. Takes no locks."""
    lapsed = span.rows.filter(resource_id__in=units, reservation__isnull=False)
    lapsed = lapsed.lapsed(at=span.now)
    return set(lapsed.values_list("reservation_id", flat=True))


def release(reservations: Sequence[Reservation], *, now: datetime) -> int:
    """Records which of these locked reservations have lapsed. Returns how many.

    A hold past its time gets `expired_at` and loses its time. A guest past the grace gets
    `missed_at`; their remaining time is freed where the policy releases no-shows. Facts and events
    carry the instant at which the lapse happened, not `now`.
    """
    changed = [row for row in reservations if _lapse(row, now)]
    _expire([row.pk for row in changed if row.expired_at])
    _miss([row.pk for row in changed if not row.expired_at], now)
    events.record_many(_lapse_event(row, now=now) for row in changed)
    return len(changed)


def _lapse(reservation: Reservation, now: datetime) -> bool:
    if reservation.cancelled_at or reservation.checked_in_at or reservation.checked_out_at:
        return False
    if not reservation.confirmed_at:
        lapses_at = reservation.hold_expires_at
        if reservation.expired_at or lapses_at is None or now < lapses_at:
            return False
        reservation.expired_at = lapses_at
        reservation.held_from = None
    else:
        no_show_at = reservation.no_show_at
        if reservation.missed_at or no_show_at is None or now < no_show_at:
            return False
        reservation.missed_at = no_show_at
    reservation.version += 1
    return True


def _expire(ids: Sequence[int]) -> None:
    if ids:
        rows = Reservation.objects.filter(pk__in=ids)
        rows.update(expired_at=F("hold_expires_at"), held_from=None, version=F("version") + 1)
        Allocation.objects.filter(reservation__in=ids, is_live=True).update(is_live=False)


def _miss(ids: Sequence[int], now: datetime) -> None:
    if ids:
        rows = Reservation.objects.filter(pk__in=ids)
        rows.update(missed_at=F("no_show_at"), version=F("version") + 1)
        lapsed = Allocation.objects.filter(reservation__in=ids).lapsed(at=now)
        truncate(lapsed, at=F("lapses_at"))
        # The part before the no-show was theirs. Without `lapses_at` it counts as taken, buffers
        # too.
        lapsed.update(lapses_at=None)


def _lapse_event(reservation: Reservation, *, now: datetime) -> Event:
    # TIME, not the caller whose request happened to notice the lapse.
    if reservation.expired_at:
        return events.draft(reservation, EXPIRED({}), at=reservation.expired_at, by=TIME)
    missed_at = reservation.missed_at or now
    return events.draft(reservation, MISSED({}), at=missed_at, by=TIME)
