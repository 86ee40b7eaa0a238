"""Records what time alone has changed. Nothing waits for a sweep: readers work out the status.

Each batch is its own transaction of at most SWEEP_BATCH rows, locked with SKIP LOCKED, so that
several workers share the work and no booking waits. An index gives the order, so that a long
backlog is not sorted again for each batch.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from guests.callers import system
from reservations import clock, events
from reservations.allocation import lapses
from reservations.event_types import COMPLETED
from reservations.models import Allocation, Reservation
from reservations.querysets import ReservationQuerySet
from venues import kinds

log = logging.getLogger(__name__)

RECENT = 200_000
"""Of the newest reservations, how many are looked at for a search text that is missing."""

SWEEP = system("sweep")
"""The caller of the events of completed stays."""


def expire_holds(*, venue_id: int | None = None) -> int:
    """Records holds that have lapsed, earliest first, of one venue (id) or of all.

    Opens a transaction for each batch. Returns how many.
    """
    return _until_done(lambda: lapses.expire_batch(venue_id, most=settings.SWEEP_BATCH))


def mark_no_shows(*, venue_id: int | None = None) -> int:
    """Records guests who did not come, of one venue (id) or of all. Returns how many.

    Frees their remaining time where the policy releases no-shows. Opens a transaction for each
    batch.
    """
    rows = _of(venue_id).order_by("no_show_at")
    return _in_batches(lambda now: rows.missed(at=now), _miss)


def complete_stays(*, venue_id: int | None = None) -> int:
    """Records stays past their end, where departure is assumed, and logs each freed unit.

    Of one venue (id) or of all. Opens a transaction for each batch. Returns how many.
    """
    rows = _of(venue_id).order_by("ends_at")
    return _in_batches(lambda now: rows.ended(at=now), _complete)


def count_short_notice() -> int:
    """Counts, and logs, holds that are not confirmed and start within their venue's notice.

    Such a hold was made in time and may still be confirmed. The count is for the venue's
    information.
    """
    now = clock.now()
    held = Reservation.objects.held(at=now).filter(starts_at__gt=now)
    held_starts = held.values_list("starts_at", "venue__policy__notice")
    count = sum(starts_at - now < notice for starts_at, notice in held_starts.iterator())
    if count:
        log.info("Unconfirmed holds inside the notice of their venue: %s", count)
    return count


def fill_search_texts() -> int:
    """Writes the search texts that a server of the version before left out. Returns how many."""
    newest = Reservation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    recent = Reservation.objects.filter(pk__gt=newest - RECENT, search_text="")

    def some() -> int:
        # Locked: who is erased meanwhile must not be written back.
        with transaction.atomic():
            rows = recent.order_by("pk").select_for_update(skip_locked=True, of=("self",))
            batch = list(rows[: settings.SWEEP_BATCH])
            for row in batch:
                row.save(update_fields=["search_text"])
        return len(batch)

    return _until_done(some)


def _of(venue_id: int | None) -> ReservationQuerySet:
    rows = Reservation.objects.all()
    return rows if venue_id is None else rows.filter(venue_id=venue_id)


def _in_batches(
    find: Callable[[datetime], QuerySet[Reservation]],
    write: Callable[[list[Reservation], datetime], None],
) -> int:
    def some() -> int:
        with transaction.atomic(durable=True):
            now = clock.now()
            rows = find(now).select_for_update(skip_locked=True, no_key=True)
            batch = list(rows[: settings.SWEEP_BATCH])
            write(batch, now)
        return len(batch)

    return _until_done(some)


def _until_done(some: Callable[[], int]) -> int:
    swept = 0
    while True:
        count = some()
        swept += count
        if count < settings.SWEEP_BATCH:
            return swept


def _miss(batch: list[Reservation], now: datetime) -> None:
    lapses.release(batch, now=now)


def _complete(batch: list[Reservation], now: datetime) -> None:
    rows = Reservation.objects.filter(pk__in=[row.pk for row in batch])
    rows.update(completed_at=F("ends_at"), version=F("version") + 1)
    # The buffer after the stay stays taken. The rest of the time is over anyway.
    events.record_many(events.draft(row, COMPLETED({}), at=row.ends_at, by=SWEEP) for row in batch)
    ids = [row.pk for row in batch]
    transaction.on_commit(lambda: _say(ids))


def _say(reservation_ids: list[int]) -> None:
    rows = Allocation.objects.filter(reservation_id__in=reservation_ids, is_live=True)
    # Leaves out units that the guest had before a move or a late arrival.
    rows = rows.filter(ends_at__gte=F("reservation__ends_at"))
    for kind, unit, pk in rows.values_list("venue__kind", "resource__name", "reservation_id"):
        log.info(kinds.named(kind).sweep_line, unit, pk)
