"""The page of today."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from desk.context import caller_of, choose_venue, day_of, own_venue, page
from desk.today import day as days
from desk.today import found
from desk.today.just_pressed import just_pressed
from payments.outside import news
from payments.refunds import payouts
from reservations import clock, records
from reservations.availability import unsold
from reservations.rules import modes, permissions
from reservations.rules.permissions import Act
from spelling.search_text import LONGEST_ASKED
from venues.models import Venue


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """Shows arrivals, departures, guests in house and no-shows of a day, by default of today."""
    venue = own_venue(request, caller_of(request))
    if venue is None:
        return choose_venue(request, _("Which venue do you work at?"))
    now = clock.now()
    day = day_of(request, venue, now)
    asked = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_ASKED]
    look = days.of(venue, day, now=now)
    number = found.number_of(request.GET.get("page", ""))
    answer = found.page_of(venue, asked, number, now=now) if asked else None
    pressed = just_pressed(request.session, venue, now=now)
    return page(
        request,
        "today",
        title=_("Today at %(venue)s") % {"venue": venue.name}
        if day == modes.business_date(venue, now)
        else venue.name,
        is_daily=True,
        venue=venue,
        look=look,
        unsold=_unsold(venue, day, now),
        clock_time=f"{now.astimezone(venue.zone):%H:%M}",
        day_before=day - timedelta(days=1),
        day_after=day + timedelta(days=1),
        asked=asked,
        found=answer,
        pressed=pressed,
        refunds_waiting=payouts.waiting(venue.pk).count(),
        taken_back=news.taken_back(venue.pk, clock.now()).count(),
        may_count=permissions.may(caller_of(request), Act.COUNT, venue.pk),
        viewed=[
            *(row.reservation for row in [*look.rows, *(answer.rows if answer else ())]),
            *(one.reservation for one in pressed),
        ],
    )


def _unsold(venue: Venue, day: date, now: datetime) -> dict[str, Any] | None:
    """What is left of the day by category, where nights or slots are sold; None elsewhere."""
    is_nights = modes.sells_nights(venue)
    if not is_nights and not modes.sells_slots(venue):
        return None
    read = records.load_venue(venue.pk)
    found = (unsold.of_night if is_nights else unsold.of_slots)(read, day, now=now)
    return {
        "is_nights": is_nights,
        "count": sum(one.count for one in found),
        "capacity": sum(one.capacity for one in found),
        "by_type": [(one.category.name, one.count) for one in found],
    }
