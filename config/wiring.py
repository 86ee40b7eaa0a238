"""Connects the loaded parts: checks to Django, log-ins to tokens, events to Celery."""

from typing import Any

from allauth.socialaccount.signals import social_account_added
from celery.signals import task_success
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import Tags, register

from api import documents
from api.live import consumer, personal
from config import checks, embedded, tasks
from config.monitoring import background, metrics
from config.publisher import Publisher
from guests.credentials import changes, session_tokens
from hooks import bodies
from notices import outgoing
from notices.exports import jobs
from notices.models import Export
from notices.models.export import ExportState
from notices.operations import outcomes
from notices.tasks import deliver, write_exports
from payments import provider_checks, provider_events
from payments.tasks import handle_events
from reservations import booking_outcomes, events


def _send(ids: list[int]) -> None:
    # Boards first, because people watch them. The outbox repeats what is lost here.
    consumer.announce(ids)
    tasks.dispatch_events.delay(ids)


_publisher = Publisher(_send)
# One message wakes the worker of deliveries, however many commits asked for it.
_export_waker = Publisher(lambda _: write_exports.apply_async(expires=50))
_payment_waker = Publisher(lambda _: handle_events.apply_async(expires=50))
_waker = Publisher(lambda _: deliver.apply_async(expires=5))


def publish_events() -> None:
    """Announces committed events at once from now on. Without this, the next sweep finds them."""
    events.on_recorded(_publisher)
    jobs.on_changed(_follow_export)
    provider_events.on_stored(lambda: _payment_waker([]))


def _follow_export(export: Export) -> None:
    personal.announce(export.user_id)
    if export.state == ExportState.WAITING:
        _export_waker([])


def _wake_senders() -> None:
    if settings.IS_BROKER_SHARED:
        _waker([])
    else:
        embedded.wake_senders()


def _note_run(sender: Any, **_: Any) -> None:
    background.note_run(sender.name)


task_success.connect(_note_run)
outgoing.on_added(_wake_senders)
bodies.render_reservations_with(documents.reservation)
booking_outcomes.on_outcome(metrics.count_booking)
provider_events.on_refused(metrics.count_bad_signature)
outcomes.on_ended(background.note_delivered)
outcomes.on_looked(background.note_looked)

social_account_added.connect(changes.connected)
user_logged_in.connect(session_tokens.begin)
user_logged_out.connect(session_tokens.end)

register(checks.unsafe_combinations, Tags.security)
register(checks.state_change_rate)
register(checks.retention_days)
register(checks.metrics_from)
register(checks.webhooks_stay_outside, Tags.security)
register(provider_checks.payment_providers, Tags.security)
register(checks.mail_carries_invitations)
register(checks.database_is_fit, Tags.database)

# With a broker in memory there is one process only: `serve` calls it after starting its worker.
if settings.IS_BROKER_SHARED:
    publish_events()
