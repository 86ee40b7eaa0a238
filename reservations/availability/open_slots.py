"""Finds the next starts that can be booked at venues, for lists of venues. Reads only.

Runs as many queries for a page of venues as for one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice

from reservations.availability import snapshot_queries
from reservations.availability.snapshot import Snapshot
from reservations.availability.snapshot_queries import SnapshotQuery
from reservations.availability.vacancy import Fitting
from reservations.pricing.offered import price_of
from reservations.rules import modes, sold_ranges
from venues import catalogue, kinds
from venues.hours import Window
from venues.models import Category, Resource, Venue

DAY = timedelta(days=1)
MOST = 5
"""The largest number of open slots for each venue in a list."""
MOST_OF_DAY = 288
"""The largest number of open slots of one day: every five minutes."""
LOOK_AHEAD = 7
"""How many local days after today are searched when no date is asked for."""


@dataclass(frozen=True, slots=True)
class VenueSlot:
    """A range in a category that a booking naming both would get now.

    `unit` is one with rates of its own, which the booking must name. The price is in minor units.
    """

    window: Window
    category: Category
    price_minor: int
    unit: Resource | None = None


def next_few(
    venues: Sequence[Venue], *, day: date | None, party: int | None, now: datetime
) -> dict[int, list[VenueSlot]]:
    """By venue id, at most MOST open slots: on `day`, or on the first day that has any.

    Times and slots: the earliest starts, each in the cheapest category with a place. Nights: one
    for each category, cheapest first. A unit with rates of its own counts as a category, where
    guests may name it. Leaves out categories on request. [] for a venue without any.
    """
    venues = catalogue.refreshed(venues)
    units = snapshot_queries.units(venues)
    searches = [_Search(venue, units[venue.pk], party=party, now=now) for venue in venues]
    for search in searches:
        search.begin(day)
    # Most venues have a place on their first day. The others are read once more, for all other
    # days.
    for look_at in (_Search.first_day, _Search.other_days):
        asked = [search for search in searches if look_at(search)]
        looks = [search.look() for search in asked]
        for search, found in zip(
            asked, snapshot_queries.snapshots(looks, units, now=now), strict=True
        ):
            search.see(found)
    return {search.venue.pk: search.found for search in searches}


def first_day(venue: Venue, *, party: int | None, now: datetime) -> date | None:
    """The first local day on which something is open at a venue; None without any."""
    found = next_few([venue], day=None, party=party, now=now)[venue.pk]
    return found[0].window.start.astimezone(venue.zone).date() if found else None


def of_day(venue: Venue, day: date, *, party: int | None, now: datetime) -> list[VenueSlot]:
    """Every open start of one local day, earliest first, in the cheapest category with a place.

    Returns [] for a day in the past, or one that is full or closed.
    """
    units = snapshot_queries.units([venue])
    search = _Search(
        venue, units[venue.pk], party=party, now=now, most=MOST_OF_DAY, looks_ahead=True
    )
    search.begin(day)
    if search.first_day():
        search.see(snapshot_queries.snapshots([search.look()], units, now=now)[0])
    return search.found


class _Search:
    """The search at one venue: its days, and the open slots of the first day that has any."""

    def __init__(
        self,
        venue: Venue,
        units: Sequence[Resource],
        *,
        party: int | None,
        now: datetime,
        most: int = MOST,
        looks_ahead: bool = False,
    ) -> None:
        self.venue, self.now, self.most = venue, now, most
        self.looks_ahead = looks_ahead
        self.party = party or kinds.named(venue.kind).usual_party
        self.units = units
        self.categories = {one.pk: one for one in venue.categories.all() if not one.is_on_request}
        self.found: list[VenueSlot] = []
        self._asked: list[list[Window]] = []

    def begin(self, day: date | None) -> None:
        """Sets the days to search: `day`, or for None today and LOOK_AHEAD days after it."""
        today = self.now.astimezone(self.venue.zone).date()
        # Where nights are sold past midnight, that of yesterday may still be open.
        ahead = [today + number * DAY for number in range(-1, LOOK_AHEAD + 1)]
        days = ahead if day is None else [day]
        starts = (
            sold_ranges.bookable_on(self.venue, self.units, one, self.now)
            for one in days
            if one >= today - DAY
        )
        self._days = (windows for windows in starts if windows)

    def first_day(self) -> bool:
        """Makes the first day that sells anything the one to read. False when there is none."""
        self._asked = list(islice(self._days, 1))
        return bool(self._asked)

    def other_days(self) -> bool:
        """Makes the other days the ones to read.

        False when there are none, or when slots are found.
        """
        self._asked = [] if self.found else list(self._days)
        return bool(self._asked)

    def look(self) -> SnapshotQuery:
        """The query for the days to read.

        Call it after `first_day` or `other_days` returned True.
        """
        windows = list(chain.from_iterable(self._asked))
        start, end = min(one.start for one in windows), max(one.end for one in windows)
        return SnapshotQuery(venue=self.venue, window=Window(start, end), party=self.party)

    def see(self, found: Snapshot) -> None:
        """Keeps the open slots of the first of these days that has any."""
        # A list of venues leaves out starts that need a re-seat around later pins: that would take
        # reading a year of reservations for each venue.
        makes_room = found.has_room if self.looks_ahead else found.is_roomy
        fitting = Fitting(found, self.categories, makes_room=makes_room)
        for windows in self._asked:
            self.found = list(islice(self._open(fitting, windows), self.most))
            if self.found:
                return

    def _open(self, fitting: Fitting, windows: list[Window]) -> Iterator[VenueSlot]:
        most = self.most if modes.sells_nights(self.venue) else 1
        for window in windows:
            priced = [self._priced(category, window) for category in self.categories.values()]
            priced += [
                self._priced(category, window, unit)
                for category in self.categories.values()
                for unit in fitting.free_by_name(category.pk, window)
            ]
            fitting_in = (
                slot
                for slot in sorted(priced, key=lambda slot: slot.price_minor)
                if slot.unit
                or fitting.free_unit(slot.category.pk, window)
                or fitting.has_room(slot.category.pk, window)
            )
            yield from islice(fitting_in, most)

    def _priced(
        self, category: Category, window: Window, unit: Resource | None = None
    ) -> VenueSlot:
        priced = catalogue.priced(self.venue, category, [unit] if unit else [])
        return VenueSlot(window, category, price_of(self.venue, priced, window, self.party), unit)
