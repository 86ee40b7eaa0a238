"""What is to be placed, and the units that were found for it."""

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
    """What is to be placed: a party, for a range, on a unit or in one of some categories."""

    venue: Venue
    window: Window
    party: int
    resource: int | None
    categories: Sequence[Category]
    now: datetime
    by: Caller
    owner: int | None = None
    """Whose account the reservation counts for, by id."""
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


@contextmanager
def asking(ask: Ask) -> Iterator[None]:
    """Give every Refusal raised inside the ask that it refuses."""
    try:
        yield
    except Refusal as refusal:
        refusal.asked = ask
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The locked units to take; `is_locked` where they were promised and will not be changed."""

    units: list[Resource] = field(default_factory=list)
    is_locked: bool = False

    @property
    def category_id(self) -> int:
        return self.units[0].category_id
