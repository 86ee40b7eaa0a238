"""Blanks the guests of stays that ended long ago. Counts, prices and times stay.

RETENTION_DAYS says how long, by kind of venue; other kinds are kept. Future and present stays are
never touched, nor those that a room of `rooms` keeps, such as those whose guest is to be told
first. A second run changes nothing.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from guests import traces
from reservations import clock
from reservations.models import Reservation
from reservations.privacy import blanks, rooms
from reservations.privacy.rooms import PersonalRows
from reservations.querysets import ReservationQuerySet
from reservations.status import Status
from venues.models import Venue

audit = logging.getLogger("audit")

_ENDED = (Status.LEFT, Status.NO_SHOW, Status.EXPIRED, Status.CANCELLED)


def blank_old(*, seconds: float | None = None) -> Counter[str]:
    """Blanks what is old enough. Returns how many rows of each table.

    Takes at most SWEEP_BATCH reservations in a transaction, and skips locked ones. Starts no
    batch after `seconds`; the next run continues.
    """
    counts: Counter[str] = Counter()
    until = None if seconds is None else time.monotonic() + seconds
    for venue, days in venues():
        last = 0
        while until is None or time.monotonic() < until:
            done, last = _batch(venue, days, after=last)
            counts.update(done)
            if not last:
                break
    if counts:
        traces.overwrite_freed_pages()
        audit.info("stays.blanked", extra={"by": "time", "counts": dict(counts)})
    return counts


def preview() -> Iterator[tuple[str, dict[str, int]]]:
    """Yields the slug of each venue with old stays, and how many rows of each table."""
    for venue, days in venues():
        counts: Counter[str] = Counter()
        ids = list(_old(venue, days).order_by("pk").values_list("pk", flat=True))
        counts.update(blanks.count(PersonalRows(reservation_ids=ids)))
        if ids:
            yield venue.slug, dict(counts)


def venues() -> list[tuple[Venue, int]]:
    """Returns the venues whose kind has a number of days, also closed ones, with the days."""
    days: dict[str, int] = settings.RETENTION_DAYS
    found = Venue.objects.filter(kind__in=days).order_by("pk")
    return [(venue, days[venue.kind]) for venue in found]


def _batch(venue: Venue, days: int, *, after: int) -> tuple[dict[str, int], int]:
    """Blanks one batch. Returns counts and its last id, or 0 after the last batch."""
    with transaction.atomic(durable=True):
        rows = _old(venue, days).filter(pk__gt=after).order_by("pk")
        rows = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
        ids = [row.pk for row in rows[: settings.SWEEP_BATCH]]
        counts = blanks.blank(PersonalRows(reservation_ids=ids)) if ids else {}
    return counts, ids[-1] if len(ids) == settings.SWEEP_BATCH else 0


def ended(venue: Venue, before: datetime) -> ReservationQuerySet:
    """Returns the stays that were over by `before` (UTC) and name a guest still."""
    left = Q(checked_out_at__isnull=True) | Q(checked_out_at__lte=before)
    rows = Reservation.objects.filter(left, venue=venue, ends_at__lte=before)
    return blanks.still_named(rows).in_one_of(_ENDED, at=clock.now())


def _old(venue: Venue, days: int) -> ReservationQuerySet:
    return ended(venue, clock.now() - timedelta(days=days)).filter(rooms.released())
