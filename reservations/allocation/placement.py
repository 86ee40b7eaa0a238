"""Chooses the unit of a booking, under locks."""

from contextlib import suppress

from django.utils.translation import gettext

from reservations.allocation import lapses, ledger, presence
from reservations.allocation.ask import Ask, Placement
from reservations.allocation.candidates import (
    by_preference,
    in_use,
    is_combination_open,
    judge_hours,
    open_units,
    units_of,
    units_seating,
)
from reservations.allocation.reseating import reseat
from reservations.errors import (
    Closed,
    HeldByOther,
    NotFound,
    Occupied,
    PartyTooLarge,
    Refusal,
    Taken,
)
from reservations.rules.categories import none_seating, pools_as_locked
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
    if not units:
        return _combined(ask)
    try:
        return _certain(ask, units)
    except (Taken, HeldByOther, Occupied) as refusal:
        if not ask.joins:
            raise
        with suppress(Refusal):
            return _combined(ask)
        raise refusal from None


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
        judge_hours(ask, unit)
    lapses.release_lapsed([unit.pk], ask.span)
    rows = ledger.taken_rows([unit.pk], ask.span)
    if rows:
        raise ledger.refusal_for(rows)
    occupant = presence.occupied_by(unit.pk, ask.now, but=ask.own) if ask.begins_now else None
    if occupant:
        raise presence.refusal(occupant, unit)
    return Placement(units=[unit], is_locked=True)


def _certain(ask: Ask, units: list[Resource]) -> Placement:
    """Locks all units, then returns a free one, or one that a re-seat frees.

    A unit whose guest has not gone comes last, and not at all for an ask that begins now. Raises
    Occupied when such a unit is the only free one, else the first refusal.
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
    here = presence.past_end(ask.venue.pk, ask.now, but=ask.own)
    in_turn = [unit for unit in by_preference(ask, locked) if unit.pk in free_ids]
    for unit in sorted(in_turn, key=lambda unit: unit.pk in here):
        if not (ask.begins_now and unit.pk in here):
            return Placement(units=[unit])
    refusals: list[Refusal] = [presence.refusal(here[unit.pk], unit) for unit in in_turn]
    for pool in pools:
        found = reseat(ask, pool, here)
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
    every = every.exclude(resources__in=ask.avoid) if ask.avoid else every
    combinations = list(every.distinct().prefetch_related("resources").order_by("capacity", "pk"))
    if not combinations:
        raise none_seating(ask.categories, ask.party)
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
    here = presence.past_end(ask.venue.pk, ask.now, but=ask.own)
    free = [one for one in combinations if not taken & units_of(one)]
    for combination in sorted(free, key=lambda one: bool(here.keys() & units_of(one))):
        occupied = sorted(here.keys() & units_of(combination))
        if ask.begins_now and occupied:
            raise presence.refusal(here[occupied[0]], locked[occupied[0]])
        units = [locked[unit.pk] for unit in combination.resources.all()]
        return Placement(units=units, is_locked=True)
    raise ledger.refusal_for(rows)
