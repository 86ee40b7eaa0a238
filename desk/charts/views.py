"""The page of a venue's charts."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from desk.charts import figures
from desk.context import caller_of, choose_venue, day_of, own_venue, page
from reservations import clock
from reservations.rules import permissions
from reservations.rules.permissions import Act

USUAL = timedelta(days=29)


@require_GET
def charts(request: HttpRequest) -> HttpResponse:
    """Shows occupancy, revenue, lead time and no-shows of a period, by default of the
    last 30 days.
    """
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, _("Which venue do you work at?"))
    now = clock.now()
    last = day_of(request, venue, now, "to")
    first = day_of(request, venue, now, "from") if "from" in request.GET else last - USUAL
    first, last = min(first, last), max(first, last)
    first = max(first, last - timedelta(days=figures.LONGEST - 1))
    return page(
        request,
        "charts",
        title=_("Charts of %(venue)s") % {"venue": venue.name},
        is_daily=True,
        venue=venue,
        first=first,
        last=last,
        longest=figures.LONGEST,
        told=figures.of(venue, first, last, now=now),
        may_export=permissions.may(by, Act.EXPORTS, venue.pk),
        may_count=permissions.may(by, Act.COUNT, venue.pk),
    )
