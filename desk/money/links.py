"""The button that sends a guest a link by which they pay by card."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk import phrases
from desk.context import caller_of, mine, onward
from desk.form_keys import once_for
from guests.callers import Caller
from payments import checkouts, links
from payments.providers import registry
from reservations.errors import KeyReused, Refusal
from reservations.idempotency import Repeated
from reservations.models import Reservation
from reservations.rules import permissions
from reservations.rules.permissions import Act
from reservations.status import Status


def may(row: Reservation, now: datetime, *, by: Caller) -> bool:
    """True when there is something to pay by card, and an address to write to."""
    if not (row.email or (row.guest and row.guest.email)):
        return False
    is_over = row.status_at(now) is Status.EXPIRED
    takes_cards = registry.provider(registry.default_for(row.venue)).takes_cards
    is_due = takes_cards and not is_over and checkouts.asked_minor(row, now) > 0
    return is_due and permissions.may(by, Act.DESK, row.venue_id)


@require_POST
def send(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Has the guest written to. A form that is sent twice counts once."""
    by = caller_of(request)
    row = mine(reservation_id, by)
    if not permissions.may(by, Act.DESK, row.venue_id):
        raise PermissionDenied
    try:
        opened = links.send(row.pk, by=by, once=_once(request, row, by))
    except (Repeated, KeyReused):
        return onward(request, row.pk)
    except Refusal as fault:
        messages.error(request, phrases.refusal(fault, row.venue.zone))
        return onward(request, row.pk)
    amount = phrases.money(opened.payment.amount_minor, row.currency)
    told = _("A link to pay %(amount)s goes to the guest.")
    messages.success(request, told % {"amount": amount})
    return onward(request, row.pk)


def _once(request: HttpRequest, row: Reservation, by: Caller) -> Any:
    if not request.POST.get("once"):
        return None
    return once_for(request, row.venue, by, told=lambda made: str(made.checkout.pk))
