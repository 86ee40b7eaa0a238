"""Who asks, for which venue, and where they go next."""

from datetime import date, datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.scoping import venues_of
from guests import callers
from guests.callers import Caller
from guests.models import User
from reservations.models import Reservation
from reservations.rules import modes
from venues.models import Venue

REMEMBERED = "desk_venue"
"""Under which the session keeps the venue that somebody works at."""

MOST_LISTED = 100


def caller_of(request: HttpRequest) -> Caller:
    """Who does it. Raises PermissionDenied for whoever is not staff."""
    user = request.user
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        raise PermissionDenied
    return callers.for_user(user)


def own_venue(request: HttpRequest, by: Caller) -> Venue | None:
    """The venue named in the address, the one chosen before, or the only one there is.

    None while it is to be chosen.
    """
    asked = request.GET.get("venue", "")
    venues = venues_of(request).filter(is_active=True).select_related("policy")
    if asked:
        found = venues.filter(pk=int(asked)).first() if asked.isdecimal() else None
        if found is None or not by.may_run(found.pk):
            raise Http404("There is no such venue, or it is not yours.")
        return found
    chosen = request.session.get(REMEMBERED)
    if chosen is not None and (kept := venues.filter(pk=chosen).first()):
        return kept
    first = list(venues[:2])
    return first[0] if len(first) == 1 else None


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Choose the venue one works at; it is remembered until another is chosen."""
    by = caller_of(request)
    next_page = next_of(request) or "admin:today"
    if request.method == "POST":
        asked = request.POST.get("venue", "")
        venues = venues_of(request).filter(is_active=True)
        found = venues.filter(pk=int(asked)).first() if asked.isdecimal() else None
        if found is None or not by.may_run(found.pk):
            raise Http404("There is no such venue, or it is not yours.")
        request.session[REMEMBERED] = found.pk
        return redirect(next_page)
    return choose_venue(request, _("Which venue do you work at?"))


def choose_venue(request: HttpRequest, title: str, **context: Any) -> HttpResponse:
    """Ask for which venue it is."""
    asked = request.GET.get("q", "").replace("\0", "").strip()
    venues = venues_of(request).filter(is_active=True)
    if asked:
        venues = venues.filter(name__icontains=asked)
    found = list(venues[: MOST_LISTED + 1])
    return page(
        request,
        "choose_venue",
        title=title,
        venues=found[:MOST_LISTED],
        asked=asked,
        is_long=bool(asked) or len(found) > MOST_LISTED,
        next_page=next_of(request) or ("" if request.path.endswith("/venue/") else request.path),
        **context,
    )


def page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    """One of the desk's pages, within the admin's."""
    template = f"desk/{name}.html"
    return render(request, template, {**admin.site.each_context(request), **context})


def form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    """A page with a form, shown as the admin shows its own."""
    shown = AdminForm(form, form.fieldsets, {})
    row = context.get("row")
    row_page = reverse("admin:reservations_reservation_change", args=[row.pk]) if row else ""
    context["instead"] = [one.to_send(form) for one in context.get("instead", ())]
    return page(
        request,
        "form",
        form=form,
        adminform=shown,
        next_page=next_of(request),
        row_page=row_page,
        **context,
    )


def next_of(request: HttpRequest) -> str:
    """The page of ours to go to afterwards, empty where none, or none of ours, is named."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else ""


def onward(request: HttpRequest, reservation_id: int) -> HttpResponseRedirect:
    """Back to the page that was named, else to the reservation."""
    following = next_of(request)
    if following:
        return HttpResponseRedirect(following)
    return redirect("admin:reservations_reservation_change", reservation_id)


def turned_away(
    request: HttpRequest, row: Reservation, refused: str, now: datetime
) -> HttpResponseRedirect:
    """Back from what cannot be done in this status; `refused` names `code` and `status`."""
    status = str(phrases.LABELS[row.status_at(now)]).lower()
    messages.error(request, refused % {"code": row.code, "status": status})
    return onward(request, row.pk)


def day_of(request: HttpRequest, venue: Venue, now: datetime, name: str = "day") -> date:
    """The day that is asked for, today at the venue where none is or it cannot be meant."""
    today = now.astimezone(venue.zone).date()
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return today
    return day if day.year in modes.YEARS else today


def mine(reservation_id: int, by: Caller) -> Reservation:
    """A reservation of a venue they run. Raises Http404 for any other."""
    rows = Reservation.objects.select_related("venue__policy", "category", "guest")
    if by.venue_ids is not None:
        rows = rows.filter(venue__in=by.venue_ids)
    row = rows.filter(pk=reservation_id).first()
    if row is None:
        raise Http404("There is no such reservation, or it is not yours.")
    return row
