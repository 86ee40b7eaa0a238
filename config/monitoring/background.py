"""Tells what the background has not done in time: sweeps, and events that wait in the outbox."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from celery import current_app
from django.core.cache import caches

from reservations.models import Event, Reservation
from reservations.querysets import ReservationQuerySet

OVERDUE = timedelta(minutes=2)
"""Sweeps and the outbox run every minute. What waits longer has been missed."""

SWEEPS: Mapping[str, Callable[[ReservationQuerySet, datetime], ReservationQuerySet]] = {
    "expire holds": lambda rows, at: rows.lapsed(at=at),
    "mark no-shows": lambda rows, at: rows.missed(at=at),
    "complete stays": lambda rows, at: rows.ended(at=at),
}
"""What each sweep has to do, by its name in the schedule."""

RAN = "ran:"
"""Before the name of a task, in the cache that all processes share."""

log = logging.getLogger(__name__)

_begun_at = time.monotonic()


def has_had_time() -> bool:
    """Tells whether this process runs for longer than OVERDUE.

    After a stop of days there is much to do, and the first minute does it.
    """
    return time.monotonic() > _begun_at + OVERDUE.total_seconds()


def overdue_sweeps(now: datetime) -> list[str]:
    """Names the sweeps that have left something undone for longer than OVERDUE."""
    rows, since = Reservation.objects.order_by(), now - OVERDUE
    return [name for name, undone in SWEEPS.items() if undone(rows, since).exists()]


def outbox_backlog() -> int:
    """How many events wait to be handed on."""
    return Event.objects.filter(dispatched_at=None).order_by().count()


def outbox_age(now: datetime) -> timedelta:
    """How long the oldest event waits; zero when none does."""
    waiting = Event.objects.filter(dispatched_at=None).order_by("pk")
    first = waiting.values_list("recorded_at", flat=True).first()
    return max(now - first, timedelta(0)) if first else timedelta(0)


def note_run(task: str) -> None:
    """Notes that a task ended well now. Never fails: it is for those who watch alone."""
    try:
        caches["ratelimit"].set(RAN + task, time.time(), None)
    except Exception as error:  # noqa: BLE001
        log.debug("The run of %s was not noted: %r", task, error)


def last_runs() -> dict[str, float]:
    """When each scheduled task last ended well, in seconds since 1970; without those not known."""
    names = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    try:
        found = caches["ratelimit"].get_many([RAN + name for name in names])
    except Exception:  # noqa: BLE001
        return {}
    return {key.removeprefix(RAN): at for key, at in found.items()}
