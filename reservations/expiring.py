"""Lapsed holds, written down as expired: some at a time, each time in a transaction of its own.

On PostgreSQL some of them are one statement, which costs a fifteenth of reading each row and
writing it back; elsewhere the same is done by `allocation.release`. The statement chooses rows as
`ReservationQuerySet.lapsed` does, and writes what `release` writes.
"""

from typing import Any

from django.db import connection, transaction

from reservations import allocation, clock, events
from reservations.models import Reservation

# Locked rows are left to whoever is at them: a verb that confirms, or another worker.
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
    RETURNING row.id, row.venue_id, row.expired_at
), freed AS (
    UPDATE reservations_allocation AS taken SET is_live = false
    FROM expired WHERE taken.reservation_id = expired.id AND taken.is_live
)
INSERT INTO reservations_event
    (venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
SELECT venue_id, id, 'reservation.expired', expired_at, %(now)s, %(by)s, %(by_kind)s, '{}', false
FROM expired
RETURNING id
"""


def some(venue_id: int | None, *, most: int) -> int:
    """Expire at most so many holds that have lapsed, of one venue or of all; how many it was."""
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            return _in_one(venue_id, most)
        return _row_by_row(venue_id, most)


def _in_one(venue_id: int | None, most: int) -> int:
    by = allocation.TIME
    values: dict[str, Any] = {"now": clock.now(), "by": by.name, "by_kind": by.kind}
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
    allocation.release(batch, now=now)
    return len(batch)
