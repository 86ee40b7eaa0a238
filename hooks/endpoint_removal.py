"""Deletes endpoints: they are gone at once, and their logs go in batches.

A log can be millions of attempts, which no request and no transaction can delete.
"""

import time

from django.db import transaction

from hooks.models import Endpoint, EndpointSecret
from notices.models import Delivery
from notices.operations import retention
from reservations import clock
from reservations.errors import NotFound

AT_ONCE = 200
"""Deliveries that go in the request that deletes their endpoint."""
LONGEST = 20.0
"""Seconds after which a sweep begins no further batch."""


def remove(endpoint_id: int, *, partner: str) -> None:
    """Deletes an endpoint and the start of its log; `sweep` deletes the rest. Raises NotFound.

    Opens its own transactions.
    """
    with transaction.atomic(durable=True):
        rows = Endpoint.objects.select_for_update().filter(pk=endpoint_id, partner=partner)
        endpoint = rows.first()
        if endpoint is None:
            raise NotFound
        endpoint.deleted_at = clock.now()
        endpoint.save(update_fields=["deleted_at"])
        EndpointSecret.objects.filter(endpoint=endpoint).delete()
    _delete(endpoint, AT_ONCE)


def sweep(*, batch: int) -> int:
    """Deletes what is left of deleted endpoints. Returns how many deliveries.

    Opens a transaction for each `batch`. Skips locked ones: the next sweep takes them.
    """
    begun, count = time.monotonic(), 0
    for endpoint in Endpoint.every.filter(deleted_at__isnull=False).order_by("deleted_at"):
        while deleted := _delete(endpoint, batch):
            count += deleted
            if time.monotonic() > begun + LONGEST:
                return count
    return count


def _delete(endpoint: Endpoint, batch: int) -> int:
    deleted = retention.delete_of_lane(endpoint.lane, batch=batch)
    if not Delivery.objects.filter(lane=endpoint.lane).exists():
        Endpoint.every.filter(pk=endpoint.pk).delete()
    return deleted
