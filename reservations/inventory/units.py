"""Takes a unit out of sale for good, and back; what was sold on it keeps its history."""

from django.db import transaction
from django.utils import timezone

from reservations.inventory.commitments import has_promises
from venues.models import Resource


@transaction.atomic(durable=True)
def retire(*, resource_id: int) -> bool:
    """Sell the unit no more; False, and nothing done, while reservations on it are to come."""
    unit = _locked(resource_id)
    now = timezone.now()
    if unit.retired_at:
        return True
    if has_promises(unit.allocations, now):
        return False
    unit.retired_at = now
    unit.save(update_fields=["retired_at"])
    return True


@transaction.atomic(durable=True)
def restore(*, resource_id: int) -> None:
    """Sell the unit again."""
    unit = _locked(resource_id)
    unit.retired_at = None
    unit.save(update_fields=["retired_at"])


def _locked(resource_id: int) -> Resource:
    # The lock that taking time on the unit waits for too.
    return Resource.objects.select_for_update(no_key=True).get(pk=resource_id)
