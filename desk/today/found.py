"""The desk's search: who is here first, then who is due today, who comes next, and who has been."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Window

from desk.today.day import DayRow, lines_of
from reservations.models import Reservation
from reservations.rules import modes
from venues.models import Venue

MOST_FOUND = 20
"""Rows on one page."""
LAST_PAGE = 500


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One page of a search, counted from 1. `count` is how many there are in all."""

    rows: list[DayRow]
    count: int
    number: int

    @property
    def first(self) -> int:
        """The place of the first row, counted from 1."""
        return (self.number - 1) * MOST_FOUND + 1

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self.first + len(self.rows) - 1

    @property
    def next_number(self) -> int | None:
        """The number of the next page, or None on the last one."""
        return self.number + 1 if self.last < self.count and self.number < LAST_PAGE else None


def page_of(venue: Venue, asked: str, number: int, *, now: datetime) -> FoundPage:
    """Returns a page of the reservations of a venue by name, phone, e-mail, code or plate."""
    today = modes.business_date(venue, now)
    ends = modes.days(today, today, venue.zone).end
    rows = Reservation.objects.matching(asked).of_venue(venue.pk).nearest_first(at=now, today=ends)
    before = (number - 1) * MOST_FOUND
    # Keys alone first: to sort thousands of whole rows takes longer than to read twenty twice.
    counted = rows.annotate(found_count=Window(Count("*"))).values_list("pk", "found_count")
    named = list(counted[before : before + MOST_FOUND])
    by_key = Reservation.objects.in_bulk([pk for pk, _ in named])
    seen = [by_key[pk] for pk, _ in named if pk in by_key]
    return FoundPage(lines_of(venue, seen, now=now), named[0][1] if named else 0, number)


def number_of(given: str) -> int:
    """Returns the number of a page from an address; 1 for what is none."""
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(LAST_PAGE))
    return min(max(1, int(given)), LAST_PAGE) if is_number else 1
