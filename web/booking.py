"""The booking form: it shows the selected range and its price, and holds it when sent."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from guests.callers import Caller
from guests.credentials import keyed_digests
from guests.errors import ContactInvalid
from reservations import actions, clock, records
from reservations.alternatives import find, search
from reservations.errors import Invalid, KeyReused, NotFound, QuoteExpired, Refusal
from reservations.idempotency import Answer, Once, Repeated, is_known
from reservations.models import Reservation
from reservations.pricing import quotes
from reservations.pricing.charges import Party
from reservations.requests import Booking
from venues import prices
from web import price_lines, refusals, refused_pick, selection, visitors
from web.forms import BookingForm, contact_of
from web.selection import Pick


@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows the booking form. A POST holds the range, or explains the refusal with alternatives.

    Raises Http404 if there is no such venue.
    """
    try:
        venue = records.find_venue(slug)
    except NotFound:
        raise Http404 from None
    given = request.POST if request.method == "POST" else request.GET
    try:
        pick = selection.read(venue, _picked(given), now=clock.now())
    except Refusal as refusal:
        messages.warning(request, refusals.told(refusal, venue))
        return redirect("web:venue", slug=slug)
    by = visitors.visitor(request)
    held = refused_pick.held_already(pick, by=by, now=clock.now())
    if request.method != "POST":
        known = contact_of(held or visitors.known(request))
        form = BookingForm(venue=venue, initial={**known, "guests": pick.guests})
        if why := refused_pick.refusal_of(pick, now=clock.now()):
            return _unavailable(request, pick, form, why, held)
        return _page(request, pick, form, held=held)
    if "instead" in request.POST or "recount" in request.POST:
        # Keep what the guest typed. Check nothing before they have seen the new range or price.
        typed: dict[str, Any] = {
            name: request.POST.get(name, "") for name in BookingForm.base_fields
        }
        typed["chosen"] = request.POST.getlist("chosen")
        return _page(request, pick, BookingForm(venue=venue, initial=typed))
    form = BookingForm(request.POST, venue=venue)
    if not form.is_valid():
        return _page(request, pick, form, status=422)
    if (
        held
        and not form.cleaned_data["more"]
        and not is_known(_once(_wish(request, pick, form), form, by))
    ):
        return _page(request, pick, form, held=held, status=409)
    return _take(request, pick, form)


def _unavailable(
    request: HttpRequest, pick: Pick, form: BookingForm, why: Refusal, held: Reservation | None
) -> HttpResponse:
    """Says why the range cannot be had, with alternatives, before anybody fills in a form."""
    instead = refused_pick.instead_of(pick, why, now=clock.now())
    told = refusals.told(why, pick.venue)
    facts = {"why_not": told, "code": why.code, "instead": instead, "is_closed": True, "held": held}
    return _page(request, pick, form, status=200 if held else 409, **facts)


def _picked(given: QueryDict) -> Mapping[str, Any]:
    """The selection in the address or form. The button of an alternative overrides that of its
    form.
    """
    return QueryDict(str(given["instead"])) if "instead" in given else given


def _take(request: HttpRequest, pick: Pick, form: BookingForm) -> HttpResponse:
    by = visitors.visitor(request)
    wish = _wish(request, pick, form)
    try:
        made = _hold(wish, pick, form, by)
    except ContactInvalid as fault:
        form.tell(fault)
        return _page(request, pick, form, status=422)
    except Invalid as fault:
        form.add_error(None, fault.detail)
        return _page(request, pick, form, status=422)
    except NotFound as gone:
        messages.warning(request, refusals.told(gone, pick.venue))
        return redirect("web:venue", slug=pick.venue.slug)
    except Refusal as refusal:
        return _refused(request, refusal, wish, pick, form, by)
    visitors.remember(request, made)
    code = Reservation.objects.values_list("code", flat=True).get(pk=made)
    return redirect("web:reservation", code=code)


