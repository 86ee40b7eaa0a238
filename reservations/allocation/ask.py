"""The question put to an allocation (Ask), and the units found for it (Placement)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from guests.callers import Caller
from reservations import clock
from reservations.allocation.ledger import Span
from reservations.errors import Refusal
from reservations.rules.taken_ranges import preparation, taken_range
from venues.hours import Window
from venues.models import Category, Resource, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A party to place in a range, on one named unit or in any of some categories.

    `resource` is the id of the named unit. `prefer` holds ids of units to try first. `now` is the
    instant (UTC) as of which the ask is judged.
    """

    venue: Venue
    window: Window
    party: int
    resource: int | None
    categories: Sequence[Category]
    now: datetime
    by: Caller
    owner: int | None = None
    """The id of the account that the reservation counts for; None for a guest without one."""
    is_override: bool
    hours_hold: bool = False
    """True when the range was sold before, so that later changes of opening hours do not matter."""
    is_between_steps: bool = False
    """True for a walk-in, who begins between the steps and slots of the venue, in its openings."""
    prefer: frozenset[int] = frozenset()
    avoid: frozenset[int] = frozenset()
    """Ids of units that are being closed, which only an ask that names one of them gets."""
    joins: bool = False
    """True to try combinations also where single units seat the party, but none is free."""
    own: int | None = None
    """The id of the reservation that is placed anew; None for a new one. Its guest's presence does
    not stand against it."""

    @property
    def span(self) -> Span:
        """The range to take on the unit: the range sold and the buffers around it, in UTC."""
        taken, policy = self.taken, self.venue.policy
        return Span(
            start=taken.start,
            end=taken.end,
            now=self.now,
            venue=self.venue.pk,
            prepared_from=taken.start - preparation(policy) if preparation(policy) else None,
        )

    @property
    def taken(self) -> Window:
        """The same range without the instant at which it is judged."""
        now = None if self.is_override else self.now
        return taken_range(self.venue.policy, self.window, now=now)

    @property
    def begins_now(self) -> bool:
        """True when the time to take contains `now`.

        Then no unit will do in which another guest still is.
        """
        span = self.span
        return span.start <= self.now < span.end

    def locked(self) -> "Ask":
        """Returns a copy whose `now` is the present.

        Call it after a lock: holds may have lapsed meanwhile.
        """
        return replace(self, now=clock.now())


@contextmanager
def asking(ask: Ask) -> Iterator[None]:
    """Adds the ask to every Refusal raised inside, as `refusal.asked`, and raises it again."""
    try:
        yield
    except Refusal as refusal:
        refusal.asked = ask
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The units to take, locked. `is_locked`: they were promised, so no re-seat moves the guest."""

    units: list[Resource] = field(default_factory=list)
    is_locked: bool = False

    @property
    def category_id(self) -> int:
        """The id of the category that the units belong to."""
        return self.units[0].category_id
