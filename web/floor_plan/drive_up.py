"""Answers a driver at the barrier: is a spot free from now, for how long, and if not, when?"""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from reservations.alternatives import search
from reservations.alternatives.search import RefusedWish
from reservations.availability import offers as availability
from reservations.availability import open_slots
from reservations.availability.offers import Availability
from reservations.errors import Refusal
from reservations.requests import Times
from reservations.rules import modes
from venues.hours import Window
from venues.models import Venue
from web import refusals, selection
from web.selection import Pick

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class DriveUpForm(forms.Form):
    """Asks for how many hours the driver wants to stay."""

    hours = forms.IntegerField(label=_("Hours"), min_value=1, max_value=2_000)


def answer(venue: Venue, query: QueryDict, now: datetime) -> dict[str, Any] | None:
    """Returns whether a spot is free from now, else alternatives. None if the venue sells nights.

    The keys are those that lots/walk_in.html reads. Without a valid number of hours, only the form
    is there.
    """
    if modes.sells_nights(venue):
        return None
    length = venue.policy.default_length or HOUR
    hours = max(1, round(length / HOUR))
    form = DriveUpForm(query if "hours" in query else None, initial={"hours": hours})
    is_slots = modes.sells_slots(venue)
    said: dict[str, Any] = {"form": form, "hours": hours, "is_slots": is_slots}
    if form.is_bound and not form.is_valid() and not is_slots:
        return said
    if form.is_bound and not is_slots:
        hours = form.cleaned_data["hours"]
    window = _next_slot(venue, now) if is_slots else _from_now(now, hours * HOUR)
    said |= {"hours": hours, "window": window, "is_answered": True}
    if window is None:
        return {**said, "is_free": False, "instead": _next_days(venue, now)}
    found = of_range(venue, window, now)
    said["offers"] = free = offers(venue, found)
    said["is_free"] = any(not pick.category.is_on_request for pick in free)
    if not said["is_free"]:
        said["why_not"] = refusals.told(found.refusal, venue) if found.refusal else ""
        said["instead"] = _later(venue, found.window, now)
    return said


def _later(venue: Venue, window: Window, now: datetime) -> list[Pick]:
    wish = RefusedWish(venue=venue, window=window, party=1, category=None, resource=None, now=now)
    found = search.Search(wish).run()
    return selection.of_alternatives(venue, found, guests=1)


def _next_days(venue: Venue, now: datetime) -> list[Pick]:
    """The first slots of the next day that has any."""
    found = open_slots.next_few([venue], day=None, party=1, now=now)[venue.pk]
    return [selection.of_slot(venue, one, guests=1) for one in found]


def usual_range(venue: Venue, now: datetime) -> Window:
    """Returns the range to show first: from now for the usual length, or the next slot or night."""
    policy = venue.policy
    if modes.sells_nights(venue):
        night = modes.first_night(venue, now)
        return modes.stay(venue, night, night + timedelta(days=1))
    if modes.sells_slots(venue) and (window := _next_slot(venue, now)):
        return window
    if modes.sells_slots(venue):
        later = open_slots.next_few([venue], day=None, party=1, now=now)[venue.pk]
        if later:
            return later[0].window
    return _from_now(now, policy.default_length or policy.slot_length or HOUR)


def _next_slot(venue: Venue, now: datetime) -> Window | None:
    """The next slot of today that can be booked. None without one."""
    try:
        return modes.window_of(venue, Times(from_now=True), now)
    except Refusal:
        return None


def _from_now(now: datetime, length: timedelta) -> Window:
    return Window(_soon(now), _soon(now) + length)


def _soon(now: datetime) -> datetime:
    """The next multiple of five minutes, at least three away, so that it can still be booked a
    moment later.
    """
    later = now + 3 * MINUTE
    whole = later.replace(minute=later.minute - later.minute % 5, second=0, microsecond=0)
    return whole + 5 * MINUTE


def of_range(venue: Venue, window: Window, now: datetime) -> Availability:
    """Returns what can be booked in a range. Without a valid range: no offers and the refusal."""
    times = Times(starts_at=window.start, ends_at=window.end)
    try:
        return availability.of_range(venue, times, party=1, category=None, now=now)
    except Refusal as refusal:
        return Availability(window, [], refusal)


def offers(venue: Venue, found: Availability) -> list[Pick]:
    """Returns a selection for each category, and unit with a price of its own, that is free for
    the whole range. [] if it is refused.
    """
    if found.refusal:
        return []
    return [pick for pick in selection.of_offers(venue, found, guests=1) if pick.left]
