"""The page of a floor plan: its floors in a range, how full it is, and the answer to a driver."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from guests.callers import for_user
from reservations import clock, records
from reservations.availability import floor_plan
from reservations.availability.floor_plan import Standing
from reservations.availability.offers import Availability, Offer
from reservations.errors import Invalid, NotFound
from reservations.inventory.spots import HANDICAP
from reservations.reports import occupancy as reports_occupancy
from reservations.rules import permissions
from venues.hours import Window
from venues.models import Policy, Resource, Venue
from web import refusals, visitors
from web.floor_plan import drive_up, layout, occupancy
from web.forms import RangeForm
from web.selection import Pick

WORDS = {
    "free": gettext_lazy("Free"),
    "taken": gettext_lazy("Taken"),
    "held": gettext_lazy("On hold"),
    "closed": gettext_lazy("Closed"),
}


class PlanForm(RangeForm):
    """Asks for the range of the picture, in the venue's local time."""

    # None removes the field from the form.
    guests = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.required = True
            field.label = _("Date") if name.endswith("_date") else _("Time")


@dataclass(frozen=True, slots=True)
class PlanSpot:
    """A unit in the picture. `pick` is None unless the guest can book the unit for the range."""

    standing: Standing
    x: float
    y: float
    pick: Pick | None

    @property
    def word(self) -> str:
        """The state as text."""
        return str(WORDS[self.standing.state])

    @property
    def is_accessible(self) -> bool:
        """Says whether the spot is for drivers with a disability."""
        return self.standing.unit.category.code == HANDICAP


@require_safe
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows one floor as a picture and a table. Staff also see vehicles and guests.

    Raises Http404 if there is no such venue.
    """
    try:
        venue = records.find_venue(slug)
    except NotFound:
        raise Http404 from None
    now = clock.now()
    form, window = _range(venue, request.GET, now)
    is_staff = _is_staff(request, venue)
    standings = floor_plan.stand(venue, window, now=now, is_for_staff=is_staff)
    found = drive_up.of_range(venue, window, now)
    context = {
        "venue": venue,
        "form": form,
        "window": window,
        "is_staff": is_staff,
        "is_asked": form.is_bound,
        **_picture(request.GET, standings, _picks(venue, found)),
        "words": WORDS,
        "why_not": refusals.told(found.refusal, venue) if found.refusal else "",
        "chooses": venue.policy.unit_choice == Policy.UnitChoice.GUEST,
        "offers": drive_up.offers(venue, found),
        "walk_in": drive_up.answer(venue, request.GET, now),
        **occupancy.told(venue, window, now),
    }
    return render(request, "web/lots/plan.html", context)


def _is_staff(request: HttpRequest, venue: Venue) -> bool:
    user = visitors.known(request)
    return user is not None and permissions.is_staff(for_user(user), venue.pk)


def _range(venue: Venue, query: QueryDict, now: datetime) -> tuple[PlanForm, Window]:
    """The requested range. Without a valid one, the usual range from now."""
    usual = drive_up.usual_range(venue, now)
    if not any(name in query for name in PlanForm.base_fields):
        first, last = (at.astimezone(venue.zone) for at in (usual.start, usual.end))
        return PlanForm(
            initial={
                "from_date": first.date(),
                "from_time": f"{first:%H:%M}",
                "until_date": last.date(),
                "until_time": f"{last:%H:%M}",
            }
        ), usual
    form = PlanForm(query)
    return form, _window(form, venue) or usual


def _window(form: PlanForm, venue: Venue) -> Window | None:
    if not form.is_valid():
        return None
    starts, ends = form.instants("from", venue), form.instants("until", venue)
    if not starts or not ends:
        return None
    # If an hour happens twice, the range covers both.
    window = Window(starts[0], ends[-1])
    try:
        reports_occupancy.judge(window)
    except Invalid as fault:
        form.add_error("until_date" if fault.field == "ends_at" else "from_date", _(fault.detail))
        return None
    return window


def _picks(venue: Venue, found: Availability) -> dict[int, Pick]:
    """The selection for each unit that a guest can choose."""
    if found.refusal or venue.policy.unit_choice != Policy.UnitChoice.GUEST:
        return {}
    return {
        unit.pk: Pick(
            venue=venue,
            window=found.window,
            category=offer.category,
            unit=unit,
            guests=1,
            price_minor=price,
        )
        for offer in found.offers
        for unit, price in _priced(offer)
    }


def _priced(offer: Offer) -> Iterator[tuple[Resource, int]]:
    """The free units of an offer, each with its price."""
    yield from ((unit, offer.price_minor) for unit in offer.units)
    yield from ((one.unit, one.price_minor) for one in offer.named)


def _picture(
    query: QueryDict, standings: Sequence[Standing], bookable: Mapping[int, Pick]
) -> dict[str, Any]:
    """The floor and part in the address, by default the first ones."""
    by_floor: dict[int, list[Standing]] = {}
    for one in standings:
        by_floor.setdefault(one.unit.floor, []).append(one)
    floor = _number(query.get("floor"), sorted(by_floor))
    by_unit = {one.unit.pk: one for one in by_floor.get(floor, [])}
    cut = layout.parts(one.unit for one in by_unit.values())
    part = _number(query.get("part"), range(1, len(cut) + 1))
    drawn = layout.layout(cut[part - 1])
    spots = [
        PlanSpot(by_unit[unit.pk], *drawn.places[unit.pk], bookable.get(unit.pk))
        for unit in cut[part - 1]
    ]
    return {
        "floors": [(one, _address(query, floor=one, part=None)) for one in sorted(by_floor)],
        "floor": floor,
        "parts": [
            (number, units[0].name, units[-1].name, _address(query, floor=floor, part=number))
            for number, units in enumerate(cut, start=1)
            if units
        ],
        "part": part,
        "spots": spots,
        "bookable": bool(bookable),
        "drawn": drawn,
        "cell": layout.CELL,
        "free": sum(one.state == "free" for one in by_unit.values()),
        "total": len(by_unit),
        "keep": [(name, value) for name, value in query.items() if name in PlanForm.base_fields],
    }


def _number(text: str | None, known: Sequence[int]) -> int:
    """The number in the address if it is known, else the first."""
    found = next((one for one in known if str(one) == text), None)
    return found if found is not None else next(iter(known), 0)


def _address(query: QueryDict, **changes: int | None) -> str:
    found = query.copy()
    for name, value in changes.items():
        found.pop(name, None)
        if value is not None:
            found[name] = str(value)
    return f"?{found.urlencode()}#picture"
