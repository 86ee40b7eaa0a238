"""Connects the loaded parts: checks to Django, log-ins to tokens, events to Celery."""

from typing import Any

from allauth.socialaccount.signals import social_account_added
from celery.signals import task_success
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import Tags, register

from api.live import consumer
from config import checks, tasks
from config.monitoring import background, metrics
from config.publisher import Publisher
from guests.credentials import changes, session_tokens
from reservations import booking_outcomes, events


def _send(ids: list[int]) -> None:
    # Boards first, because people watch them. The outbox repeats what is lost here.
    consumer.announce(ids)
    tasks.dispatch_events.delay(ids)


_publisher = Publisher(_send)


def publish_events() -> None:
    """Announces committed events at once from now on. Without this, the next sweep finds them."""
    events.on_recorded(_publisher)


def _note_run(sender: Any, **_: Any) -> None:
    background.note_run(sender.name)


task_success.connect(_note_run)
booking_outcomes.on_outcome(metrics.count_booking)

social_account_added.connect(changes.connected)
user_logged_in.connect(session_tokens.begin)
user_logged_out.connect(session_tokens.end)

register(checks.unsafe_combinations, Tags.security)
register(checks.state_change_rate)
register(checks.retention_days)
register(checks.metrics_from)
register(checks.database_is_fit, Tags.database)

# With a broker in memory there is one process only: `serve` calls it after starting its worker.
if settings.IS_BROKER_SHARED:
    publish_events()
