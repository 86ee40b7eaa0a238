"""Tells what the background has not done in time: sweeps, and events that wait in the outbox."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.core.cache import caches

from notices import channels
from notices.channels import RETRY
from notices.models.delivery import Channel, Outcome
from notices.operations import backlogs
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
LOOKED = "deliver:"
"""Before the name of a channel, as if each were a task."""
ENDED = "delivered:"
"""Before channel and outcome, in that cache."""

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


def note_delivered(channel: str, outcome: str, number: int) -> None:
    """Counts deliveries that ended, for all processes together. Never fails."""
    try:
        cache, key = caches["ratelimit"], f"{ENDED}{channel}:{outcome}"
        cache.add(key, 0, None)
        cache.incr(key, number)
    except Exception as error:  # noqa: BLE001
        log.debug("What became of a delivery was not counted: %r", error)


def delivered() -> dict[tuple[str, str], int]:
    """How many deliveries ended how, by channel and outcome, since the cache was empty."""
    ends = [*(one for one in Outcome.values if one), RETRY]
    keys = {f"{ENDED}{channel}:{end}": (channel, end) for channel in Channel.values for end in ends}
    try:
        found = caches["ratelimit"].get_many(list(keys))
    except Exception:  # noqa: BLE001
        return {}
    return {keys[key]: number for key, number in found.items()}


def note_looked(names: Collection[str]) -> None:
    """Notes that what is due on these channels was looked for now. Never fails."""
    for channel in names:
        note_run(f"{LOOKED}{channel}")


def overdue_channels(now: datetime) -> list[str]:
    """Names the channels where a delivery is due for longer than OVERDUE and nobody has looked.

    A receiver that is down or slow makes none overdue: its deliveries are tried, or wait their
    turn behind those that are.
    """
    if not settings.NOTICES:
        return []
    late = {
        name
        for name, backlog in backlogs.by_channel().items()
        if name in channels.names() and backlog.overdue(now) > OVERDUE
    }
    if not late:
        return []
    try:
        found = caches["ratelimit"].get_many([f"{RAN}{LOOKED}{name}" for name in late])
    except Exception:  # noqa: BLE001
        # Without the cache nothing is known, and another part says so.
        return []
    since = time.time() - OVERDUE.total_seconds()
    return sorted(name for name in late if found.get(f"{RAN}{LOOKED}{name}", 0) < since)


def last_runs() -> dict[str, float]:
    """When each scheduled task last ended well, in seconds since 1970; without those not known."""
    names = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    try:
        found = caches["ratelimit"].get_many([RAN + name for name in names])
    except Exception:  # noqa: BLE001
        return {}
    return {key.removeprefix(RAN): at for key, at in found.items()}
