"""Retires units and restores them. A retired unit keeps its history."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock
from reservations.allocation import ledger
from reservations.errors import Invalid, NotFound
from reservations.inventory import clearances
from reservations.inventory.commitments import has_promises
from reservations.inventory.decisions import Decisions, Outcome
from reservations.models import Allocation
from reservations.rules.modes import MOMENT
from reservations.rules.permissions import Act, judge
from reservations.transactions import in_transaction
from venues.hours import Window
from venues.models import Resource


@transaction.atomic(durable=True)
def retire(*, resource_id: int) -> bool:
    """Retires a unit. Returns False, and changes nothing, while reservations on it are not over or
    a guest is still in it.

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


def retire_deciding(*, resource_id: int, decided: Decisions, notice: str, by: Caller) -> None:
    """Retires a unit, and keeps none of its reservations: they move or are cancelled as decided.

    Guests whose unit is not promised move to others of their pool. Managers only. Opens its own
    transaction; repeating it changes nothing. Raises ReservationsAffected unless the others are
    decided on, Occupied when a guest past their end is still there, NotFound, Forbidden, Invalid,
    or why somebody cannot be moved.
    """
    in_transaction(lambda: _retire(resource_id, decided, notice, by=by))


@transaction.atomic(durable=True)
def restore(*, resource_id: int) -> None:
    """Puts a retired unit back into use. Opens its own transaction.

    Raises Resource.DoesNotExist.
    """
    unit = _locked(resource_id)
    unit.retired_at = None
    unit.save(update_fields=["retired_at"])


def _retire(resource_id: int, decided: Decisions, notice: str, *, by: Caller) -> None:
    seen = Resource.objects.filter(pk=resource_id).first()
    if seen is None:
        raise NotFound(gettext("This venue has no such unit."))
    judge(by, Act.UNITS, seen.venue_id)
    every = Resource.objects.filter(venue=seen.venue_id, retired_at__isnull=True)
    locked = ledger.lock_units({*every.values_list("pk", flat=True), resource_id})
    unit = next(one for one in locked if one.pk == resource_id)
    if unit.retired_at:
        return
    window, now = window_of(resource_id), clock.now()
    if any(one.outcome is Outcome.KEEP for one in decided.values()):
        raise Invalid("decided", gettext("A retired unit keeps no reservations."))
    clearances.clear(
        [unit],
        locked,
        window,
        decided=decided,
        reason=notice,
        now=now,
        by=by,
        is_over_closures=True,
    )
    unit.retired_at = now
    unit.save(update_fields=["retired_at"])


def window_of(resource_id: int) -> Window:
    """The range from now on to the end of all that takes time on the unit."""
    now = clock.now()
    rows = Allocation.objects.filter(resource=resource_id, is_live=True)
    last = rows.aggregate(last=Max("ends_at"))["last"]
    return Window(now, max(last or now, now + MOMENT))


def _locked(resource_id: int) -> Resource:
    # Whoever takes time on the unit needs this lock as well.
    return Resource.objects.select_for_update(no_key=True).get(pk=resource_id)
