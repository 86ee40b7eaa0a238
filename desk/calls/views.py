"""The call list: who may be phoned before they come, today and tomorrow."""

from datetime import time, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from desk.context import caller_of, choose_venue, own_venue, page
from reservations import clock
from reservations.models import Reservation
from reservations.rules import modes
from reservations.status import Status
from venues import hours

MOST = 500
"""Guests on the list."""
_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


@require_GET
def call_list(request: HttpRequest) -> HttpResponse:
    """Lists the arrivals of today and tomorrow whose guests may be phoned, earliest first."""
    venue = own_venue(request, caller_of(request))
    if venue is None:
        return choose_venue(request, _("Which venue do you work at?"))
    now = clock.now()
    today = modes.business_date(venue, now)
    until = hours.instant(today + 2 * _DAY, _MIDNIGHT, venue.zone)
    rows = Reservation.objects.filter(
        venue=venue, starts_at__gt=now, starts_at__lt=until, receive_phone_call=True
    )
    rows = rows.exclude(phone="").in_one_of((Status.UPCOMING,), at=now)
    guests = list(rows.select_related("category").order_by("starts_at", "pk")[:MOST])
    tomorrow = hours.instant(today + _DAY, _MIDNIGHT, venue.zone)
    parts = [
        (_("Today"), [row for row in guests if row.starts_at < tomorrow]),
        (_("Tomorrow"), [row for row in guests if row.starts_at >= tomorrow]),
    ]
    return page(
        request,
        "calls",
        title=_("Call list of %(venue)s") % {"venue": venue.name},
        is_daily=True,
        venue=venue,
        parts=parts,
        viewed=guests,
    )
