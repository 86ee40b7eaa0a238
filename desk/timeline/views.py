"""The page of the timeline, and the page that moves a reservation."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from desk import phrases
from desk.context import (
    caller_of,
    choose_venue,
    day_of,
    form_page,
    mine,
    onward,
    own_venue,
    page,
    turned_away,
)
from desk.reservations.alternatives import for_move
from desk.reservations.amounts import asked_anew
from desk.timeline import grid
from desk.timeline.move_form import MoveForm
from guests.errors import GuestError
from reservations import actions, clock
from reservations.errors import Refusal
from reservations.lifecycle import modifications
from reservations.rules import modes
from reservations.status import Status
from venues.hours import DAY
from venues.models import Venue


@require_GET
def timeline(request: HttpRequest) -> HttpResponse:
    """Shows which reservation has which unit when."""
    venue = own_venue(request, caller_of(request))
    if venue is None:
        return choose_venue(request, _("Which venue do you work at?"))
    now = clock.now()
    first, days = day_of(request, venue, now), _days(request)
    look = grid.of(venue, first, days, now=now, page=_number(request, "page", 1))
    reach = timedelta(days=max(1, days // 2)) if look.is_nights else DAY
    return page(
        request,
        "timeline",
        title=_("Timeline of %(venue)s") % {"venue": venue.name},
        is_daily=True,
        venue=venue,
        look=look,
        viewed=look.reservations,
        step_minutes=look.step // timedelta(minutes=1),
        days=days,
        choices=(7, 14, 28),
        before=first - reach,
        after=first + reach,
        today=modes.business_date(venue, now),
        clock_time=f"{now.astimezone(venue.zone):%H:%M}",
        legend=_legend(),
        add=reverse("admin:reservations_reservation_add"),
        tail=urlencode({"venue": str(venue.pk), "next": request.get_full_path()}),
        page_numbers=range(1, look.pages + 1),
    )


@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Asks for another unit or start, then moves the reservation. Its length stays."""
    by, now = caller_of(request), clock.now()
    row = mine(reservation_id, by)
    if not modifications.may(row, now):
        refused = _("%(code)s is %(status)s: it cannot be moved. (wrong_status)")
        return turned_away(request, row, refused, now)
    form = MoveForm(request.POST or None, reservation=row, now=now)
    instead = []
    if request.method == "POST" and form.is_valid():
        change = form.change()
        if change is None:
            messages.info(request, _("Nothing was changed."))
            return onward(request, reservation_id)
        try:
            after = actions.modify(reservation_id=reservation_id, change=change, by=by)
        except (Refusal, GuestError) as fault:
            form.refuse(fault)
            instead = for_move(row, change, fault, by=by, now=clock.now())
        else:
            told = _moved(after.code, after.venue, after.starts_at)
            messages.success(request, f"{told} {asked_anew(row, after, now)}".rstrip())
            return onward(request, reservation_id)
    return form_page(
        request,
        form,
        title=_("Move %(name)s (%(code)s)") % {"name": row.last_name, "code": row.code},
        button=_("Move"),
        row=row,
        lead=phrases.span(row.starts_at, row.ends_at, row.venue.zone),
        instead=instead,
    )


def _moved(code: str, venue: Venue, starts_at: datetime) -> str:
    told = _("%(code)s is moved: it starts %(time)s.")
    return told % {"code": code, "time": phrases.short(starts_at, venue.zone)}


def _legend() -> list[tuple[str, str]]:
    drawn = [status for status in Status if grid.is_drawn(status)]
    # In the order of a reservation's life: a hold comes first.
    drawn.sort(key=lambda status: status is not Status.HELD)
    told = [(status.word, str(phrases.LABELS[status])) for status in drawn]
    return [*told, (grid.CLOSED, _("Closed"))]


def _days(request: HttpRequest) -> int:
    return min(max(1, _number(request, "days", grid.USUAL_DAYS)), grid.MOST_DAYS)


def _number(request: HttpRequest, name: str, usual: int) -> int:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) < 6 else usual
