"""What guests can choose on a venue's page: nights, times, slots, or any range."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reservations.alternatives import search
from reservations.alternatives.search import RefusedWish
from reservations.availability import offers as availability
from reservations.availability import open_slots, slots
from reservations.errors import Invalid, Refusal
from reservations.pricing import offered
from reservations.requests import Times
from reservations.rules import modes
from reservations.rules.categories import category_of, priced_as
from venues import hours, kinds
from venues.hours import Window
from venues.models import Policy, Venue
from web import refusals, selection
from web.forms import DayForm, NightsForm, RangeForm
from web.selection import Pick
from web.venues import month
from web.venues.month import Asked

HOUR = timedelta(hours=1)

Query = Mapping[str, str]


def what_can_be_chosen(venue: Venue, query: Query, *, now: datetime) -> dict[str, Any]:
    """Returns the context of the venue's page. `choose` names the template: nights, times, slots or
    ranges.
    """
    if modes.sells_nights(venue):
        return {"choose": "nights", **_nights(venue, query, now=now)}
    if modes.sells_slots(venue):
        return {"choose": "slots", **_slots(venue, query, now=now)}
    if modes.is_always_open(venue, hours.openings_of(venue, None)):
        return {"choose": "ranges", **_ranges(venue, query, now=now)}
    return {"choose": "times", **_times(venue, query, now=now)}


def _nights(venue: Venue, query: Query, *, now: datetime) -> dict[str, Any]:
    form, given = _read(NightsForm, query)
    arrive, leave, guests = given.get("check_in"), given.get("check_out"), given.get("guests") or 1
    asked = Asked(query=query, chosen=arrive, until=leave, guests=guests, now=now)
    context = {
        "form": form,
        "month": month.of_nights(venue, asked),
        "guests": guests,
        "arrive": arrive,
        "leave": leave,
    }
    if not arrive or not leave:
        return context
    times = Times(check_in=arrive, check_out=leave)
    return {**context, **_offers(venue, times, guests, now=now)}


def _times(venue: Venue, query: Query, *, now: datetime) -> dict[str, Any]:
    form, given = _read(DayForm, query)
    guests = given.get("guests") or kinds.named(venue.kind).usual_party
    day = given.get("date") or _first_open(venue, guests, now=now)
    options = [
        selection.of_slot(venue, one, guests=guests)
        for one in open_slots.of_day(venue, day, party=guests, now=now)
    ]
    return {**_day(venue, query, form, day, guests, now=now), "options": options}


def _slots(venue: Venue, query: Query, *, now: datetime) -> dict[str, Any]:
    form, given = _read(DayForm, query)
    guests = given.get("guests") or 1
    day = given.get("date") or _first_open(venue, guests, now=now)
    within = modes.days(day, day, venue.zone)
    try:
        grid = slots.slots(venue, within, now=now)
    except Invalid:
        # A table of so many cells is no page. The API offers the units one category at a time.
        grid = []
    units = {slot.unit.pk: slot.unit for slot in grid}
    order = sorted(units, key=lambda key: (units[key].rank, key))
    rows: dict[Window, dict[int, dict[str, Any]]] = {}
    for slot in grid:
        pick = _pick_of(venue, slot, guests) if slot.state == "free" else None
        state = _worded(slot, venue, now)
        rows.setdefault(slot.window, {})[slot.unit.pk] = {"state": state, "pick": pick}
    return {
        **_day(venue, query, form, day, guests, now=now),
        "units": [units[key] for key in order],
        "rows": [(window, [row.get(key) for key in order]) for window, row in rows.items()],
        "is_any_free": any(slot.state == "free" for slot in grid),
    }


def _worded(slot: slots.Slot, venue: Venue, now: datetime) -> str:
    """The state of a slot. `soon` for one that starts within the venue's notice."""
    is_within = now <= slot.window.start < now + venue.policy.notice
    return "soon" if slot.state == "closed" and is_within else slot.state


