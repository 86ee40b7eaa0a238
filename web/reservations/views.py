"""A guest's reservation: its page, and the verbs without a form, confirm and cancel."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from payments.errors import NothingDue
from reservations import actions, clock, records
from reservations.alternatives import find
from reservations.errors import ChangedMeanwhile, NotFound, Refusal
from reservations.lifecycle import (
    cancellations,
    check_ins,
    check_outs,
    confirmations,
    modifications,
)
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.pricing import due_now, owed, payment_terms, price_lines
from reservations.pricing.payment_terms import AskedTerms
from reservations.reports import cautions
from reservations.requests import Booking, Contact
from reservations.status import Status
from venues import wording
from venues.hours import Window
from web import price_lines as page_lines
from web import refusals, selection, visitors
from web.forms import extras_of
from web.reservations import calendar_file as calendar_files
from web.reservations import card_payments, money

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
    told = card_payments.told(request, row, clock.now())
    # A payment may have confirmed it just now.
    row = visitors.find(request, row.code) if told else row
    return show(request, row, **told, **_instead(request, row, told))


@own
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Confirms the reservation. A GET changes nothing: it shows the page with the button."""
    if request.method != "POST":
        return redirect("web:reservation", code=row.code)
    first = one_per_day.replaced_by(row, clock.now())
    answer = _carry_out(request, row, actions.confirm)
    if first is not None and answer.status_code == HTTPStatus.FOUND:
        told = _("It takes the place of %(code)s at %(time)s, which is cancelled.")
        local = first.starts_at.astimezone(row.venue.zone)
        messages.success(request, told % {"code": first.code, "time": f"{local:%H:%M}"})
    return answer


@own
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Shows fee and refund and asks for confirmation, then cancels the reservation.

    What it costs or gives back may have changed since the page was made: then it asks again.
    """
    now = clock.now()
    if not cancellations.may(row, now):
        return (
            _carry_out(request, row, actions.cancel)
            if request.method == "POST"
            else redirect("web:reservation", code=row.code)
        )
    costs = money.of_cancelling(row, now)
    if request.method == "POST" and request.POST.get("shown", costs["shown"]) == costs["shown"]:
        try:
            with records.expecting(row.pk, row.version):
                return _carry_out(request, row, actions.cancel, raises=(ChangedMeanwhile,))
        except ChangedMeanwhile:
            row = visitors.find(request, row.code)
            costs = money.of_cancelling(row, now)
    has_changed = request.method == "POST"
    context = _context(row) | costs | {"has_changed": has_changed}
    return render(request, "web/cancel.html", context, status=409 if has_changed else 200)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Says what can be paid by card. A POST leads to the provider's page.

    Pressed twice, or again after Back, it leads to the page of the payment that is open.
    """
    now = clock.now()
    if request.method == "POST":
        try:
            return card_payments.begin(request, row)
        except NothingDue:
            return redirect("web:reservation", code=row.code)
        except Refusal as refusal:
            row = visitors.find(request, row.code)
            return show(request, row, why_not=refusals.told(refusal, row.venue), status=409)
    context = _context(row) | card_payments.told(request, row, now)
    if not context["to_pay"].is_any:
        return redirect("web:reservation", code=row.code)
    return render(request, "web/pay.html", context)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def arrive(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Records that a driver has arrived, where the venue lets guests do that."""
    if request.method != "POST":
        return redirect("web:reservation", code=row.code)
    return _carry_out(request, row, actions.check_in)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Records that a driver leaves, where the venue lets guests do that."""
    if request.method != "POST":
        return redirect("web:reservation", code=row.code)
    return _carry_out(request, row, actions.check_out)


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


def _instead(request: HttpRequest, row: Reservation, told: dict[str, Any]) -> dict[str, Any]:
    """Returns what is free instead, for a guest whose payment came too late."""
    if not told.get("is_too_late"):
        return {}
    wish = Booking(
        venue=row.venue.slug,
        times=selection.again(row).times,
        contact=Contact(first_name="", last_name="", phone=""),
        guest_count=row.guest_count,
        category=row.category.code,
    )
    venue = records.find_venue(row.venue.slug)
    found = find.for_booking(wish, by=visitors.visitor(request), now=clock.now())
    return {"instead": selection.of_alternatives(venue, found, guests=row.guest_count)}


def show(request: HttpRequest, row: Reservation, *, status: int = 200, **more: Any) -> HttpResponse:
    """Renders the page of a reservation. `more` adds to its context, such as a refusal."""
    return render(request, "web/reservation.html", _context(row) | more, status=status)


def come_and_go(row: Reservation, now: datetime) -> dict[str, bool]:
    """Returns which of a driver's buttons lead anywhere now."""
    is_theirs = row.venue.policy.guests_check_in
    return {
        "may_arrive": is_theirs and check_ins.may(row, now),
        "may_leave": is_theirs and bool(row.checked_in_at) and check_outs.may(row, now),
    }


def _carry_out(
    request: HttpRequest,
    row: Reservation,
    verb: Callable[..., Reservation],
    *,
    raises: tuple[type[Refusal], ...] = (),
) -> HttpResponse:
    """Carries out a verb. Repeating it changes nothing and is no error.

    Raises the refusals that the caller deals with; others are told on the reservation's page.
    """
    try:
        verb(reservation_id=row.pk, by=visitors.visitor(request))
    except raises:
        raise
    except Refusal as refusal:
        row = visitors.find(request, row.code)
        return show(request, row, why_not=refusals.told(refusal, row.venue), status=409)
    return redirect("web:reservation", code=row.code)


def _context(row: Reservation) -> dict[str, Any]:
    now = clock.now()
    status = row.status_at(now)
    allocations = row.allocations.filter(is_live=True).select_related("resource").order_by("pk")
    units = {one.resource_id: one.resource for one in allocations}
    found, window = price_lines.of(row, row.venue, row.category), Window(row.starts_at, row.ends_at)
    costs, left = owed.cancellation(row, now), due_now.minor(row, now)
    return {
        "reservation": row,
        "venue": row.venue,
        "now": now,
        **come_and_go(row, now),
        "pick": selection.again(row),
        "extras": extras_of(row),
        "units": list(units.values()),
        "status": status,
        "replaces": one_per_day.replaced_by(row, now),
        "replacing": one_per_day.replacing(row, now),
        "cautions": cautions.of_one(row, now),
        "may_confirm": confirmations.may(row, now),
        "may_change": modifications.may(row, now),
        "may_cancel": cancellations.may(row, now),
        "may_try_again": status in (Status.EXPIRED, Status.CANCELLED) and row.starts_at > now,
        **money.of(row, now),
        "cancellation": costs,
        "due_now_minor": left,
        "later_steps": price_lines.later_steps(costs, row.currency, row.venue.zone),
        "lines": page_lines.worded(found, window, row.venue, row.category),
        "paying": page_lines.paying(_asked(row), row.price_minor, left, row.currency),
        "to_pay": card_payments.to_pay(row, now),
        "policy": wording.sentences(row.venue),
    }


def _asked(row: Reservation) -> AskedTerms:
    """What is still asked before the guest can confirm."""
    asked = payment_terms.as_sold(row.tariff)
    is_stored = asked.is_guarantee and not due_now.needs_guarantee(row)
    return payment_terms.NOTHING if is_stored else asked
