"""Alternatives to a refused reservation or move, as buttons that send the form again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django import forms
from django.http import QueryDict

from desk import phrases
from desk.fields import field_text
from guests.callers import Caller
from guests.errors import GuestError
from reservations.alternatives import find
from reservations.alternatives.group_search import Arrangement
from reservations.alternatives.search import Alternative
from reservations.errors import (
    Closed,
    HeldByOther,
    NotOffered,
    Occupied,
    PartyTooLarge,
    Refusal,
    Taken,
    TooFar,
    TooSoon,
)
from reservations.models import Reservation
from reservations.requests import Booking, Change
from reservations.rules import modes
from venues.models import Venue

REFUSALS = (Taken, HeldByOther, Occupied, Closed, NotOffered, PartyTooLarge, TooSoon, TooFar)
"""The refusals after which alternatives are offered."""


@dataclass(frozen=True, slots=True)
class Instead:
    """An alternative: its text, and the form fields that ask for it."""

    text: str
    fields: dict[str, str]
    sent: tuple[tuple[str, str], ...] = ()

    def to_send(self, form: forms.Form) -> "Instead":
        """Returns the alternative with all other fields that were sent, so that one press asks
        again.
        """
        data = form.data
        assert isinstance(data, QueryDict)
        others = [
            (name, value)
            for name, values in data.lists()
            for value in values
            if name not in (*self.fields, "csrfmiddlewaretoken", "next")
        ]
        return replace(self, sent=(*others, *self.fields.items()))


def for_booking(
    booking: Booking, fault: Refusal | GuestError, *, by: Caller, venue: Venue, now: datetime
) -> list[Instead]:
    """Returns the alternatives to a new reservation. [] if another range or unit would not help."""
    if not isinstance(fault, REFUSALS):
        return []
    found = find.for_booking(booking, fault, by=by, now=now)
    names = modes.field_names(venue)
    return [
        Instead(_text(one, venue), _fields(one, venue, names, one.category.pk)) for one in found
    ]


def for_group(
    bookings: Sequence[Booking],
    fault: Refusal | GuestError,
    *,
    lines: Sequence[int],
    by: Caller,
    venue: Venue,
    now: datetime,
) -> list[Instead]:
    """Returns times and places for all of a group; `lines` are the numbers of its form's lines.

    [] if other times or places would not help.
    """
    if not isinstance(fault, REFUSALS):
        return []
    found = find.for_group(bookings, by=by, now=now)
    return [_of_group(one, lines, venue) for one in found]


def _of_group(one: Arrangement, lines: Sequence[int], venue: Venue) -> Instead:
    window = one.window
    ends = zip(modes.field_names(venue), (window.start, window.end), strict=True)
    fields = {name: field_text(venue, at) for name, at in ends}
    for number, place in zip(lines, one.places, strict=True):
        fields[f"resource_{number}"] = str(place.unit.pk) if place.unit else ""
        fields[f"category_{number}"] = "" if place.unit else str(place.category.pk)
    names = [place.unit.name if place.unit else place.category.name for place in one.places]
    price = phrases.money(one.price_minor, venue.currency) if one.price_minor else ""
    span = phrases.span(window.start, window.end, venue.zone)
    return Instead(" · ".join(part for part in (", ".join(names), span, price) if part), fields)


def for_move(
    row: Reservation, change: Change, fault: Refusal | GuestError, *, by: Caller, now: datetime
) -> list[Instead]:
    """Returns the alternatives to a change. [] if another range or unit would not help."""
    if not isinstance(fault, REFUSALS):
        return []
    found = find.for_change(row, change, by=by, now=now)
    names = ("start", "end")
    return [
        Instead(_text(one, row.venue), _fields(one, row.venue, names, one.category.code))
        for one in found
    ]


def _text(one: Alternative, venue: Venue) -> str:
    place = one.unit.name if one.unit else one.category.name
    price = phrases.money(one.price_minor, venue.currency) if one.price_minor else ""
    span = phrases.span(one.window.start, one.window.end, venue.zone)
    return " · ".join(part for part in (place, span, price) if part)


def _fields(
    one: Alternative, venue: Venue, names: tuple[str, str], category: object
) -> dict[str, str]:
    ends = (one.window.start, one.window.end)
    times = {name: field_text(venue, at) for name, at in zip(names, ends, strict=True)}
    unit = str(one.unit.pk) if one.unit else ""
    return {**times, "resource": unit, "category": "" if unit else str(category)}