def _pick_of(venue: Venue, slot: slots.Slot, guests: int) -> Pick:
    """The selection of one slot, on its unit if guests may choose it."""
    may_choose = venue.policy.unit_choice == Policy.UnitChoice.GUEST
    category = priced_as(venue, [slot.unit]) if may_choose else category_of(venue, slot.unit)
    return Pick(
        venue=venue,
        window=slot.window,
        category=category,
        unit=slot.unit if may_choose else None,
        guests=guests,
        price_minor=offered.price_of(venue, category, slot.window, guests),
    )


def _ranges(venue: Venue, query: Query, *, now: datetime) -> dict[str, Any]:
    form = RangeForm(query if "from_date" in query else _usual_range(venue, now))
    choices: list[dict[str, Any]] = []
    context = {"form": form, "guests": 1, "choices": choices}
    if not form.is_valid():
        return context
    guests = form.cleaned_data.get("guests") or 1
    starts, ends = form.instants("from", venue), form.instants("until", venue)
    windows = [Window(start, end) for start in starts for end in ends if start < end]
    if not windows and not form.errors:
        form.add_error("until_time", _("Give an end that is after the start."))
    for window in windows:
        times = Times(starts_at=window.start, ends_at=window.end)
        choices.append({"window": window, **_offers(venue, times, guests, now=now)})
    return {**context, "guests": guests}


def _offers(venue: Venue, times: Times, guests: int, *, now: datetime) -> dict[str, Any]:
    """The free categories for a range, the refusal if there is one, and alternatives if none is
    free.
    """
    try:
        found = availability.of_range(venue, times, party=guests, category=None, now=now)
    except Refusal as refusal:
        return {"offers": [], "why_not": refusals.told(refusal, venue)}
    offers = selection.of_offers(venue, found, guests=guests)
    why = refusals.told(found.refusal, venue) if found.refusal else ""
    context: dict[str, Any] = {"offers": offers, "why_not": why, "window": found.window}
    if any(pick.left and not pick.category.is_on_request for pick in offers):
        return context
    wish = RefusedWish(
        venue=venue, window=found.window, party=guests, category=None, resource=None, now=now
    )
    found_instead = search.Search(wish).run()
    return {**context, "instead": selection.of_alternatives(venue, found_instead, guests=guests)}


def _day(
    venue: Venue, query: Query, form: forms.Form, day: date, guests: int, *, now: datetime
) -> dict[str, Any]:
    form.initial = {"date": day, "guests": guests}
    asked = Asked(query=query, chosen=day, guests=guests, now=now)
    return {
        "form": form,
        "month": month.of_days(venue, asked),
        "guests": guests,
        "day": day,
    }


def _first_open(venue: Venue, guests: int, *, now: datetime) -> date:
    """The first local day with something to book. Today if there is none."""
    found = open_slots.first_day(venue, party=guests, now=now)
    return found or now.astimezone(venue.zone).date()


def _read(kind: type[forms.Form], query: Query) -> tuple[forms.Form, Mapping[str, Any]]:
    """A form of the query, and those of its values that are valid."""
    if not any(name in query for name in kind.base_fields):
        return kind(), {}
    form = kind(query)
    form.is_valid()
    return form, form.cleaned_data


def _usual_range(venue: Venue, now: datetime) -> dict[str, str]:
    """The usual length from the next whole hour, as values of the form."""
    start = now.replace(minute=0, second=0, microsecond=0) + HOUR
    end = start + (venue.policy.default_length or HOUR)
    first, last = start.astimezone(venue.zone), end.astimezone(venue.zone)
    return {
        "from_date": f"{first:%Y-%m-%d}",
        "from_time": f"{first:%H:%M}",
        "until_date": f"{last:%Y-%m-%d}",
        "until_time": f"{last:%H:%M}",
        "guests": "1",
    }
