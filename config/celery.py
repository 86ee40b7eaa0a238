"""The Celery application, and the one schedule: how often each thing runs."""

import os
import sys
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")

try:
    # Read now: what worker and beat are told is one line, and not where it was found.
    _ = settings.CELERY_BROKER_URL
except ImproperlyConfigured as error:
    sys.exit(f"holdfast: {error}")

app = Celery("holdfast")
# The publisher's, worker's and beat's threads have no current application of their own.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_EVERY_MINUTE = crontab()
_EVERY_HOUR = crontab(minute=17)


def _run(task: str, schedule: crontab, *, useful_for: timedelta) -> dict[str, Any]:
    # One that waited for a worker longer than this is dropped: its successor does the same.
    options = {"expires": useful_for.total_seconds()}
    return {"task": task, "schedule": schedule, "options": options}


_MINUTE, _HOUR = timedelta(seconds=55), timedelta(minutes=50)

app.conf.beat_schedule = {
    "expire holds": _run("reservations.tasks.expire_holds", _EVERY_MINUTE, useful_for=_MINUTE),
    "mark no-shows": _run("reservations.tasks.mark_no_shows", _EVERY_MINUTE, useful_for=_MINUTE),
    "complete stays": _run("reservations.tasks.complete_stays", _EVERY_MINUTE, useful_for=_MINUTE),
    "dispatch events": _run("config.tasks.dispatch_events", _EVERY_MINUTE, useful_for=_MINUTE),
    "count short notice": _run(
        "reservations.tasks.count_short_notice", _EVERY_HOUR, useful_for=_HOUR
    ),
    "clean up": _run("config.tasks.clean_up", _EVERY_HOUR, useful_for=_HOUR),
}


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery sets up logging of its own unless somebody answers this signal."""
