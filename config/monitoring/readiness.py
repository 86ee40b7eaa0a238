"""Checks what must be there before the product takes a booking."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

import redis
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, InterfaceError, connection, transaction
from kombu.exceptions import OperationalError as BrokerError

from api.live import hub as hubs
from config import embedded, migrating
from config.celery import app
from config.monitoring import background, write_probe
from reservations import clock
from reservations.constraints import NoOverlap
from reservations.models import Allocation

T = TypeVar("T")

WRITTEN_KEPT = 2.0
"""Seconds for which the outcome of a write counts."""

_is_migrated = False
_written = (float("-inf"), "")


def faults(names: Iterable[str] | None = None) -> dict[str, str]:
    """Returns one line for each part that is missing. {} if everything is there."""
    found = {name: PARTS[name]() for name in names or PARTS}
    return {name: fault for name, fault in found.items() if fault}


def is_guarded() -> bool:
    """Says whether the database itself refuses to sell a time twice."""
    guards = [one for one in Allocation._meta.constraints if isinstance(one, NoOverlap)]
    return bool(guards) and all(guard.is_in_place(connection) for guard in guards)


def _database() -> str:
    try:
        return _schema()
    except (DatabaseError, InterfaceError):
        # The error's own text may hold the address and the user.
        connection.close()
        return "The database cannot be reached."


def _schema() -> str:
    global _is_migrated  # noqa: PLW0603 - it stays migrated, and looking costs ten queries
    if not _is_migrated:
        if missing := migrating.pending():
            return f"The database lacks migrations, the first is {missing[0]}: run migrate."
        _is_migrated = True
    if not is_guarded():
        return "The guard against double booking is missing from the database."
    return ""


def _cache() -> str:
    try:
        caches["ratelimit"].get("ready")
    except (redis.RedisError, OSError):
        return "The cache (REDIS_URL) does not answer."
    except Exception as error:
        # django-redis wraps the errors of redis-py in one of its own.
        if isinstance(error.__cause__, redis.RedisError | OSError):
            return "The cache (REDIS_URL) does not answer."
        raise
    return ""


def _broker() -> str:
    if not settings.IS_BROKER_SHARED:
        return ""
    try:
        with app.connection_for_write(connect_timeout=1) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except (BrokerError, redis.RedisError, OSError):
        return "The broker of tasks (BROKER_URL) does not answer."
    return ""


def _writes() -> str:
    global _written  # noqa: PLW0603 - whoever asks often would fill the journal
    if time.monotonic() > _written[0] + WRITTEN_KEPT:
        _written = (time.monotonic(), _try_to_write())
    return _written[1]


def _try_to_write() -> str:
    try:
        with write_probe.small_cache(), transaction.atomic():
            write_probe.write()
            transaction.set_rollback(True)
    except (DatabaseError, InterfaceError):
        return "The database takes no writes. See that its disk has room."
    return ""


def _sweeps() -> str:
    if not background.has_had_time():
        return ""
    none: list[str] = []
    overdue = _read(lambda: background.overdue_sweeps(clock.now()), none)
    return f"Overdue: {', '.join(overdue)}. See worker and beat." if overdue else ""


def _outbox() -> str:
    if not background.has_had_time():
        return ""
    age = _read(lambda: background.outbox_age(clock.now()), timedelta(0))
    if age <= background.OVERDUE:
        return ""
    return f"An event has waited {int(age.total_seconds())} seconds. See worker and beat."


def _deliveries() -> str:
    if not background.has_had_time():
        return ""
    none: list[str] = []
    overdue = _read(lambda: background.overdue_channels(clock.now()), none)
    if not overdue:
        return ""
    return f"Nobody sends {', '.join(overdue)}. See the worker of the queue `deliveries`."


def off() -> list[str]:
    """Names what is switched off by a setting, which is no fault."""
    if not settings.NOTICES:
        return ["deliveries (NOTICES)"]
    parts = {
        "sms (SMS)": settings.SMS is None and not settings.SMS_TO_FILES,
        "mail (MAIL_URL)": settings.IS_BROKER_SHARED and "filebased" in settings.EMAIL_BACKEND,
    }
    return [name for name, is_off in parts.items() if is_off]


def _threads() -> str:
    deaf = ["Live boards hear nothing."] if any(hub.is_deaf() for hub in hubs.every()) else []
    return " ".join([*embedded.faults(), *deaf])


def _read(read: Callable[[], T], otherwise: T) -> T:
    """What `read` returns; `otherwise` without a database, which is another part's to tell."""
    try:
        return read()
    except (DatabaseError, InterfaceError):
        return otherwise


PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "writes": _writes,
    "cache": _cache,
    "broker": _broker,
    "sweeps": _sweeps,
    "outbox": _outbox,
    "deliveries": _deliveries,
    "threads": _threads,
}
"""Each returns what is wrong in one sentence, "" when nothing is."""
