"""The admin's pages that show, make and change a reservation; each a view and transaction apart.

Every change goes through the engine's verbs, and no GET changes anything.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guests import callers
from guests.callers import Caller
from guests.errors import GuestError
from guests.models import User
from reservations import actions, clock
from reservations.desk import facts, words
from reservations.desk.buttons import CANCEL, MODIFY, PRESSED, buttons_for, hint_for
from reservations.desk.forms import HoldForm, ModifyForm
from reservations.errors import KeyReused, NotFound, Refusal
from reservations.idempotency import Answer, Once, Repeated
from reservations.models import Reservation
from reservations.status import Status
from venues.models import Venue
from venues.scoping import venues_of


def caller_of(request: HttpRequest) -> Caller:
    """Who does it. Raises PermissionDenied for whoever is not staff."""
    user = request.user
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        raise PermissionDenied
    return callers.for_user(user)


def own_venue(request: HttpRequest, by: Caller) -> Venue | None:
    """The venue named in the address, or the only one there is; None while it is to be chosen."""
    asked = request.GET.get("venue", "")
    venues = venues_of(request).filter(is_active=True).select_related("policy")
    if asked:
        found = venues.filter(pk=int(asked)).first() if asked.isdecimal() else None
        if found is None or not by.may_run(found.pk):
            raise Http404("There is no such venue, or it is not yours.")
        return found
    first = list(venues[:2])
    return first[0] if len(first) == 1 else None


def choose_venue(request: HttpRequest, title: str, **context: Any) -> HttpResponse:
    """Ask for which venue it is."""
    venues = venues_of(request).filter(is_active=True)
    return page(request, "choose_venue", title=title, venues=venues, **context)


def page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    """One of the desk's pages, within the admin's."""
    template = f"admin/reservations/{name}.html"
    return render(request, template, {**admin.site.each_context(request), **context})


def form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    """A page with a form, shown as the admin shows its own."""
    shown = AdminForm(form, form.fieldsets, {})
    return page(request, "form", form=form, adminform=shown, **context)


@require_GET
def show(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Everything known of a reservation, and what can be done with it now."""
    row, now = _mine(reservation_id, caller_of(request)), clock.now()
    return page(
        request,
        "reservation/show",
        title=f"Reservation {row.code}",
        row=row,
        is_shown=True,
        status=row.status_at(now).word,
        status_label=words.LABELS[row.status_at(now)],
        span=words.span(row.starts_at, row.ends_at, row.venue.zone),
        buttons=buttons_for(row, now),
        hint=hint_for(row, now),
        sections=facts.sections(row),
        allocations=facts.allocations(row, now),
        events=facts.events(row),
    )


@require_http_methods(["GET", "POST"])
def hold(request: HttpRequest) -> HttpResponse:
    """Take time for a new reservation."""
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, "New reservation")
    form = HoldForm(request.POST or None, venue=venue)
    if request.method == "POST" and form.is_valid():
        made = _hold(request, form, by)
        if made is not None:
            return made
    return form_page(
        request,
        form,
        title=f"New reservation at {venue.name}",
        button="Reserve" if venue.policy.confirms_at_once else "Hold",
    )


@require_http_methods(["GET", "POST"])
def modify(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Change range, unit, party or details."""
    by, now = caller_of(request), clock.now()
    row = _mine(reservation_id, by)
    if MODIFY not in buttons_for(row, now):
        status = words.LABELS[row.status_at(now)].lower()
        messages.error(request, f"{row.code} is {status}: it cannot be changed. (wrong_status)")
        return _to(reservation_id)
    form = ModifyForm(request.POST or None, reservation=row, now=now)
    if request.method == "POST" and form.is_valid():
        change = form.change()
        if change is None:
            messages.info(request, "Nothing was changed.")
            return _to(reservation_id)
        try:
            actions.modify(reservation_id=reservation_id, change=change, by=by)
        except (Refusal, GuestError) as fault:
            form.refuse(fault)
        else:
            messages.success(request, f"{row.code} is changed.")
            return _to(reservation_id)
    return form_page(
        request, form, title=f"Modify reservation {row.code}", button="Save the change", row=row
    )


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Say what cancelling costs and ask once more, then give the reservation up."""
    by, now = caller_of(request), clock.now()
    row = _mine(reservation_id, by)
    if request.method == "POST":
        return _press(request, row, actions.cancel, "is cancelled", by=by)
    if CANCEL not in buttons_for(row, now):
        return _to(reservation_id)
    is_late = (
        row.status_at(now) is Status.UPCOMING
        and row.cancel_free_until is not None
        and now > row.cancel_free_until
    )
    fee = words.money(row.cancel_fee_minor if is_late else 0, row.currency)
    return page(
        request,
        "reservation/cancel",
        title=f"Cancel reservation {row.code}?",
        row=row,
        span=words.span(row.starts_at, row.ends_at, row.venue.zone),
        fee=fee if is_late and row.cancel_fee_minor else "",
    )


@require_POST
def press(request: HttpRequest, reservation_id: int, verb: str) -> HttpResponse:
    """Carry out a verb that needs no more than a press."""
    by = caller_of(request)
    row = _mine(reservation_id, by)
    act, done = PRESSED[verb]
    return _press(request, row, act, done, by=by)


def _press(
    request: HttpRequest,
    row: Reservation,
    act: Callable[..., Reservation],
    done: str,
    *,
    by: Caller,
) -> HttpResponse:
    try:
        after = act(reservation_id=row.pk, by=by)
    except NotFound as fault:
        raise Http404(fault.detail) from fault
    except Refusal as fault:
        messages.error(request, f"{row.code}: {words.refusal(fault, row.venue.zone)}")
    else:
        price = words.money(after.price_minor, after.currency)
        changed = after.price_minor != row.price_minor
        messages.success(
            request, f"{row.code} {done}." + (f" The price is now {price}." if changed else "")
        )
    return _to(row.pk)


def _hold(request: HttpRequest, form: HoldForm, by: Caller) -> HttpResponse | None:
    try:
        row = actions.hold(booking=form.booking(), by=by, once=_once(request, form, by))
    except Repeated as repeated:
        return _to(int(repeated.answer.body))
    except KeyReused:
        # Somebody came back to a form that was sent, and altered it.
        form.may_be_sent_again()
        return None
    except (Refusal, GuestError) as fault:
        form.refuse(fault)
        return None
    state = "confirmed" if row.confirmed_at else "held"
    messages.success(request, f"{row.code} is {state} for {row.first_name} {row.last_name}.")
    return _to(row.pk)


def _once(request: HttpRequest, form: HoldForm, by: Caller) -> Once:
    sent = sorted(
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    )
    content = repr((form.venue.pk, sent))
    return Once(
        caller=f"desk:{by.name}",
        key=str(form.cleaned_data["once"]),
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
        render=lambda row: Answer(302, str(row.pk)),
    )


def _mine(reservation_id: int, by: Caller) -> Reservation:
    rows = Reservation.objects.select_related("venue__policy", "category", "guest")
    if by.venue_ids is not None:
        rows = rows.filter(venue__in=by.venue_ids)
    row = rows.filter(pk=reservation_id).first()
    if row is None:
        raise Http404("There is no such reservation, or it is not yours.")
    return row


def _to(reservation_id: int) -> HttpResponseRedirect:
    return redirect("admin:reservations_reservation_change", reservation_id)
