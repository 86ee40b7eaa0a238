"""What every page of the desk needs: the caller, the venue, and the page to go to next."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk import viewed as record
from desk.scoping import known, venues_of
from guests.callers import Caller
from guests.own_pages import next_of
from reservations.availability import venue_search
from reservations.models import Reservation
from reservations.privacy.access_log import OPEN, SEARCH
from reservations.rules import modes
from venues.models import Venue

REMEMBERED = "desk_venue"
"""The session key of the chosen venue's id."""

FOR_VENUE = "for_venue"
"""The hidden field of a form with the id of the venue that it was made for."""

AGAIN = "for_venue_again"
"""The hidden field of a form that was not carried out, since the clerk works elsewhere by now."""

MOST_LISTED = 100

LISTS = ("today", "timeline", "lot", "affected", "sent")
"""Pages that show several guests."""
"""Venues in the list to choose from."""

LONGEST_ID = 18
"""Digits of an id. A number of so many digits fits into a bigint."""


def caller_of(request: HttpRequest) -> Caller:
    """Returns the person who is logged in. Raises PermissionDenied unless they are staff."""
    by = known(request)
    if by.kind not in ("staff", "administrator"):
        raise PermissionDenied
    return by


def own_venue(request: HttpRequest, by: Caller) -> Venue | None:
    """Returns the venue of a form that was sent, else the one in the address, else the one chosen
    before, else the caller's only venue.

    None if the caller has to choose first. Raises Http404 for a venue that is not theirs.
    """
    sent = request.POST.get(FOR_VENUE, "")
    if not sent:
        return _present_venue(request, by)
    venues = venues_of(request).filter(is_active=True).select_related("policy")
    found = venues.filter(pk=id_of(sent) or 0).first()
    if found is None or not by.may_run(found.pk):
        raise Http404("There is no such venue, or it is not yours.")
    return found


def why_not_here(request: HttpRequest, venue: Venue, by: Caller) -> str:
    """Returns why a form that was sent is not carried out yet, or "".

    The clerk works at another venue by now, or the form does not say for which venue it was made.
    Sent again as it is then shown, it is carried out at its own venue.
    """
    if request.POST.get(AGAIN) == str(venue.pk):
        return ""
    present = _present_venue(request, by)
    if request.POST.get(FOR_VENUE):
        if present is None or present.pk == venue.pk:
            return ""
        told = _(
            "This form is for %(venue)s, but you work at %(present)s now. Nothing was done. Send it"
            " again to do it at %(venue)s."
        )
        return told % {"venue": venue.name, "present": present.name}
    if request.GET.get("venue") or venues_of(request).filter(is_active=True).count() == 1:
        return ""
    told = _(
        "This form does not say for which venue it is. Nothing was done. Send it again to do it at"
        " %(venue)s."
    )
    return told % {"venue": venue.name}


def _present_venue(request: HttpRequest, by: Caller) -> Venue | None:
    asked = request.GET.get("venue", "")
    venues = venues_of(request).filter(is_active=True).select_related("policy")
    if asked:
        found = venues.filter(pk=id_of(asked) or 0).first()
        if found is None or not by.may_run(found.pk):
            raise Http404("There is no such venue, or it is not yours.")
        return found
    chosen = request.session.get(REMEMBERED)
    if chosen is not None and (kept := venues.filter(pk=chosen).first()):
        return kept
    first = list(venues[:2])
    return first[0] if len(first) == 1 else None


def id_of(asked: str) -> int | None:
    """Returns the id that a form or query names; None for what is none."""
    is_id = asked.isascii() and asked.isdecimal() and len(asked) <= LONGEST_ID
    return int(asked) if is_id else None


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Stores the chosen venue in the session. A GET shows the list of venues."""
    by = caller_of(request)
    next_page = next_of(request) or "admin:today"
    if request.method == "POST":
        asked = request.POST.get("venue", "")
        venues = venues_of(request).filter(is_active=True)
        found = venues.filter(pk=id_of(asked) or 0).first()
        if found is None or not by.may_run(found.pk):
            raise Http404("There is no such venue, or it is not yours.")
        request.session[REMEMBERED] = found.pk
        return redirect(next_page)
    return choose_venue(request, _("Which venue do you work at?"))


def choose_venue(request: HttpRequest, title: str, **context: Any) -> HttpResponse:
    """Shows the list of the caller's venues, to choose one."""
    asked = request.GET.get("q", "").replace("\0", "").strip()
    venues = venues_of(request).filter(is_active=True)
    if asked:
        venues = venue_search.named(venues, asked)
    keys = venue_search.in_order(venues)[: MOST_LISTED + 1]
    by_key = venues.in_bulk(keys)
    found = [by_key[pk] for pk in keys if pk in by_key]
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


def page(
    request: HttpRequest,
    name: str,
    *,
    viewed: Iterable[Reservation | None] = (),
    **context: Any,
) -> HttpResponse:
    """Renders a page of the desk inside the admin's layout.

    `viewed` are the reservations whose guests it shows: that is recorded.
    """
    why = SEARCH if name in LISTS else OPEN
    record.reservations(request, f"desk:{name}", why, viewed)
    template = f"desk/{name}.html"
    return render(request, template, {**admin.site.each_context(request), **context})


def form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    """Renders a page with a form in the style of the admin's own forms."""
    shown = AdminForm(form, form.fieldsets, {})
    row = context.get("row")
    row_page = reverse("admin:reservations_reservation_change", args=[row.pk]) if row else ""
    context["instead"] = [one.to_send(form) for one in context.get("instead", ())]
    venue = getattr(form, "venue", None)
    answer = page(
        request,
        "form",
        form=form,
        for_venue=venue.pk if venue else "",
        adminform=shown,
        next_page=next_of(request),
        row_page=row_page,
        viewed=[row] if request.method == "GET" else (),
        **context,
    )
    if context.get("is_elsewhere"):
        answer.status_code = 409
    return answer


def onward(request: HttpRequest, reservation_id: int) -> HttpResponseRedirect:
    """Redirects to the next page, or to the reservation if none is given."""
    following = next_of(request)
    if following:
        return HttpResponseRedirect(following)
    return redirect("admin:reservations_reservation_change", reservation_id)


def turned_away(
    request: HttpRequest, row: Reservation, refused: str, now: datetime
) -> HttpResponseRedirect:
    """Redirects with an error if the status does not allow the verb. `refused` has `%(code)s` and
    `%(status)s`.
    """
    status = str(phrases.LABELS[row.status_at(now)]).lower()
    messages.error(request, refused % {"code": row.code, "status": status})
    return onward(request, row.pk)


def day_of(request: HttpRequest, venue: Venue, now: datetime, name: str = "day") -> date:
    """Returns the date in the query parameter `name`, else the one that the desk works on."""
    today = modes.business_date(venue, now)
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return today
    return day if day.year in modes.YEARS else today


def mine(reservation_id: int, by: Caller) -> Reservation:
    """Returns a reservation at one of the caller's venues. Raises Http404 for any other."""
    rows = Reservation.objects.select_related("venue__policy", "category", "guest")
    if by.venue_ids is not None:
        rows = rows.filter(venue__in=by.venue_ids)
    row = rows.filter(pk=reservation_id).first()
    if row is None:
        raise Http404("There is no such reservation, or it is not yours.")
    return row
