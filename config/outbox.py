"""The outbox: passes every recorded event to each handler in the lists below."""

import logging
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import transaction

from api.live import consumer
from hooks import fan_out as webhooks
from notices import fan_out as letters
from payments import posting
from reservations import clock
from reservations.models import Event
from venues import scratch

log = logging.getLogger(__name__)


def journal(event: Event) -> None:
    """Logs one line for the event, without the guest's name, phone number or address."""
    facts = {
        "event_id": event.pk,
        "reservation_id": event.reservation_id,
        "venue_id": event.venue_id,
        "at": event.at.isoformat(),
        "by": event.by,
    }
    # Log after the commit, when it is certain that this dispatch took the event.
    transaction.on_commit(lambda: log.info(event.name, extra=facts))


HANDLERS: tuple[Callable[[Event], None], ...] = (journal, consumer.tell, posting.post)
"""The handlers, in their order. A handler only writes rows, in the transaction of the dispatch.
Messages to the outside are sent from those rows later, each channel at its own pace."""

OUTSIDE: tuple[Callable[[Event], None], ...] = (letters.fan_out, webhooks.fan_out)
"""Handlers that run after the others and lead to messages to the outside. Events of scratch venues
skip them."""


def dispatch(ids: Sequence[int] | None = None) -> int:
    """Passes events that were not passed on yet to the handlers: these ids, or all for None.

    Returns how many. Safe to repeat and to run in several processes at once: each event is locked,
    others skip it, and it is marked in the transaction of its handlers.
    """
    handed_on, failed = 0, set[int]()
    while True:
        with transaction.atomic(durable=True):
            batch = _claim(ids, failed)
            done = [event.pk for event in batch if _handle(event)]
            Event.objects.filter(pk__in=done).update(dispatched_at=clock.now())
        handed_on += len(done)
        # Set failed ones aside, so that one that always fails does not block the others.
        failed |= {event.pk for event in batch}.difference(done)
        if len(batch) < settings.SWEEP_BATCH:
            return handed_on


def _claim(ids: Sequence[int] | None, failed: set[int]) -> list[Event]:
    waiting = Event.objects.filter(dispatched_at__isnull=True).exclude(pk__in=failed)
    if ids is not None:
        waiting = waiting.filter(pk__in=ids)
    rows = waiting.order_by("pk").select_related("venue", "reservation")
    rows = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(rows[: settings.SWEEP_BATCH])


def _handle(event: Event) -> bool:
    try:
        with transaction.atomic():
            for handler in _handlers(event):
                handler(event)
    except Exception:
        log.exception("Event %s was not handed on; the next sweep tries again", event.pk)
        return False
    return True


def _handlers(event: Event) -> tuple[Callable[[Event], None], ...]:
    return HANDLERS if scratch.is_scratch(event.venue) else HANDLERS + OUTSIDE
