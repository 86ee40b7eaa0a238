"""Checks what must be there before the product takes a booking."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, InterfaceError, connection
from kombu.exceptions import OperationalError as BrokerError

from config import migrating
from config.celery import app
from reservations.constraints import NoOverlap
from reservations.models import Allocation

_is_migrated = False


def faults() -> dict[str, str]:
    """Returns one line for each part that is missing. {} if everything is there."""
    found = {name: check() for name, check in PARTS.items()}
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


PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "broker": _broker,
}
