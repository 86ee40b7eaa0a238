"""Which unit a booking gets: the one asked for, the first free, or one made free by re-seating."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from random import randrange

from django.db.models import Max, Q
from django.utils.translation import gettext

from guests.callers import Caller
from reservations import allocation, clock, crowds, judging, seating
from reservations.allocation import Row, Span
from reservations.errors import Closed, NotFound, PartyTooLarge, Refusal, Taken
from reservations.models import Allocation
from venues import kept
from venues.hours import Window
from venues.models import Category, Combination, Resource, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be placed: a party, for a range, on a unit or in one of some categories."""

    venue: Venue
    window: Window
    party: int
    resource: int | None
    categories: Sequence[Category]
    now: datetime
    by: Caller
    is_override: bool
    hours_hold: bool = False
    """Set where the range was sold before, so that openings changed since do not matter."""
    prefer: frozenset[int] = frozenset()

    @property
    def span(self) -> Span:
        """The range really taken: the one sold, and the buffers around it."""
        policy = self.venue.policy
        return Span(
            start=self.window.start - policy.buffer_before,
            end=self.window.end + policy.buffer_after,
            now=self.now,
            venue=self.venue.pk,
        )

    def locked(self) -> "Ask":
        """The same ask at the present instant: a hold may lapse while a lock is waited for."""
        return replace(self, now=clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The locked units to take; `is_locked` where they were promised and will not be changed."""

    units: list[Resource] = field(default_factory=list)
    is_locked: bool = False

    @property
    def category_id(self) -> int:
        return self.units[0].category_id


def candidates(ask: Ask) -> list[Resource]:
    """The units that would do, free or not, in the order they are wanted in.

    None of them where only several together seat the party. Raises Closed or NotOffered.
    """
    if ask.resource is None:
        return _in_order(ask, _open_units(ask, _fitting(ask)))
    unit = kept.units_by_id(ask.venue).get(ask.resource)
    if unit is None or unit.retired_at or unit.capacity < ask.party:
        return []
    judging.judge_hours(ask.venue, ask.window, unit)
    return [unit]


def place(ask: Ask) -> Placement:
    """Find and lock units for the ask, releasing what has lapsed on them.

    Every unit of the pool is locked, so that the refusal it raises is certain.
    """
    if ask.resource is not None:
        return _named(ask, ask.resource)
    units = _open_units(ask, _fitting(ask))
    return _certain(ask, units) if units else _combined(ask)


def judge_unlocked(ask: Ask, *, is_alone: bool = False) -> None:
    """Refuse what is taken as things stand, by one look and without waiting for anybody's lock.

    Who is let through knows nothing yet: `place` finds out under locks. A transaction that took no
    time yet `is_alone`: a crowd that is after the same unit may look together.
    """
    units = candidates(ask)
    if not units or ask.is_override:
        return

    if is_alone and ask.resource is not None:
        rows, _ = _look_together(ask, ask.resource)
    else:
        rows = allocation.taken_rows([unit.pk for unit in units], ask.locked().span)
    if ask.resource is not None and rows:
        raise allocation.refusal_for(rows)
    pools = [[unit.pk for unit in pool] for pool in judging.pools(ask.venue, units)]
    seats = seated(rows, ask.now)
    if all(_is_full(pool, seats, ask.span) for pool in pools):
        first = [row for row in rows if row.resource_id in pools[0]]
        raise allocation.refusal_for(first)


def judge_seen(ask: Ask) -> None:
    """The same for a unit that was asked for and a venue as it was last seen.

    No word where the venue is not any more as it was seen.
    """
    if ask.resource is None or ask.is_override:
        return
    rows, is_unchanged = _look_together(ask, ask.resource)
    if rows and is_unchanged:
        raise allocation.refusal_for(rows)


@contextmanager
def trying(venue: Venue, resource: int, window: Window) -> Iterator[bool]:
    """Whether to try for a unit: not where others try, or find out, whether it can be had.

    In a crowd all but one will be refused, and to try is dearer than to look. Waits until another
    has tried, so not to be entered with a lock in hand.
    """
    crowd = crowd_of(venue, resource, window)
    if crowds.is_asked(crowd):
        yield False
        return
    with crowds.trying(crowd) as is_first:
        yield is_first


def crowd_of(venue: Venue, resource: int | None, window: Window) -> tuple[object, ...]:
    """What all of them ask who want a unit for a range, of a venue as it was seen (`crowds`)."""
    return "taken", resource, venue.revision, window


def seated(rows: Iterable[Row], now: datetime) -> list[seating.Seat]:
    """These rows as seats, pinned where nobody may be moved. For whoever foresees what happens."""
    return [
        seating.Seat(row.pk, row.resource_id, row.starts_at, row.ends_at, _is_pinned(row, now))
        for row in rows
    ]


def last_pins(units: Iterable[int], now: datetime) -> dict[int, datetime]:
    """When the last seat that cannot be changed begins, after now, on each unit that has one."""
    rows = Allocation.objects.filter(resource_id__in=list(units), starts_at__gt=now)
    found = rows.taking_time(at=now).filter(_PINNED).values("resource_id")
    return dict(found.annotate(last=Max("starts_at")).values_list("resource_id", "last"))


def _look_together(ask: Ask, unit: int) -> tuple[list[Row], bool]:
    """What takes the unit that was asked for; if anything, whether the venue is as it is known."""

    def look() -> tuple[list[Row], bool]:
        rows = allocation.taken_rows([unit], ask.locked().span)
        return rows, bool(rows) and kept.is_unchanged(ask.venue)

    return crowds.together(crowd_of(ask.venue, unit, ask.window), look)


def _named(ask: Ask, resource: int) -> Placement:
    unit = next(iter(allocation.lock_units([resource])), None)
    ask = ask.locked()
    if unit is None or unit.venue_id != ask.venue.pk or unit.retired_at:
        raise NotFound(gettext("There is no such unit at this venue."))
    unit.venue = ask.venue
    if unit.capacity < ask.party and not ask.is_override:
        raise PartyTooLarge(
            gettext("%(unit)s seats %(capacity)s.") % {"unit": unit.name, "capacity": unit.capacity}
        )
    if not (ask.is_override or ask.hours_hold):
        judging.judge_hours(ask.venue, ask.window, unit)
    allocation.release_lapsed([unit.pk], ask.span)
    rows = allocation.taken_rows([unit.pk], ask.span)
    if rows:
        raise allocation.refusal_for(rows)
    return Placement(units=[unit], is_locked=True)


def _fitting(ask: Ask) -> list[Resource]:
    return [
        unit
        for category in ask.categories
        for unit in category.resources.all()
        if unit.capacity >= ask.party and unit.retired_at is None
    ]


def _open_units(ask: Ask, units: list[Resource]) -> list[Resource]:
    """Those open at that time. Raises Closed where all that seat the party are closed."""
    if not judging.opens_by_itself(ask.venue):
        if not (ask.is_override or ask.hours_hold):
            judging.judge_hours(ask.venue, ask.window)
        return units
    opened = [unit for unit in units if _is_open(ask, unit)]
    if units and not opened:
        raise Closed
    return opened


def _in_order(ask: Ask, units: list[Resource]) -> list[Resource]:
    """The smallest first, or the first in rank; like ones begin at a random place.

    That keeps a crowd from trying the same first unit.
    """
    if ask.venue.policy.ranks_units:
        return sorted(units, key=lambda unit: (unit.rank, unit.pk))
    found: list[Resource] = []
    for _, alike in groupby(sorted(units, key=_capacity), key=_capacity):
        pool = list(alike)
        start = randrange(len(pool))  # noqa: S311 - nobody gains by guessing it
        found += pool[start:] + pool[:start]
    return found


def _capacity(unit: Resource) -> int:
    return unit.capacity


def _is_open(ask: Ask, unit: Resource) -> bool:
    if ask.is_override or ask.hours_hold:
        return True
    return judging.is_open_for(ask.venue, ask.window, unit)


def _is_all_open(ask: Ask, combination: Combination) -> bool:
    if not judging.opens_by_itself(ask.venue):
        return True
    return all(_is_open(ask, unit) for unit in combination.resources.all())


def _certain(ask: Ask, units: list[Resource]) -> Placement:
    """With every unit locked: a free one, or one that re-seating frees, or a sure refusal."""
    locked = _in_use(allocation.lock_units(unit.pk for unit in units))
    if not locked:
        return _combined(ask)
    ask = ask.locked()
    allocation.release_lapsed([unit.pk for unit in locked], ask.span)
    free = allocation.free_units(Resource.objects.filter(pk__in=[u.pk for u in locked]), ask.span)
    free_ids = set(free.values_list("pk", flat=True))
    # By the rows as they are under their locks.
    pools = judging.alike(ask.venue, locked)
    for unit in sorted(locked, key=lambda unit: _order(ask, unit)):
        if unit.pk in free_ids:
            return Placement(units=[unit])
    refusals = []
    for pool in pools:
        found = _reseated(ask, pool)
        if isinstance(found, Placement):
            return found
        refusals.append(found)
    raise refusals[0]


def _is_full(pool: list[int], seats: Iterable[seating.Seat], span: Span) -> bool:
    return seating.is_full(
        pool, [seat for seat in seats if seat.unit in pool], span.start, span.end
    )


def _order(ask: Ask, unit: Resource) -> tuple[bool, int, int]:
    ranking = unit.rank if ask.venue.policy.ranks_units else unit.capacity
    return unit.pk not in ask.prefer, ranking, unit.pk


def _reseated(ask: Ask, pool: list[Resource]) -> Placement | Refusal:
    span, ids = ask.span, [unit.pk for unit in pool]
    rows = allocation.taken_rows(ids, span)
    if seating.is_full(ids, seated(rows, ask.now), span.start, span.end):
        return allocation.refusal_for(rows)
    # Those that come later may have to move on in turn.
    seats = seated(allocation.taken_from(ids, span.start, now=ask.now), ask.now)
    moves = seating.reseat(ids, seats, span.start, span.end)
    if moves is None:
        every = seated(allocation.taken_from(ids, ask.now, now=ask.now), ask.now)
        moves = seating.search(ids, every, span.start, span.end)
    if moves is None:
        fixed = {row.resource_id for row in rows if _is_pinned(row, ask.now)}
        names = [unit.name for unit in pool if unit.pk in fixed]
        return Taken(reason="fixed_units", units=names)
    chosen = moves.pop(seating.WANTED)
    # Where somebody moves to, a lapsed hold may still be written as live.
    last = max([span.end, *(seat.end for seat in seats)])
    allocation.release_lapsed(ids, replace(span, start=ask.now, end=last))
    allocation.move(moves, now=ask.now, by=ask.by)
    return Placement(units=[unit for unit in pool if unit.pk == chosen])


def _combined(ask: Ask) -> Placement:
    """The smallest declared combination that seats the party and is free as a whole."""
    categories = [category.pk for category in ask.categories]
    every = Combination.objects.filter(category__in=categories, capacity__gte=ask.party)
    every = every.exclude(resources__retired_at__isnull=False).filter(resources__isnull=False)
    combinations = list(every.distinct().prefetch_related("resources").order_by("capacity", "pk"))
    if not combinations:
        raise PartyTooLarge
    combinations = [one for one in combinations if _is_all_open(ask, one)]
    if not combinations:
        raise Closed
    wanted = {pk for one in combinations for pk in _units_of(one)}
    locked = {unit.pk: unit for unit in _in_use(allocation.lock_units(wanted))}
    combinations = [one for one in combinations if locked.keys() >= _units_of(one)]
    if not combinations:
        raise PartyTooLarge
    ask = ask.locked()
    allocation.release_lapsed(wanted, ask.span)
    rows = allocation.taken_rows(wanted, ask.span)
    taken = {row.resource_id for row in rows}
    for combination in combinations:
        if not taken & _units_of(combination):
            units = [locked[unit.pk] for unit in combination.resources.all()]
            return Placement(units=units, is_locked=True)
    raise allocation.refusal_for(rows)


def _in_use(locked: Iterable[Resource]) -> list[Resource]:
    """Those that were not retired while their locks were waited for."""
    return [unit for unit in locked if unit.retired_at is None]


def _units_of(combination: Combination) -> set[int]:
    return {unit.pk for unit in combination.resources.all()}


# The twin of `_is_pinned` for rows that begin after now; tests of availability hold them together.
_PINNED = (
    Q(is_locked=True) | Q(reservation__isnull=True) | Q(reservation__checked_in_at__isnull=False)
)


def _is_pinned(row: Row, now: datetime) -> bool:
    if row.is_locked or row.reservation_id is None or row.starts_at <= now:
        return True
    return row.checked_in_at is not None
