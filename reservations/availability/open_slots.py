"""The next starts that could be booked at each of some venues, for lists of them. Reads only.

As many queries for a page of venues as for one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice

from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.availability.snapshot_queries import SnapshotQuery
from reservations.availability.vacancy import Fitting
from reservations.rules import modes, sold_ranges
from venues import catalogue, kinds, prices
from venues.hours import Window
from venues.models import Category, Resource, Venue

DAY = timedelta(days=1)
MOST = 5
MOST_OF_DAY = 288
"""As many as a day has steps of five minutes."""
LOOK_AHEAD = 7
"""Local days after today on which an open start is looked for, where no date is asked for."""


@dataclass(frozen=True, slots=True)
class VenueSlot:
    """A range in a category that a booking naming both would get at this moment."""

    window: Window
    category: Category
    price_minor: int


def next_few(
    venues: Sequence[Venue], *, day: date | None, party: int | None, now: datetime
) -> dict[int, list[VenueSlot]]:
    """Up to MOST open slots by venue, all on `day`, or else on the first day that has any.

    Of times and slots the earliest starts, each in the cheapest category that has a place; of
    nights one for each category, cheapest first. What is given on request only is left out.
    """
    venues = catalogue.those(venues)
    units = snapshot_queries.units(venues)
    searches = [_Search(venue, units[venue.pk], party=party, now=now) for venue in venues]
    for search in searches:
        search.begin(day)
    # Most venues have something on the first day that they sell at all; the others get a second
    # look, at all the days that are left.
    for look_at in (_Search.first_day, _Search.other_days):
        asked = [search for search in searches if look_at(search)]
        looks = [search.look() for search in asked]
        for search, found in zip(
            asked, snapshot_queries.boards(looks, units, now=now), strict=True
        ):
            search.see(found)
    return {search.venue.pk: search.found for search in searches}


def of_day(venue: Venue, day: date, *, party: int | None, now: datetime) -> list[VenueSlot]:
    """Every open start of one local day, each in the cheapest category that has a place."""
    units = snapshot_queries.units([venue])
    search = _Search(venue, units[venue.pk], party=party, now=now, most=MOST_OF_DAY)
    search.begin(day)
    if search.first_day():
        search.see(snapshot_queries.boards([search.look()], units, now=now)[0])
    return search.found


class _Search:
    """The days of one venue, and what was found on the first of them that has anything."""

    def __init__(
        self,
        venue: Venue,
        units: Sequence[Resource],
        *,
        party: int | None,
        now: datetime,
        most: int = MOST,
    ) -> None:
        self.venue, self.now, self.most = venue, now, most
        self.party = party or kinds.named(venue.kind).usual_party
        self.units = units
        self.categories = {one.pk: one for one in venue.categories.all() if not one.is_on_request}
        self.found: list[VenueSlot] = []
        self._asked: list[list[Window]] = []

    def begin(self, day: date | None) -> None:
        """Set the days to look at: the one given, or today and those after it."""
        today = self.now.astimezone(self.venue.zone).date()
        days = [today + number * DAY for number in range(LOOK_AHEAD + 1)] if day is None else [day]
        starts = (
            sold_ranges.bookable_on(self.venue, self.units, one, self.now)
            for one in days
            if one >= today
        )
        self._days = (windows for windows in starts if windows)

    def first_day(self) -> bool:
        """Whether there is a day on which anything is sold; it is looked at next."""
        self._asked = list(islice(self._days, 1))
        return bool(self._asked)

    def other_days(self) -> bool:
        """Whether there are more, and reason to look at them."""
        self._asked = [] if self.found else list(self._days)
        return bool(self._asked)

    def look(self) -> SnapshotQuery:
        """What a board must show of the days that are looked at."""
        windows = list(chain.from_iterable(self._asked))
        start, end = min(one.start for one in windows), max(one.end for one in windows)
        return SnapshotQuery(venue=self.venue, window=Window(start, end), party=self.party)

    def see(self, found: Snapshot) -> None:
        """Keep what is open on the first of the days that has anything."""
        # Whether re-seating around somebody fixed makes room is worth reading a year for when one
        # venue is asked about, not for a list of them: such a start is not told here.
        fitting = Fitting(found, self.categories, makes_room=found.is_roomy)
        for windows in self._asked:
            self.found = list(islice(self._open(fitting, windows), self.most))
            if self.found:
                return

    def _open(self, fitting: Fitting, windows: list[Window]) -> Iterator[VenueSlot]:
        most = self.most if modes.sells_nights(self.venue) else 1
        for window in windows:
            priced = (self._priced(category, window) for category in self.categories.values())
            fitting_in = (
                slot
                for slot in sorted(priced, key=lambda slot: slot.price_minor)
                if fitting.free_unit(slot.category.pk, window)
                or fitting.has_room(slot.category.pk, window)
            )
            yield from islice(fitting_in, most)

    def _priced(self, category: Category, window: Window) -> VenueSlot:
        return VenueSlot(window, category, prices.price_of(self.venue, category, window))
