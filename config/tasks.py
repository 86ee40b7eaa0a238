"""Celery's tasks for the outbox and the clean-up. config/celery.py has the schedule."""

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from config import outbox
from guests import rate_counters, tokens, traces
from hooks import endpoint_removal, feed_retention
from notices.exports import jobs
from notices.operations import retention
from payments import provider_events
from reservations import clock, idempotency
from reservations.limits import open_holds
from reservations.privacy import access_log, data_links


@shared_task
def dispatch_events(ids: list[int] | None = None) -> None:
    """Passes events on: these ids, or all that wait for None."""
    outbox.dispatch(ids)


@shared_task
def clean_up() -> None:
    """Deletes what nobody can use any more: stored answers, tokens, counters and sessions."""
    idempotency.forget_old(clock.now())
    open_holds.forget_addresses(clock.now())
    while tokens.delete_expired(batch=settings.SWEEP_BATCH) >= settings.SWEEP_BATCH:
        pass
    while rate_counters.forget_old(batch=settings.SWEEP_BATCH) >= settings.SWEEP_BATCH:
        pass
    while access_log.delete_old(batch=settings.SWEEP_BATCH) >= settings.SWEEP_BATCH:
        pass
    while jobs.delete_old(batch=settings.SWEEP_BATCH) >= settings.SWEEP_BATCH:
        pass
    jobs.delete_orphans()
    while retention.delete_old(batch=settings.SWEEP_BATCH) >= settings.SWEEP_BATCH:
        pass
    while feed_retention.delete_old(batch=settings.SWEEP_BATCH):
        pass
    endpoint_removal.sweep(batch=settings.SWEEP_BATCH)
    data_links.delete_old()
    provider_events.forget_old(clock.now())
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    traces.overwrite_freed_pages()
