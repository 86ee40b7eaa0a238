"""How well an endpoint receives: counts of failures, and when it is switched off for them."""

from datetime import datetime, timedelta

from django.db import transaction

from hooks import partners
from hooks.models import Endpoint
from notices import outgoing
from notices.models import Delivery
from notices.models.delivery import Channel
from reservations import clock

PATIENCE = timedelta(days=5)
"""After so long with nothing but failures an endpoint is switched off."""
SWITCHED_OFF = "endpoint.switched_off"
"""The kind of the letter that tells the partner."""

GONE = "The receiver answered 410 Gone."
UNANSWERED = "Nothing but failures came back for five days."


def note_success(endpoint_id: int) -> None:
    """Clears the failures of an endpoint."""
    failing = Endpoint.objects.filter(pk=endpoint_id, failing_since__isnull=False)
    failing.update(failing_since=None, failures=0)


@transaction.atomic
def note_failure(endpoint_id: int, *, is_gone: bool = False) -> None:
    """Counts a failed attempt, and switches the endpoint off where it is gone or failed too long.

    Opens its own transaction, or joins that of its caller.
    """
    now = clock.now()
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    if endpoint.is_active and (is_gone or now - endpoint.failing_since >= PATIENCE):
        _switch_off(endpoint, GONE if is_gone else UNANSWERED, now)
    endpoint.save(update_fields=["failures", "failing_since", "is_active", "disabled_reason"])


def _switch_off(endpoint: Endpoint, reason: str, now: datetime) -> None:
    endpoint.is_active, endpoint.disabled_reason = False, reason
    address = partners.mail_of(endpoint.partner)
    if not address:
        return
    letter = Delivery(
        kind=SWITCHED_OFF,
        channel=Channel.MAIL,
        lane=Channel.MAIL,
        to=address,
        dedupe=f"{SWITCHED_OFF}:{endpoint.pk}:{now.isoformat()}",
        data={"url": endpoint.url, "reason": reason},
        created_at=now,
        next_try_at=now,
    )
    outgoing.add([letter])
