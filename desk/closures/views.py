"""The pages that close units and reopen them."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.closures.forms import CloseForm
from desk.context import caller_of, choose_venue, form_page, own_venue, page
from guests.callers import Caller
from guests.own_pages import next_of
from reservations import clock
from reservations.errors import NotFound, Refusal
from reservations.inventory import closures
from reservations.models import Allocation


@require_http_methods(["GET", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    """Asks for units, range and reason, then closes the units."""
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, _("Close units"), is_of_time=True)
    wished = {name: request.GET[name] for name in ("starts_at", "ends_at") if name in request.GET}
    form = CloseForm(
        request.POST or None, venue=venue, initial={**wished, "units": request.GET.getlist("units")}
    )
    if request.method == "POST" and form.is_valid():
        units = list(form.cleaned_data["units"])
        try:
            closures.close(
                venue_id=venue.pk,
                resource_ids=[unit.pk for unit in units],
                window=form.window(),
                reason=form.cleaned_data["reason"],
                by=by,
            )
        except Refusal as fault:
            form.refuse(fault)
        else:
            names = ", ".join(unit.name for unit in units)
            messages.success(
                request,
                _("Closed at %(venue)s: %(units)s.") % {"venue": venue.name, "units": names},
            )
            return redirect(next_of(request) or "admin:reservations_allocation_changelist")
    return form_page(
        request,
        form,
        title=_("Close units of %(venue)s") % {"venue": venue.name},
        button=_("Close them"),
        is_of_time=True,
    )


@require_http_methods(["GET", "POST"])
def reopen(request: HttpRequest, closure_id: uuid.UUID) -> HttpResponse:
    """Asks for confirmation, then ends the closure now. Raises Http404 for one of another venue."""
    by = caller_of(request)
    rows = _closed(closure_id, by)
    listed = next_of(request) or reverse("admin:reservations_allocation_changelist")
    if not any(row.is_live and row.ends_at > clock.now() for row in rows):
        # A second press finds the closure ended.
        messages.info(request, _("This closure has ended."))
        return redirect(listed)
    if request.method == "GET":
        zone = rows[0].venue.zone
        taken = [
            (row.resource.name, phrases.span(row.starts_at, row.ends_at, zone)) for row in rows
        ]
        return page(
            request,
            "reopen",
            title=_("Reopen these units?"),
            is_of_time=True,
            rows=taken,
            reason=rows[0].reason,
            venue=rows[0].venue,
            next_page=next_of(request),
        )
    try:
        closures.reopen(closure_id=closure_id, by=by)
    except NotFound:
        messages.info(request, _("This closure has ended."))
    except Refusal as fault:
        messages.error(request, phrases.refusal(fault, rows[0].venue.zone))
    else:
        names = ", ".join(dict.fromkeys(row.resource.name for row in rows))
        messages.success(request, _("Open again: %(units)s.") % {"units": names})
    return redirect(listed)


def _closed(closure_id: uuid.UUID, by: Caller) -> list[Allocation]:
    rows = Allocation.objects.filter(closure_id=closure_id, is_live=True)
    if by.venue_ids is not None:
        rows = rows.filter(venue__in=by.venue_ids)
    found = list(rows.select_related("venue", "resource").order_by("resource", "starts_at"))
    if (
        not found
        and not Allocation.objects.filter(
            closure_id=closure_id, **({} if by.venue_ids is None else {"venue__in": by.venue_ids})
        ).exists()
    ):
        raise Http404("There is no such closure, or it is not yours.")
    return found
