"""Logs: readable lines, or JSON for machines. They never hold secrets."""

from typing import Any

from settings.environment import choice

LOG_FORMAT = choice("LOG_FORMAT", "text", ("text", "json"))
LOG_LEVEL = choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))

_QUIET = {"level": "WARNING", "propagate": True}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "config.log_lines.readable"},
        "json": {"()": "config.log_lines.json"},
    },
    "filters": {"one_line": {"()": "config.log_lines.OneLine"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
        "count": {"class": "config.monitoring.counters.CountLogIns"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Whatever LOG_LEVEL is: docs/audit.md.
        "audit": {"handlers": ["count"], "level": "INFO", "propagate": True},
        # Django's own handlers would write each line twice.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # A refusal is a normal answer. At WARNING, each one would be a line.
        "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
        # A stranger's request with another name of the host is no fault that needs a traceback.
        "django.security.DisallowedHost": {"filters": ["one_line"], "propagate": True},
        # At INFO they write one line or more for every task, every minute.
        "celery": _QUIET,
        "kombu": _QUIET,
        "amqp": _QUIET,
        "asyncio": _QUIET,
        "httpx": _QUIET,
        # At INFO it writes two lines for every call.
        "stripe": _QUIET,
        # At INFO it repeats what `serve` prints.
        "uvicorn": _QUIET,
    },
}
