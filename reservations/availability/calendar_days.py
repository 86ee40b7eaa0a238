"""Counts free units for each day of a calendar. Reads only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from reservations.availability.slots import Stretch, stretches_sold, units_sold
from reservations.pricing import offered
from reservations.rules.categories import categories_named
from reservations.rules.modes import days
from reservations.rules.sold_ranges import dates
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One local date: how many units can be sold, how many are free, and the lowest price.

    Each night, or each range of each unit that begins on the date, counts once. The price is in
    minor units; None when nothing is sold.
    """

    day: date
    capacity: int
    free: int
    lowest_price_minor: int | None


def calendar(
    venue: Venue, first: date, last: date, *, now: datetime, category: str | None = None
) -> list[CalendarDay]:
    """The calendar of a venue or of one category (its code), for local dates `first` to `last`.

    A range that begins after midnight counts for the date on which it begins. Prices are those of
    one guest. Raises NotFound for
    an unknown category.
    """
    categories = {one.pk: one for one in categories_named(venue, category)}
    begun: dict[date, list[Stretch]] = {day: [] for day in dates(first, last)}
    units = units_sold(venue, category)
    for stretch in stretches_sold(venue, units, days(first, last, venue.zone), now=now):
        begun[stretch.window.start.astimezone(venue.zone).date()].append(stretch)
    return [_calendar_day(venue, day, found, categories) for day, found in begun.items()]


def _calendar_day(
    venue: Venue, day: date, stretches: Iterable[Stretch], categories: Mapping[int, Category]
) -> CalendarDay:
    capacity = free = 0
    # By category, and by unit where one has rates of its own.
    sold_by: set[tuple[int, int | None, Window]] = set()
    free_at: set[tuple[int, int | None, Window]] = set()
    for stretch in stretches:
        open_units = [unit for unit in stretch.units if stretch.state_of(unit) == "free"]
        capacity += len(stretch.units)
        free += len(open_units)
        sold_by |= {(*key, stretch.window) for key in _priced(venue, stretch.units)}
        free_at |= {(*key, stretch.window) for key in _priced(venue, open_units)}
    prices = {
        offered.price_of(venue, _category(venue, categories[pk], unit), window)
        for pk, unit, window in free_at or sold_by
    }
    return CalendarDay(day, capacity, free, min(prices, default=None))


def _priced(venue: Venue, units: Iterable[Resource]) -> set[tuple[int, int | None]]:
    """The ids of the categories of these units, with that of a unit which has its own rates."""
    return {(unit.category_id, catalogue.priced_unit(venue, [unit.pk])) for unit in units}


def _category(venue: Venue, category: Category, unit: int | None) -> Category:
    units = [] if unit is None else [catalogue.units_by_id(venue)[unit]]
    return catalogue.priced(venue, category, units)