def _hold(wish: Booking, pick: Pick, form: BookingForm, by: Caller) -> int:
    """Returns the id of the reservation. If the same form was sent before, of that earlier one."""
    once = _once(wish, form, by)
    try:
        try:
            return actions.hold(booking=wish, by=by, once=once).pk
        except QuoteExpired as old:
            # The quote has expired or is for another party. Go on if the price is still the same.
            if old.facts["price"]["amount"] != form.cleaned_data["price_shown"]:
                raise
            promised = replace(wish, quote=old.facts["quote"])
            return actions.hold(booking=promised, by=by, once=once).pk
    except Repeated as repeated:
        return int(json.loads(repeated.answer.body)["id"])


def _refused(
    request: HttpRequest,
    refusal: Refusal,
    wish: Booking,
    pick: Pick,
    form: BookingForm,
    by: Caller,
) -> HttpResponse:
    if isinstance(refusal, KeyReused):
        # The form was sent before with other values, such as after going back. Ask once more, as it
        # may be meant.
        told = _("You have booked with this form already. Send it again to book once more.")
        return _page(request, pick, form, why_not=told, status=409)
    found = []
    if isinstance(refusal, search.REFUSED_TIME):
        found = find.for_booking(wish, refusal, by=by, now=clock.now())
    return _page(
        request,
        pick,
        form,
        why_not=refusals.told(refusal, pick.venue),
        instead=selection.of_alternatives(pick.venue, found, guests=wish.guest_count),
        status=409,
    )


def _page(
    request: HttpRequest, pick: Pick, form: BookingForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Renders the form with the price of this moment, and a key that makes sending it twice
    harmless.
    """
    venue, now = pick.venue, clock.now()
    wanted = quotes.Wanted(pick.category, pick.window, Party(pick.guests, form.ages), form.codes)
    quote = quotes.quote(venue, wanted, now=now)
    costs = quotes.cancellation(quote, pick.window, now=now)
    context = {
        "venue": venue,
        "pick": pick,
        "form": form,
        "quote": quote,
        "lines": price_lines.worded(quote.lines, pick.window, venue, pick.category),
        "paying": price_lines.paying(
            quote.promised.asked, quote.amount_minor, quote.due_now_minor, venue.currency
        ),
        "cancelling": price_lines.cancelling(costs, venue),
        "is_asked": bool(quote.due_now_minor) or quote.promised.asked.is_guarantee,
        "price_shown": str(prices.decimal(quote.amount_minor, venue.currency)),
        "once": secrets.token_urlsafe(24),
        **more,
    }
    return render(request, "web/book.html", context, status=status)


def _wish(request: HttpRequest, pick: Pick, form: BookingForm) -> Booking:
    person = visitors.known(request)
    # What somebody chose for all their letters comes before the language of this page.
    chosen = person.language if person else ""
    return Booking(
        venue=pick.venue.slug,
        times=pick.times,
        contact=form.contact,
        guest_count=form.cleaned_data["guests"],
        children=form.cleaned_data.get("children", ()),
        extras=form.codes,
        category=None if pick.unit else pick.category.code,
        resource=pick.unit.pk if pick.unit else None,
        **form.extras,
        quote=form.cleaned_data["quote"],
        language=chosen or get_language() or "",
    )


def _once(wish: Booking, form: BookingForm, by: Caller) -> Once:
    """The form's idempotency key. It is random, so anonymous guests need no other name."""
    facts = repr(replace(wish, quote="", language=""))
    caller = by.name if by.user_id else "page"
    fingerprint, *earlier = keyed_digests.known("web.booking", facts)
    return Once(
        caller=caller,
        key=f"page:{form.cleaned_data['once']}",
        fingerprint=fingerprint,
        render=_answer,
        guest_id=by.user_id,
        earlier=[(caller, each) for each in earlier],
    )


def _answer(row: Reservation) -> Answer:
    return Answer(201, json.dumps({"id": str(row.pk)}))
