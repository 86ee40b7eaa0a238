"""Tells what the background has not done in time: sweeps, and events that wait in the outbox."""

import time
from datetime import datetime, timedelta

from reservations.models import Event, Reservation

OVERDUE = timedelta(minutes=2)
"""Sweeps and the outbox run every minute. What waits longer has been missed."""

_begun_at = time.monotonic()


def has_had_time() -> bool:
    """Tells whether this process runs for longer than OVERDUE.

    After a stop of days there is much to do, and the first minute does it.
    """
    return time.monotonic() > _begun_at + OVERDUE.total_seconds()


def overdue_sweeps(now: datetime) -> list[str]:
    """Names the sweeps that have left something undone for longer than OVERDUE."""
    since, rows = now - OVERDUE, Reservation.objects.all()
    left = {
        "expire holds": rows.lapsed(at=since),
        "mark no-shows": rows.missed(at=since),
        "complete stays": rows.ended(at=since),
    }
    return [name for name, undone in left.items() if undone.order_by().exists()]


def outbox_backlog() -> int:
    """How many events wait to be handed on."""
    return Event.objects.filter(dispatched_at=None).order_by().count()


def outbox_age(now: datetime) -> timedelta:
    """How long the oldest event waits; zero when none does."""
    waiting = Event.objects.filter(dispatched_at=None).order_by("pk")
    first = waiting.values_list("recorded_at", flat=True).first()
    return max(now - first, timedelta(0)) if first else timedelta(0)
