"""Celery tasks for the sweeps. config/celery.py has the schedule."""

from celery import shared_task
from django.conf import settings

from reservations import sweeps
from reservations.privacy import retention


@shared_task
def expire_holds() -> None:
    sweeps.expire_holds()


@shared_task
def mark_no_shows() -> None:
    sweeps.mark_no_shows()


@shared_task
def complete_stays() -> None:
    sweeps.complete_stays()


@shared_task
def count_short_notice() -> None:
    sweeps.count_short_notice()


@shared_task
def fill_search_texts() -> None:
    sweeps.fill_search_texts()


@shared_task
def blank_old_stays() -> None:
    retention.blank_old(seconds=settings.CELERY_TASK_TIME_LIMIT * 0.6)
