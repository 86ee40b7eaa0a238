"""Chooses the unit of a booking, under locks."""

from django.utils.translation import gettext

from reservations.allocation import lapses, ledger
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.candidates import (
    by_preference,
    in_use,
    is_combination_open,
    open_units,
    units_of,
    units_seating,
)
from reservations.allocation.reseating import reseat
from reservations.errors import Closed, NotFound, PartyTooLarge
from reservations.rules import booking_window
from reservations.rules.categories import pools_as_locked
from venues.models import Combination, Resource


def place(ask: Ask) -> Placement:
    """Finds a free unit for the ask and returns it locked. Re-seats others of a pool if needed.

    Assumes a transaction without reservation locks on these units. Locks every unit that could do,
    and frees lapsed time on them. Raises a Refusal (Taken, HeldByOther, PartyTooLarge, Closed,
    NotOffered) or NotFound; under the locks it is certain.
    """
    if ask.resource is not None:
        return _named(ask, ask.resource)
    units = open_units(ask, units_seating(ask))
    return _certain(ask, units) if units else _combined(ask)


def _named(ask: Ask, resource: int) -> Placement:
    unit = next(iter(ledger.lock_units([resource])), None)
    ask = ask.locked()
    if unit is None or unit.venue_id != ask.venue.pk or unit.retired_at:
        raise NotFound(gettext("This venue has no such unit."))
    unit.venue = ask.venue
    if unit.capacity < ask.party and not ask.is_override:
        raise PartyTooLarge(
            gettext("%(unit)s takes a party of at most %(capacity)s. Choose a larger unit.")
            % {"unit": unit.name, "capacity": unit.capacity}
        )
    if not (ask.is_override or ask.hours_hold):
        booking_window.judge_hours(ask.venue, ask.window, unit)
    lapses.release_lapsed([unit.pk], ask.span)
    rows = ledger.taken_rows([unit.pk], ask.span)
    if rows:
        raise ledger.refusal_for(rows)
    return Placement(units=[unit], is_locked=True)


def _certain(ask: Ask, units: list[Resource]) -> Placement:
    """Locks all units, then returns a free one, or one that a re-seat frees.

    Raises the first refusal.
    """
    locked = in_use(ledger.lock_units(unit.pk for unit in units))
    if not locked:
        return _combined(ask)
    ask = ask.locked()
    lapses.release_lapsed([unit.pk for unit in locked], ask.span)
    free = ledger.free_units(Resource.objects.filter(pk__in=[u.pk for u in locked]), ask.span)
    free_ids = set(free.values_list("pk", flat=True))
    # Pools come from the rows under their locks: capacity or attributes may have changed.
    pools = pools_as_locked(ask.venue, locked)
    for unit in by_preference(ask, locked):
        if unit.pk in free_ids:
            return Placement(units=[unit])
    refusals = []
    for pool in pools:
        found = reseat(ask, pool)
        if isinstance(found, Placement):
            return found
        refusals.append(found)
    raise refusals[0]


def _combined(ask: Ask) -> Placement:
    """The smallest combination that seats the party and is free as a whole.

    Raises PartyTooLarge, Closed, Taken or HeldByOther.
    """
    categories = [category.pk for category in ask.categories]
    every = Combination.objects.filter(category__in=categories, capacity__gte=ask.party)
    every = every.exclude(resources__retired_at__isnull=False).filter(resources__isnull=False)
    combinations = list(every.distinct().prefetch_related("resources").order_by("capacity", "pk"))
    if not combinations:
        raise PartyTooLarge
    combinations = [one for one in combinations if is_combination_open(ask, one)]
    if not combinations:
        raise Closed
    wanted = {pk for one in combinations for pk in units_of(one)}
    locked = {unit.pk: unit for unit in in_use(ledger.lock_units(wanted))}
    combinations = [one for one in combinations if locked.keys() >= units_of(one)]
    if not combinations:
        raise PartyTooLarge
    ask = ask.locked()
    lapses.release_lapsed(wanted, ask.span)
    rows = ledger.taken_rows(wanted, ask.span)
    taken = {row.resource_id for row in rows}
    for combination in combinations:
        if not taken & units_of(combination):
            units = [locked[unit.pk] for unit in combination.resources.all()]
            return Placement(units=units, is_locked=True)
    raise ledger.refusal_for(rows)
