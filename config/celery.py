"""The Celery application and the schedule of its tasks."""

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
    # Read the settings now, so that a fault of them is one line and no traceback.
    _ = settings.CELERY_BROKER_URL
except ImproperlyConfigured as error:
    sys.exit(f"holdfast: {error}")

app = Celery("holdfast")
# The threads of publisher, worker and beat have no current application of their own.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_EVERY_MINUTE = crontab()
_EVERY_HOUR = crontab(minute=17)
_EVERY_NIGHT = crontab(hour=3, minute=41)
_BEFORE_THAT = crontab(hour=3, minute=11)


def _run(task: str, schedule: crontab, *, useful_for: timedelta) -> dict[str, Any]:
    # A task that waited longer than this is dropped: the next one does the same work.
    options = {"expires": useful_for.total_seconds()}
    return {"task": task, "schedule": schedule, "options": options}


_MINUTE, _HOUR = timedelta(seconds=55), timedelta(minutes=50)

app.conf.beat_schedule = {
    "expire holds": _run("reservations.tasks.expire_holds", _EVERY_MINUTE, useful_for=_MINUTE),
    "mark no-shows": _run("reservations.tasks.mark_no_shows", _EVERY_MINUTE, useful_for=_MINUTE),
    "complete stays": _run("reservations.tasks.complete_stays", _EVERY_MINUTE, useful_for=_MINUTE),
    "settle payments": _run("payments.tasks.settle_open", _EVERY_MINUTE, useful_for=_MINUTE),
    "send refunds": _run("payments.tasks.send_refunds", _EVERY_MINUTE, useful_for=_MINUTE),
    "dispatch events": _run("config.tasks.dispatch_events", _EVERY_MINUTE, useful_for=_MINUTE),
    "write exports": _run("notices.tasks.write_exports", _EVERY_MINUTE, useful_for=_MINUTE),
    "send reminders": _run("notices.tasks.send_reminders", _EVERY_MINUTE, useful_for=_MINUTE),
    "say evening words": _run("notices.tasks.say_evening_words", _EVERY_MINUTE, useful_for=_MINUTE),
    "send monthly reports": _run(
        "notices.tasks.send_monthly_reports", _EVERY_HOUR, useful_for=_HOUR
    ),
    "count short notice": _run(
        "reservations.tasks.count_short_notice", _EVERY_HOUR, useful_for=_HOUR
    ),
    "fill search texts": _run(
        "reservations.tasks.fill_search_texts", _EVERY_HOUR, useful_for=_HOUR
    ),
    "clean up": _run("config.tasks.clean_up", _EVERY_HOUR, useful_for=_HOUR),
    "tell of erasure": _run("notices.tasks.tell_of_erasure", _BEFORE_THAT, useful_for=4 * _HOUR),
    "blank old stays": _run(
        "reservations.tasks.blank_old_stays", _EVERY_NIGHT, useful_for=4 * _HOUR
    ),
    "blank old documents": _run(
        "payments.tasks.blank_old_documents", _EVERY_NIGHT, useful_for=4 * _HOUR
    ),
}


if settings.BOUNCES_URL:
    app.conf.beat_schedule["read bounces"] = _run(
        "notices.tasks.read_bounces", crontab(minute="*/10"), useful_for=_MINUTE
    )
if settings.IS_BROKER_SHARED:
    app.conf.beat_schedule["deliver"] = {
        "task": "notices.tasks.deliver",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    }


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Keeps our logging. Celery sets up its own if no receiver answers this signal."""
