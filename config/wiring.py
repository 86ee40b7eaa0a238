"""Connects the parts once all of them are loaded: checks to Django, events to Celery."""

from django.conf import settings
from django.core.checks import Tags, register

from api.live import consumer
from config import checks, tasks
from config.publisher import Publisher
from reservations import events


def _send(ids: list[int]) -> None:
    # First, since people are looking at the boards; the outbox makes up for what is lost here.
    consumer.announce(ids)
    tasks.dispatch_events.delay(ids)


_publisher = Publisher(_send)


def publish_events() -> None:
    """From now on have committed events handed on at once, and not only by the next sweep."""
    events.on_recorded(_publisher)


register(checks.unsafe_combinations, Tags.security)
register(checks.state_change_rate)
register(checks.database_is_fit, Tags.database)

# In memory nobody outside this process listens; there `serve` calls it, beside its worker.
if settings.IS_BROKER_SHARED:
    publish_events()
