"""The question put to an allocation (Ask), and the units found for it (Placement)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from guests.callers import Caller
from reservations import clock
from reservations.allocation.ledger import Span
from reservations.errors import Refusal
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
    prefer: frozenset[int] = frozenset()

    @property
    def span(self) -> Span:
        """The range to take on the unit: the range sold and the buffers around it, in UTC."""
        policy = self.venue.policy
        return Span(
            start=self.window.start - policy.buffer_before,
            end=self.window.end + policy.buffer_after,
            now=self.now,
            venue=self.venue.pk,
        )

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
