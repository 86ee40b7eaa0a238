"""The home page with the search, and the page of a venue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from reservations import clock, records
from reservations.availability import answer_cache, open_slots, venue_search
from reservations.errors import NotFound
from reservations.rules import modes
from venues import catalogue, kinds, wording
from venues.hours import Window
from venues.models import Venue
from web.forms import SearchForm
from web.selection import Pick
from web.venues import choices, wished
from web.venues.wished import SearchWish
from web.visitors import visitor

PER_PAGE = 12

_Slot = tuple[Window, int, int, int | None]
"""A range, the id of its category, its price in minor units, and the id of a unit to name."""
_Lately = tuple[int, list[_Slot]]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Shows the search and the venues that match. Reports values it cannot read, and
    ignores them.
    """
    form = SearchForm(request.GET)
    form.is_valid()
    asked, now = form.cleaned_data, clock.now()
    found = venue_search.matching(
        words=asked.get("q", ""),
        kind=asked.get("kind", ""),
        city=asked.get("city", ""),
        by=visitor(request),
    )
    keys = venue_search.in_order(found)
    page = Paginator(keys, PER_PAGE).get_page(request.GET.get("page"))
    by_key = found.in_bulk(list(page.object_list))
    venues = [by_key[pk] for pk in page.object_list if pk in by_key]
    wish = SearchWish(asked.get("date"), asked.get("until"), asked.get("guests"))
    cards = _cards(venues, wish, now=now)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "cards": cards,
        "keep": f"{query.urlencode()}&" if query else "",
        "is_search": any(asked.get(name) for name in form.fields),
    }
    return render(request, "web/home.html", context)


@require_safe
def venue(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows a venue with its policy and what guests can book. Raises Http404."""
    try:
        found = records.find_venue(slug)
    except NotFound:
        raise Http404 from None
    rated = venue_search.rated().get(pk=found.pk)
    context = {
        "venue": found,
        "rated": rated,
        "policy": wording.sentences(found),
        "has_plan": any(unit.plan_x is not None for unit in found.resources.all()),
        **choices.what_can_be_chosen(found, request.GET, now=clock.now()),
    }
    return render(request, "web/venue.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirects to the icon, for pages that name none, such as the admin and the API's
    documentation.
    """
    return redirect(static("web/favicon.svg"), permanent=True)


def _cards(venues: Sequence[Venue], wish: SearchWish, *, now: datetime) -> list[dict[str, Any]]:
    """The cards of venues. What changes with every booking is cached for some seconds."""
    day, guests = wish.day, wish.guests

    def work_out(some: Sequence[Venue]) -> dict[int, _Lately]:
        booked = venue_search.booked_today(some, now=now)
        found = open_slots.next_few(some, day=day, party=guests, now=now)
        return {
            venue.pk: (booked[venue.pk], [_slim(slot) for slot in found[venue.pk]])
            for venue in some
        }

    question = f"page: lately, and open or named on {day} for {guests}"
    lately = answer_cache.several(question, venues, now=now, work_out=work_out)
    sold_by = {venue.pk: venue for venue in catalogue.refreshed(venues)}
    cards = []
    for venue in venues:
        sold = sold_by[venue.pk]
        opened = [_pick(sold, slot, guests) for slot in lately[venue.pk][1]]
        if wish.nights and modes.sells_nights(sold):
            opened = wished.stays(sold, wish, now=now)
        card = {
            "venue": venue,
            "booked_today": lately[venue.pk][0],
            "open": opened,
            "query": wished.query_of(sold, wish),
        }
        cards.append(card if opened else card | wished.why_nothing(sold, wish, now=now))
    return cards


def _slim(slot: open_slots.VenueSlot) -> _Slot:
    """The parts of a slot to cache, without the category and its rates."""
    return slot.window, slot.category.pk, slot.price_minor, slot.unit.pk if slot.unit else None


def _pick(venue: Venue, slot: _Slot, guests: int | None) -> Pick:
    window, category, price, unit = slot
    return Pick(
        venue=venue,
        window=window,
        category=next(one for one in venue.categories.all() if one.pk == category),
        unit=catalogue.units_by_id(venue).get(unit) if unit else None,
        guests=guests or kinds.named(venue.kind).usual_party,
        price_minor=price,
    )
