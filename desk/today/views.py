"""The page of today."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from desk.context import caller_of, choose_venue, day_of, own_venue, page
from desk.today import day as days
from reservations import clock

LONGEST_SEARCH = 80
"""Characters."""


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """Shows arrivals, departures, guests in house and no-shows of a day, by default of today."""
    venue = own_venue(request, caller_of(request))
    if venue is None:
        return choose_venue(request, _("Which venue do you work at?"))
    now = clock.now()
    day = day_of(request, venue, now)
    asked = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    look = days.of(venue, day, now=now)
    found = days.found(venue, asked, now=now) if asked else []
    return page(
        request,
        "today",
        title=_("Today at %(venue)s") % {"venue": venue.name}
        if day == now.astimezone(venue.zone).date()
        else venue.name,
        is_daily=True,
        venue=venue,
        look=look,
        clock_time=f"{now.astimezone(venue.zone):%H:%M}",
        day_before=day - timedelta(days=1),
        day_after=day + timedelta(days=1),
        asked=asked,
        found=found,
        viewed=[row.reservation for row in [*look.rows, *found]],
    )
