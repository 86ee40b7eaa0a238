"""What a visitor asked of the search, carried on to the venues' pages, and why nothing is open."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from reservations.availability import calendar_days, offers, open_slots
from reservations.errors import Refusal
from reservations.requests import Times
from reservations.rules import modes
from venues import catalogue, hours
from venues.models import Venue
from web import selection
from web.selection import Pick


@dataclass(frozen=True, slots=True)
class SearchWish:
    """The day, the departure and the party of a search. Each may be None."""

    day: date | None
    until: date | None
    guests: int | None

    @property
    def nights(self) -> Times | None:
        """The nights that were asked for, or None."""
        if self.day is None or self.until is None:
            return None
        return Times(check_in=self.day, check_out=self.until)


def query_of(venue: Venue, wish: SearchWish) -> str:
    """Returns what was asked as the query of the venue's page; "" for nothing."""
    names = ["date", ""]
    if modes.sells_nights(venue):
        names = ["check_in", "check_out"]
    elif modes.is_always_open(venue, hours.openings_of(venue, None)):
        names = ["from_date", ""]
    given = {names[0]: wish.day, names[1]: wish.until, "guests": wish.guests}
    return urlencode({name: str(value) for name, value in given.items() if name and value})


def stays(venue: Venue, wish: SearchWish, *, now: datetime) -> list[Pick]:
    """Returns the categories with a room for the nights that were asked for, the cheapest first."""
    assert wish.nights is not None
    guests = wish.guests or 1
    try:
        found = offers.of_range(venue, wish.nights, party=guests, category=None, now=now)
    except Refusal:
        return []
    picks = [
        pick
        for pick in selection.of_offers(venue, found, guests=guests)
        if pick.left and not pick.category.is_on_request
    ]
    return sorted(picks, key=lambda pick: pick.price_minor)[: open_slots.MOST]


def why_nothing(venue: Venue, wish: SearchWish, *, now: datetime) -> dict[str, Any]:
    """Returns a sentence why nothing is open, and the next local day that has something."""
    next_day = open_slots.first_day(venue, party=wish.guests, now=now)
    onward = query_of(venue, SearchWish(next_day, None, wish.guests))
    return {
        "why_nothing": _why(venue, wish, now=now),
        "next_day": next_day,
        "next_query": onward,
    }


def _why(venue: Venue, wish: SearchWish, *, now: datetime) -> str:
    seats = max((unit.capacity for unit in catalogue.units_by_id(venue).values()), default=0)
    if wish.guests and wish.guests > seats and not venue.combinations.exists():
        return _("No place here seats so many.")
    if wish.day is None:
        return _("Nothing is open in the days ahead.")
    if wish.day < now.astimezone(venue.zone).date():
        return _("That day is past.")
    (day,) = calendar_days.calendar(venue, wish.day, wish.day, now=now)
    if not day.capacity:
        return _("It is closed on that day, or that day cannot be booked yet or any more.")
    return _("Everything is taken on that day.")
