"""Retires units and restores them. A retired unit keeps its history."""

from django.db import transaction
from django.utils import timezone

from reservations.inventory.commitments import has_promises
from venues.models import Resource


@transaction.atomic(durable=True)
def retire(*, resource_id: int) -> bool:
    """Retires a unit. Returns False, and changes nothing, while reservations on it are not over.

    Opens its own transaction. Raises Resource.DoesNotExist. True for a unit that is retired
    already.
    """
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
    """Puts a retired unit back into use. Opens its own transaction.

    Raises Resource.DoesNotExist.
    """
    unit = _locked(resource_id)
    unit.retired_at = None
    unit.save(update_fields=["retired_at"])


def _locked(resource_id: int) -> Resource:
    # Whoever takes time on the unit needs this lock as well.
    return Resource.objects.select_for_update(no_key=True).get(pk=resource_id)
