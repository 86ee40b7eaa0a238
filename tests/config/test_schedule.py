"""The one schedule, and how work is handed to Celery."""

import pytest
from celery.schedules import crontab
from django.conf import settings

from config import tasks
from config.celery import app
from reservations.models import Event
from tests.factories import hold, make_venue

EVERY_MINUTE = {"expire holds", "mark no-shows", "complete stays", "dispatch events"}


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_what_time_alone_changes_is_looked_for_every_minute() -> None:
    scheduled = app.conf.beat_schedule
    assert all(scheduled[name]["schedule"] == crontab() for name in EVERY_MINUTE)


def test_nothing_old_is_run_when_a_worker_comes_back() -> None:
    assert all(entry["options"]["expires"] > 0 for entry in app.conf.beat_schedule.values())


def test_a_lost_worker_loses_no_task_and_nothing_runs_twice_for_being_slow() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_ignore_result
    assert str(app.conf.timezone) == "UTC"
    visible_after = app.conf.broker_transport_options.get("visibility_timeout", 3_600)
    assert app.conf.task_time_limit < visible_after


@pytest.mark.redis
def test_a_silent_redis_is_given_up_on() -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert options["socket_timeout"] <= 5
    assert options["socket_connect_timeout"] <= 2


@pytest.mark.django_db(transaction=True)
def test_the_dispatch_task_hands_events_on() -> None:
    hold(make_venue())
    tasks.dispatch_events()
    assert not Event.objects.filter(dispatched_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_the_clean_up_runs_on_an_empty_house() -> None:
    tasks.clean_up()
