"""The pages that record a payment of a reservation, and money that is given back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.context import caller_of, form_page, mine, onward
from desk.form_keys import once_for
from desk.money.forms import ChargeForm, GiveBackForm, MoneyForm, PayForm
from payments import card_charges, recording
from payments.models import Payment, Refund
from reservations import clock
from reservations.errors import KeyReused, Refusal
from reservations.idempotency import Repeated
from reservations.rules import permissions
from reservations.rules.permissions import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A page that moves money: what it does, for whom, its form and its texts."""

    act: Callable[..., Payment | Refund]
    needs: Act
    form: type[MoneyForm]
    title: str | Promise
    button: str | Promise
    done: str | Promise


MOVEMENTS: dict[str, Movement] = {
    "pay": Movement(
        act=recording.record,
        needs=Act.DESK,
        form=PayForm,
        title=_("Record a payment of %(code)s"),
        button=_("Record the payment"),
        done=_("%(amount)s is recorded as paid."),
    ),
    "give_back": Movement(
        act=recording.give_back,
        needs=Act.REFUND,
        form=GiveBackForm,
        title=_("Give money of %(code)s back"),
        button=_("Record what is given back"),
        done=_("%(amount)s is recorded as given back."),
    ),
    "charge": Movement(
        act=card_charges.charge,
        needs=Act.CHARGE,
        form=ChargeForm,
        title=_("Charge the stored card of %(code)s"),
        button=_("Charge the card"),
        done=_("%(amount)s is asked of the card. What came of it stands here."),
    ),
}
"""The pages, by the name of their verb."""


@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, reservation_id: int, movement: Movement) -> HttpResponse:
    """Asks for an amount, then records it."""
    by, now = caller_of(request), clock.now()
    row = mine(reservation_id, by)
    if not permissions.may(by, movement.needs, row.venue_id):
        raise PermissionDenied
    form = movement.form(request.POST or None, reservation=row, now=now)
    if request.method == "POST" and form.is_valid():
        wish: dict[str, Any] = form.wish()
        try:
            made = movement.act(row.pk, by=by, once=once_for(request, row.venue, by), **wish)
        except Repeated:
            return onward(request, row.pk)
        except KeyReused:
            # Somebody went back to a form that was sent, and altered it.
            form.may_be_sent_again()
        except Refusal as fault:
            form.refuse(fault)
        else:
            amount = phrases.money(made.amount_minor, row.currency)
            messages.success(request, str(movement.done) % {"amount": amount})
            return onward(request, row.pk)
    return form_page(
        request,
        form,
        title=str(movement.title) % {"code": row.code},
        button=movement.button,
        lead=f"{row.first_name} {row.last_name}, "
        + phrases.span(row.starts_at, row.ends_at, row.venue.zone),
        row=row,
    )
