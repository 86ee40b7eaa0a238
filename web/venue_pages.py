"""Venues as guests find them: the search, which is the home page, and the page of each."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from reservations import clock, judging, open_slots, searching
from reservations.errors import NotFound
from venues import wording
from venues.models import Venue
from web import choosing
from web.forms import SearchForm
from web.picks import Pick
from web.visitors import visitor

PER_PAGE = 12


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The search, and everything that matches it; what cannot be read is told and left out."""
    form = SearchForm(request.GET)
    form.is_valid()
    asked, now = form.cleaned_data, clock.now()
    found = searching.matching(
        words=asked.get("q", ""),
        kind=asked.get("kind", ""),
        city=asked.get("city", ""),
        by=visitor(request),
    )
    page = Paginator(found.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    venues = list(page.object_list)
    day, guests = asked.get("date"), asked.get("guests")
    booked = searching.booked_today(venues, now=now)
    slots = open_slots.next_few(venues, day=day, party=guests, now=now)
    cards = [
        {
            "venue": venue,
            "booked_today": booked[venue.pk],
            "open": [_pick(venue, slot, guests) for slot in slots.get(venue.pk, [])],
        }
        for venue in venues
    ]
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
    """One venue: what it is, its policy in words, and what of it can be booked when."""
    try:
        found = judging.find_venue(slug)
    except NotFound:
        raise Http404 from None
    rated = searching.rated().get(pk=found.pk)
    context = {
        "venue": found,
        "rated": rated,
        "policy": wording.sentences(found),
        "has_plan": any(unit.plan_x is not None for unit in found.resources.all()),
        **choosing.what_can_be_chosen(found, request.GET, now=clock.now()),
    }
    return render(request, "web/venue.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it here on pages that name none, such as the admin and the API's docs."""
    return redirect(static("web/favicon.svg"), permanent=True)


def _pick(venue: Venue, slot: open_slots.OpenSlot, guests: int | None) -> Pick:
    return Pick(
        venue=venue,
        window=slot.window,
        category=slot.category,
        unit=None,
        guests=guests or open_slots.USUAL_PARTY.get(Venue.Kind(venue.kind), 1),
        price_minor=slot.price_minor,
    )
