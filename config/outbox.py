"""What follows a change: each recorded event is handed to every handler in the list below."""

import logging
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import transaction

from api.live import consumer
from reservations import clock
from reservations.models import Event
from venues import scratch

log = logging.getLogger(__name__)


def journal(event: Event) -> None:
    """One line for each event, without a guest's name, phone or address."""
    facts = {
        "event_id": event.pk,
        "reservation_id": event.reservation_id,
        "venue_id": event.venue_id,
        "at": event.at.isoformat(),
        "by": event.by,
    }
    # Said once it is sure that this dispatch, and no other worker's, took the event.
    transaction.on_commit(lambda: log.info(event.name, extra=facts))


HANDLERS: tuple[Callable[[Event], None], ...] = (journal, consumer.tell)
"""What happens next, in this order. A handler only writes rows, in the dispatch's transaction;
whatever leaves the house is sent from those rows, each channel in its own time."""

OUTSIDE: tuple[Callable[[Event], None], ...] = ()
"""Those, after the others, whose word leaves the house: of a scratch venue nobody outside hears."""


def dispatch(ids: Sequence[int] | None = None) -> int:
    """Hand on events not handed on yet, these or all there are; returns how many.

    Safe to repeat and to run in several places at once: a row is taken under a lock that others
    skip, and marked in the transaction in which its handlers wrote.
    """
    handed_on, failed = 0, set[int]()
    while True:
        with transaction.atomic(durable=True):
            batch = _claim(ids, failed)
            done = [event.pk for event in batch if _handle(event)]
            Event.objects.filter(pk__in=done).update(dispatched_at=clock.now())
        handed_on += len(done)
        # Set aside, so that one that always fails does not stand before the others.
        failed |= {event.pk for event in batch}.difference(done)
        if len(batch) < settings.SWEEP_BATCH:
            return handed_on


def _claim(ids: Sequence[int] | None, failed: set[int]) -> list[Event]:
    waiting = Event.objects.filter(dispatched_at__isnull=True).exclude(pk__in=failed)
    if ids is not None:
        waiting = waiting.filter(pk__in=ids)
    rows = waiting.order_by("pk").select_related("venue")
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
