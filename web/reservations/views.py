"""A guest's reservation: its page, and the verbs without a form, confirm and cancel."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from reservations import actions, clock
from reservations.errors import NotFound, Refusal
from reservations.lifecycle import cancellations, confirmations, modifications
from reservations.models import Reservation
from reservations.status import Status
from venues import wording
from web import refusals, selection, visitors
from web.forms import extras_of
from web.reservations import calendar_file as calendar_files

Page = Callable[[HttpRequest, Reservation], HttpResponse]


def own(page: Page) -> Callable[[HttpRequest, str], HttpResponse]:
    """Turns a page of a reservation into a view for the guest who has proven that it is theirs.

    Others are asked for code and phone number, whether the reservation exists or not.
    """

    @never_cache
    def asked(request: HttpRequest, code: str) -> HttpResponse:
        try:
            row = visitors.find(request, code)
        except NotFound:
            return redirect_to_find(request)
        return page(request, row)

    return asked


def redirect_to_find(request: HttpRequest) -> HttpResponse:
    """Redirects to the page that asks for code and phone number."""
    messages.info(request, _("Show that it is yours: give the code and the phone number."))
    return redirect("web:find")


@own
@require_safe
def reservation(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Shows the reservation and what the guest can do with it now."""
    return show(request, row)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Confirms the reservation. A GET changes nothing: it shows the page with the button."""
    if request.method != "POST":
        return redirect("web:reservation", code=row.code)
    return _carry_out(request, row, actions.confirm)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Shows the fee and asks for confirmation, then cancels the reservation."""
    if request.method == "POST":
        return _carry_out(request, row, actions.cancel)
    now = clock.now()
    if not cancellations.may(row, now):
        return redirect("web:reservation", code=row.code)
    return render(request, "web/cancel.html", _context(row))


@own
@require_safe
def calendar_file(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Sends the reservation as a calendar file. A cancelled one cancels the entry."""
    page = request.build_absolute_uri(request.path.removesuffix("calendar.ics"))
    answer = HttpResponse(
        calendar_files.of_reservation(row, page=page, now=clock.now()),
        content_type="text/calendar; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="{row.code}.ics"'
    return answer


def show(request: HttpRequest, row: Reservation, *, status: int = 200, **more: Any) -> HttpResponse:
    """Renders the page of a reservation. `more` adds to its context, such as a refusal."""
    return render(request, "web/reservation.html", _context(row) | more, status=status)


def _carry_out(
    request: HttpRequest, row: Reservation, verb: Callable[..., Reservation]
) -> HttpResponse:
    """Carries out a verb. Repeating it changes nothing and is no error."""
    try:
        verb(reservation_id=row.pk, by=visitors.visitor(request))
    except Refusal as refusal:
        row = visitors.find(request, row.code)
        return show(request, row, why_not=refusals.told(refusal, row.venue), status=409)
    return redirect("web:reservation", code=row.code)


def _context(row: Reservation) -> dict[str, Any]:
    now = clock.now()
    status = row.status_at(now)
    allocations = row.allocations.filter(is_live=True).select_related("resource").order_by("pk")
    units = {one.resource_id: one.resource for one in allocations}
    return {
        "reservation": row,
        "venue": row.venue,
        "pick": selection.again(row),
        "extras": extras_of(row),
        "units": list(units.values()),
        "status": status,
        "may_confirm": confirmations.may(row, now),
        "may_change": modifications.may(row, now),
        "may_cancel": cancellations.may(row, now),
        "may_try_again": status in (Status.EXPIRED, Status.CANCELLED) and row.starts_at > now,
        "fee_minor": cancellations.fee_minor(row, now),
        "policy": wording.sentences(row.venue),
    }
