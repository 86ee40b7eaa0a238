"""The pages that close units and reopen them."""

import uuid
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.affected import page as affected
from desk.affected.page import Question
from desk.closures.forms import CloseForm
from desk.context import caller_of, choose_venue, form_page, own_venue, page, why_not_here
from guests.callers import Caller
from guests.own_pages import next_of
from reservations import clock
from reservations.errors import NotFound, Refusal, ReservationsAffected
from reservations.inventory import closures
from reservations.models import Allocation
from venues.models import Venue


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
    elsewhere = why_not_here(request, venue, by) if request.method == "POST" else ""
    if elsewhere:
        form.add_error(None, elsewhere)
    elif request.method == "POST" and form.is_valid():
        answer = _close(request, form, venue, by)
        if answer is not None:
            return answer
    return form_page(
        request,
        form,
        title=_("Close units of %(venue)s") % {"venue": venue.name},
        button=_("Close them"),
        is_elsewhere=bool(elsewhere),
        is_of_time=True,
    )


def _close(request: HttpRequest, form: CloseForm, venue: Venue, by: Caller) -> HttpResponse | None:
    """Closes the units, or asks what becomes of the reservations on them.

    None when the form says what is wrong.
    """
    units = list(form.cleaned_data["units"])
    ids, window = [unit.pk for unit in units], form.window()
    names = ", ".join(unit.name for unit in units)
    question = Question(
        title=_("Close %(units)s of %(venue)s") % {"units": names, "venue": venue.name},
        button=_("Close them, and do this"),
        venues=[venue.pk],
        preview=partial(closures.as_closed, venue.pk, ids, window, by),
        reseats=True,
        reason=form.cleaned_data["reason"],
    )
    decided, notice, is_lacking = affected.decisions_of(request, venue.pk)
    if is_lacking:
        return affected.ask(request, question, None)
    try:
        closures.close(
            venue_id=venue.pk,
            resource_ids=ids,
            window=window,
            reason=form.cleaned_data["reason"],
            by=by,
            decided=decided,
            notice=notice,
        )
    except ReservationsAffected as fault:
        return affected.ask(request, question, fault)
    except Refusal as fault:
        if affected.is_answered(request):
            return affected.ask(request, question, fault)
        form.refuse(fault)
        return None
    messages.success(
        request, _("Closed at %(venue)s: %(units)s.") % {"venue": venue.name, "units": names}
    )
    return redirect(next_of(request) or "admin:reservations_allocation_changelist")


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
