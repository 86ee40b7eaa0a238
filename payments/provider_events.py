"""Takes in what providers report: signed, stored before it is handled, and handled once.

An event only says that something happened. What did, the provider is asked.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from payments import settling
from payments.models import Checkout, ProviderEvent
from payments.outside import reversals
from payments.providers import registry
from payments.providers.protocol import BadSignature, Incoming, Unreachable
from reservations import clock
from reservations.errors import Busy, NotFound

log = logging.getLogger(__name__)

KEPT = timedelta(days=90)

SOONEST, LATEST = timedelta(minutes=1), timedelta(hours=6)
"""After how long an event that could not be handled is tried again: it doubles each time."""

_storing: list[Callable[[], None]] = []
_refusing: list[Callable[[str], None]] = []


def on_stored(listener: Callable[[], None]) -> None:
    """Registers `listener`, which is called after each commit that stored events."""
    if listener not in _storing:
        _storing.append(listener)


def on_refused(listener: Callable[[str], None]) -> None:
    """Registers `listener`, which is called with the provider of each bad signature."""
    if listener not in _refusing:
        _refusing.append(listener)


def receive(name: str, headers: Mapping[str, str], body: bytes) -> int:
    """Stores the events of a request of a provider. Returns how many are new.

    Raises NotFound for a provider that settings do not name, BadSignature with nothing stored.
    """
    try:
        provider = registry.provider(name)
    except KeyError as fault:
        raise NotFound from fault
    try:
        incoming = provider.parse(headers, body)
    except BadSignature:
        for listener in _refusing:
            listener(name)
        raise
    return store(name, incoming)


def store(name: str, incoming: list[Incoming]) -> int:
    """Stores events that are new, and says so after the commit. Returns how many."""
    now = clock.now()
    drafts = [
        ProviderEvent(
            provider=name,
            event_id=one.id[:255],
            type=one.type[:120],
            ref=one.ref[:255],
            version=one.version[:40],
            received_at=now,
        )
        for one in incoming
    ]
    with transaction.atomic(durable=True):
        known = ProviderEvent.objects.filter(
            provider=name, event_id__in=[one.event_id for one in drafts]
        )
        fresh = len({one.event_id for one in drafts}) - known.count()
        ProviderEvent.objects.bulk_create(drafts, ignore_conflicts=True)
    if fresh:
        for listener in _storing:
            listener()
    return fresh


def handle_waiting() -> int:
    """Handles events that were not handled yet, a batch, oldest first. Returns how many."""
    is_due = Q(next_try_at__isnull=True) | Q(next_try_at__lte=clock.now())
    waiting = ProviderEvent.objects.filter(is_due, handled_at__isnull=True)
    # What has failed before comes after what is new, and keeps nothing back.
    ordered = waiting.order_by(F("next_try_at").asc(nulls_first=True), "pk")
    return sum(map(_handle, list(ordered[: settings.SWEEP_BATCH])))


def forget_old(now: datetime) -> int:
    """Deletes events older than KEPT at `now` (UTC). Returns how many."""
    return ProviderEvent.objects.filter(received_at__lt=now - KEPT).delete()[0]


def _handle(event: ProviderEvent) -> bool:
    """Settles what an event is about. False where that failed: it is tried again."""
    try:
        pk = _checkout_of(event)
        # Without a checkout there is nothing to do: one that is just opened is asked for anyway.
        if pk is not None:
            if not settling.attempt(pk):
                return _put_off(event)
            reversals.ask(pk)
    except Busy:
        return False
    except Unreachable:
        return _put_off(event)
    except Exception:
        # Such as of a provider that settings no longer name. The others go on.
        log.exception("Event %s could not be handled; it is tried again later", event.pk)
        return _put_off(event)
    ProviderEvent.objects.filter(pk=event.pk).update(handled_at=clock.now())
    return True


def _put_off(event: ProviderEvent) -> bool:
    """Tries an event again after a while that grows: it has waited for its provider."""
    delay = min(SOONEST * 2**event.tries, LATEST)
    ProviderEvent.objects.filter(pk=event.pk).update(
        tries=event.tries + 1, next_try_at=clock.now() + delay
    )
    return False


def _checkout_of(event: ProviderEvent) -> int | None:
    """Returns the checkout that an event is about, if there is one. Raises Unreachable.

    Some providers name what belongs to it, such as its charge. They say what that is part of.
    """
    found = _of_ref(event.provider, event.ref)
    locate = getattr(registry.provider(event.provider), "locate", None) if event.ref else None
    if found is not None or locate is None:
        return found
    return _of_ref(event.provider, locate(event.ref))


def _of_ref(name: str, ref: str) -> int | None:
    rows = Checkout.objects.filter(provider=name, ref=ref).exclude(ref="")
    return rows.values_list("pk", flat=True).first()
