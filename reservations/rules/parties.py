"""The party of a reservation: how many come, and the ages of the children among them.

`guest_count` and the ages are kept; the number of adults is what is left.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from django.utils.translation import gettext

from reservations.errors import Invalid
from reservations.pricing.charges import Party
from reservations.requests import Change
from reservations.rules.guest_fields import LARGEST_PARTY

OLDEST_CHILD = 17
"""Years."""
MOST_CHILDREN = 100


class Counted(Protocol):
    """A reservation, or its columns."""

    guest_count: int
    children: list[int] | None


def children_of(row: Counted) -> list[int]:
    """Returns the ages of the children; [] where nobody said.

    A server of the version before may have made the party smaller, without knowing of children.
    """
    ages = row.children or []
    return ages if len(ages) <= row.guest_count else []


def adults_of(row: Counted) -> int:
    """Returns how many of the party are not children."""
    return row.guest_count - len(children_of(row))


def of(row: Counted) -> Party:
    """Returns the party as taxes and extras count it."""
    return Party(row.guest_count, tuple(children_of(row)))


def wished(row: Counted, wish: Change) -> Party:
    """Returns the party after a change that `changed` has completed."""
    ages = children_of(row) if wish.children is None else wish.children
    return Party(wish.guest_count or row.guest_count, tuple(ages))


def told(row: Counted) -> str:
    """Returns the party as people read it: `3`, or `3 (children: 4, 9)`."""
    ages = children_of(row)
    if not ages:
        return str(row.guest_count)
    facts = {"guests": row.guest_count, "ages": ", ".join(str(age) for age in ages)}
    return gettext("%(guests)d (children: %(ages)s)") % facts


def total(
    guest_count: int | None, adults: int | None, children: Sequence[int] | None
) -> int | None:
    """Returns how many come, by what was said of it; None where that does not tell.

    Raises ValueError, in words for the caller, where the numbers contradict each other.
    """
    ages = len(children or ())
    if adults is None:
        if guest_count is not None and guest_count < ages:
            told = gettext("There are %(children)d children among %(guests)d guests.")
            raise ValueError(told % {"children": ages, "guests": guest_count})
        return guest_count
    both = adults + ages
    if guest_count is not None and guest_count != both:
        told = gettext("%(adults)d adults and %(children)d children are %(both)d guests.")
        raise ValueError(told % {"adults": adults, "children": ages, "both": both})
    if not 1 <= both <= LARGEST_PARTY:
        told = gettext("Give a party of 1 to %(most)d guests.")
        raise ValueError(told % {"most": LARGEST_PARTY})
    return both


def names_party(wish: Change) -> bool:
    """True when the change says anything of the party."""
    return any(said is not None for said in (wish.guest_count, wish.adults, wish.children))


def changed(row: Counted, wish: Change) -> Change:
    """Returns the change with the `guest_count` that follows from it, None where that stays.

    Children that are not named stay. Without `guest_count`, adults that are not named stay as well.
    Raises Invalid, which names `guest_count`.
    """
    if not names_party(wish):
        return wish
    adults, children = wish.adults, wish.children
    if adults is None and wish.guest_count is None:
        adults = adults_of(row)
    ages = children_of(row) if children is None else children
    try:
        guests = total(wish.guest_count, adults, ages)
    except ValueError as fault:
        raise Invalid("guest_count", str(fault)) from fault
    says_more = wish.adults is not None or children is not None
    is_same = says_more and guests == row.guest_count
    return replace(wish, guest_count=None if is_same else guests, adults=None, children=children)
