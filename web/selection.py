"""The selection of a guest: a range, a category or unit, and a party, as addresses carry it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from reservations.alternatives.search import Alternative
from reservations.availability.offers import Availability
from reservations.availability.open_slots import VenueSlot
from reservations.errors import Invalid, NotFound
from reservations.models import Reservation
from reservations.pricing import offered
from reservations.requests import Times
from reservations.rules import modes
from reservations.rules.categories import categories_for, priced_as
from reservations.rules.guest_fields import LARGEST_PARTY, longest
from spelling import dates
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Resource, Venue

MOST_GUESTS = LARGEST_PARTY


class InstantField(forms.Field):
    """An instant with its offset, as our own links and buttons carry it."""

    def to_python(self, value: Any) -> datetime | None:
        """Returns an aware datetime, or None for an empty field. Raises ValidationError."""
        if value in self.empty_values:
            return None
        try:
            found = parse_datetime(str(value))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None or found.year not in modes.YEARS:
            raise ValidationError(_("This is not a time that can be booked."))
        return found


class DayField(forms.DateField):
    """A date in a plausible year, as a date input sends it or as guests type it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **options: Any) -> None:
        messages = {"invalid": _("Write a date such as 2027-03-31.")}
        super().__init__(input_formats=dates.FORMATS, error_messages=messages, **options)

    def to_python(self, value: Any) -> date | None:
        """Returns the date, or None for an empty field. Raises ValidationError."""
        found = super().to_python(value)
        if found is not None and found.year not in modes.YEARS:
            raise ValidationError(_("Nothing is sold in that year."))
        return found


class GuestsField(forms.IntegerField):
    """The party. The venue decides whether it fits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MOST_GUESTS, **options)


class PickForm(forms.Form):
    """A selection in an address or in hidden fields."""

    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    check_in = DayField(required=False)
    check_out = DayField(required=False)
    category = forms.CharField(required=False, max_length=longest("code", of=Category))
    resource = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    guests = GuestsField(required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A range in a category, on a unit if the guest chose one, with its price at this moment."""

    venue: Venue
    window: Window
    category: Category
    unit: Resource | None
    guests: int
    price_minor: int
    left: int | None = None
    """The number of free units; None if the page does not show it."""

    @property
    def fields(self) -> dict[str, str]:
        """The values for hidden fields and addresses. `read` reads them."""
        given = modes.fields(self.venue, self.window)
        times = {name: _written(when) for name, when in given.items()}
        what = {"resource": str(self.unit.pk)} if self.unit else {"category": self.category.code}
        return {**times, **what, "guests": str(self.guests)}

    @property
    def query(self) -> str:
        """The values as a query string."""
        return urlencode(self.fields)

    @property
    def nights(self) -> int | None:
        """The number of nights; None if the venue does not sell nights."""
        return modes.nights(self.venue, self.window)

    @property
    def times(self) -> Times:
        """The times for the engine."""
        return modes.times_of(self.venue, self.window)


def read(venue: Venue, data: Mapping[str, Any], *, now: datetime) -> Pick:
    """Returns the selection in an address or form. Raises Refusal if it cannot be one.

    Without a category, takes the first that seats the party.
    """
    form = PickForm(data)
    if not form.is_valid():
        raise Invalid("starts_at", str(_("That time could not be read. Choose one below.")))
    given = form.cleaned_data
    names = ("starts_at", "ends_at", "check_in", "check_out")
    window = modes.resolve(venue, Times(**{name: given[name] for name in names}), now)
    guests = given["guests"] or 1
    unit = _unit(venue, given["resource"])
    category = (
        priced_as(venue, [unit])
        if unit
        else categories_for(venue, given["category"] or None, guests, window)[0]
    )
    return Pick(
        venue=venue,
        window=window,
        category=category,
        unit=unit,
        guests=guests,
        price_minor=offered.price_of(venue, category, window, guests),
    )


def of_offers(venue: Venue, found: Availability, *, guests: int) -> list[Pick]:
    """Returns a selection for each offer of a range: on a unit that the venue chooses, and on each
    free unit with a price of its own.
    """
    picks: list[Pick] = []
    for offer in found.offers:
        of_category = Pick(
            venue=venue,
            window=found.window,
            category=offer.category,
            unit=None,
            guests=guests,
            price_minor=offer.price_minor,
            left=offer.count,
        )
        if offer.count or not offer.named:
            picks.append(of_category)
        picks += [
            replace(of_category, unit=one.unit, price_minor=one.price_minor, left=1)
            for one in offer.named
        ]
    return picks


def of_slot(venue: Venue, slot: VenueSlot, *, guests: int) -> Pick:
    """Returns an open slot as a selection."""
    return Pick(
        venue=venue,
        window=slot.window,
        category=slot.category,
        unit=slot.unit,
        guests=guests,
        price_minor=slot.price_minor,
    )


def of_alternatives(venue: Venue, found: Iterable[Alternative], *, guests: int) -> list[Pick]:
    """Returns the engine's alternatives as selections, in their order."""
    return [
        Pick(
            venue=venue,
            window=one.window,
            category=one.category,
            unit=one.unit,
            guests=guests,
            price_minor=one.price_minor,
        )
        for one in found
    ]


def again(row: Reservation) -> Pick:
    """Returns the selection that a reservation was made from, without its unit."""
    return Pick(
        venue=row.venue,
        window=Window(row.starts_at, row.ends_at),
        category=row.category,
        unit=None,
        guests=row.guest_count,
        price_minor=row.price_minor,
    )


def _written(when: date | datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if isinstance(when, datetime) else when.isoformat()


def _unit(venue: Venue, key: int | None) -> Resource | None:
    if key is None:
        return None
    unit = catalogue.units_by_id(venue).get(key)
    if unit is None or unit.retired_at:
        raise NotFound(str(_("There is no such place here any more. Choose another.")))
    return unit
