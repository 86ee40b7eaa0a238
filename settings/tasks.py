"""Celery: in this process when embedded, on Redis when deployed. config/celery.py has
the schedule.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from settings.cache import REDIS_URL
from settings.environment import integer, text


def _beside(url: str, database: int) -> str:
    """Another database of this Redis: clearing the cache must not lose messages."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}")) if parts.path in ("", "/", "/0") else url


IN_MEMORY = "memory://localhost/"
CELERY_BROKER_URL = text("BROKER_URL", _beside(REDIS_URL, 1) if REDIS_URL else IN_MEMORY)
IS_BROKER_SHARED = not CELERY_BROKER_URL.startswith("memory:")
"""Whether workers in other processes receive the tasks of this one."""

CELERY_TASK_TIME_LIMIT = integer("TASK_SECONDS", 60, least=5, most=240)
"""Seconds."""
CELERY_TASK_SOFT_TIME_LIMIT = CELERY_TASK_TIME_LIMIT - 3

_REDIS: dict[str, Any] = {
    "socket_connect_timeout": 2,
    # Without this, a publish never returns if Redis accepts the connection and then is silent.
    "socket_timeout": 5,
    "socket_keepalive": True,
    # Longer than every time limit, so that no running task is handed out twice. Short, with
    # frequent checks, so that the tasks of a killed worker come back soon.
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 10,
    "global_keyprefix": "holdfast:",
}
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    _REDIS if IS_BROKER_SHARED else {"polling_interval": 0.05}
)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.2}

CELERY_TASK_DEFAULT_QUEUE = "holdfast"
# Slow receivers must not delay the sweeps, so deliveries have a worker of their own. The embedded
# server has threads for them instead.
CELERY_TASK_ROUTES = {"notices.tasks.deliver": {"queue": "deliveries"}}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
