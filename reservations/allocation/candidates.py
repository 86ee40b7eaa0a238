"""Chooses the units that could take a party, in the order to try them. Takes no locks."""

from collections.abc import Iterable
from itertools import groupby
from random import randrange

from reservations.allocation.ask import Ask
from reservations.errors import Closed, Refusal
from reservations.rules import booking_window
from venues import catalogue, hours
from venues.models import Combination, Resource


def candidates(ask: Ask) -> list[Resource]:
    """The units that could take the ask, whether free or not, in the order to try them.

    Returns [] when no single unit seats the party, or when the named unit does not exist or is too
    small. Raises Closed or NotOffered.
    """
    if ask.resource is None:
        return _in_order(ask, open_units(ask, units_seating(ask)))
    unit = catalogue.units_by_id(ask.venue).get(ask.resource)
    if unit is None or unit.retired_at or unit.capacity < ask.party:
        return []
    unit.venue = ask.venue
    judge_hours(ask, unit)
    return [unit]


def judge_hours(ask: Ask, unit: Resource | None = None) -> None:
    """Judges the hours of a unit, or of the venue for None. Raises Closed or NotOffered."""
    judge = booking_window.judge_open if ask.is_between_steps else booking_window.judge_hours
    judge(ask.venue, ask.window, unit)


def units_seating(ask: Ask) -> list[Resource]:
    """The units in use of the ask's categories that seat the whole party; [] when none does.

    Leaves out units with rates of their own, which are given only to who names them.
    """
    by_name = catalogue.rates_by_unit(ask.venue)
    return [
        unit
        for category in ask.categories
        for unit in category.resources.all()
        if unit.capacity >= ask.party and unit.retired_at is None and unit.id not in ask.avoid
        if unit.id not in by_name
    ]


def open_units(ask: Ask, units: list[Resource]) -> list[Resource]:
    """The units among these that are open for the range. Raises Closed when all of them are closed.

    Where units have no hours of their own, judges the venue's hours instead and returns all units.
    Raises NotOffered when the range is not one that the venue sells.
    """
    if not hours.opens_by_itself(ask.venue):
        if not (ask.is_override or ask.hours_hold):
            judge_hours(ask)
        return units
    opened = [unit for unit in units if _is_open(ask, unit)]
    if units and not opened:
        raise Closed
    return opened


def _in_order(ask: Ask, units: list[Resource]) -> list[Resource]:
    """Units by rank where the policy ranks them, else smallest first.

    Units of equal capacity start at a random one, so that a crowd does not try the same unit first.
    """
    ordered = catalogue.units_in_order(ask.venue, units)
    if ask.venue.policy.ranks_units:
        return ordered
    found: list[Resource] = []
    for _, alike in groupby(ordered, key=_capacity):
        pool = list(alike)
        start = randrange(len(pool))  # noqa: S311 - nobody gains by guessing it
        found += pool[start:] + pool[:start]
    return found


def _capacity(unit: Resource) -> int:
    return unit.capacity


def _is_open(ask: Ask, unit: Resource) -> bool:
    if ask.is_override or ask.hours_hold:
        return True
    unit.venue = ask.venue
    try:
        judge_hours(ask, unit)
    except Refusal:
        return False
    return True


def is_combination_open(ask: Ask, combination: Combination) -> bool:
    """True when every unit of the combination is open for the ask. Reads its units."""
    if not hours.opens_by_itself(ask.venue):
        return True
    return all(_is_open(ask, unit) for unit in combination.resources.all())


def by_preference(ask: Ask, units: Iterable[Resource]) -> list[Resource]:
    """Units in the venue's usual order, with those that the ask prefers first."""
    ordered = catalogue.units_in_order(ask.venue, units)
    return sorted(ordered, key=lambda unit: unit.pk not in ask.prefer)


def in_use(locked: Iterable[Resource]) -> list[Resource]:
    """The units among these that are not retired.

    Call it under their locks: one may retire meanwhile.
    """
    return [unit for unit in locked if unit.retired_at is None]


def units_of(combination: Combination) -> set[int]:
    """The ids of the combination's units."""
    return {unit.pk for unit in combination.resources.all()}
