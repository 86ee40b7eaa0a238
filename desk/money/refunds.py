"""The pages of refunds that the desk sees to: the list, paying one out, and trying a card again."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from desk import phrases
from desk.context import caller_of, choose_venue, form_page, mine, own_venue, page
from desk.form_keys import once_for
from desk.reservations.corrections import CorrectionForm
from guests.callers import Caller
from guests.form_fields import UncutField
from guests.own_pages import next_of
from payments import methods
from payments.methods import Method
from payments.models import Entry, Kind, Payment, Refund, RefundState
from payments.outside import news, overdue
from payments.refunds import payouts, promises
from payments.refunds.payouts import Payout
from reservations import clock
from reservations.errors import KeyReused, Refusal
from reservations.idempotency import Repeated
from reservations.models import Reservation
from reservations.rules import permissions
from reservations.rules.permissions import Act


class PayoutForm(CorrectionForm):
    """Asks how a refund is paid out. Sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    method = forms.ChoiceField(label=_("How it is paid out"), choices=methods.AT_DESK_CHOICES)
    till = UncutField(
        label=_("Till"),
        max_length=30,
        required=False,
        help_text=_("of cash and card terminals; empty means main"),
    )

    def __init__(
        self,
        *args: Any,
        refund: Refund,
        reservation: Reservation,
        now: datetime,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        del self.fields["reason"]
        payment = refund.payment
        is_by_desk = payment.method in methods.AT_DESK
        self.fields["method"].initial = payment.method if is_by_desk else Method.CASH
        self.fields["till"].initial = payment.till

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields that are seen, in their order."""
        return [(None, {"fields": ["method", "till"]})]

    def payout(self) -> Payout:
        """Returns what was asked for."""
        values = self.cleaned_data
        return Payout(method=Method(values["method"]), till=values["till"])


@never_cache
@require_GET
def refunds(request: HttpRequest) -> HttpResponse:
    """Lists what guests of a venue are to be given back."""
    by = caller_of(request)
    venue = own_venue(request, by)
    if venue is None:
        return choose_venue(request, now_said("Which venue do you work at?"))
    waiting = list(payouts.waiting(venue.pk))
    taken = list(news.taken_back(venue.pk, clock.now()))
    stuck = [
        payment for one in overdue.of_venue(venue.pk, clock.now()) for payment in one.payments.all()
    ]
    return page(
        request,
        "refunds",
        title=now_said("Refunds to pay out at %(venue)s") % {"venue": venue.name},
        is_daily=True,
        venue=venue,
        rows=[_row(one, venue.zone) for one in waiting],
        taken=[_taken(one, venue.zone) for one in taken],
        stuck=[_stuck(one, venue.zone) for one in stuck],
        viewed=[
            *(one.reservation for one in stuck),
            *(one.reservation for one in waiting),
            *(one.reservation for one in taken if one.reservation),
        ],
    )


def _stuck(payment: Payment, zone: Any) -> dict[str, Any]:
    assert payment.checkout is not None
    return {
        "row": payment.reservation,
        "at": phrases.moment(payment.at, zone),
        "amount": phrases.money(payment.amount_minor, payment.currency),
        "place": f"{payment.checkout.provider} {payment.checkout.ref}".strip(),
    }


def _taken(entry: Entry, zone: Any) -> dict[str, Any]:
    is_dispute = entry.kind == Kind.DISPUTE
    return {
        "row": entry.reservation,
        "what": now_said("Disputed at the guest's bank")
        if is_dispute
        else now_said("Given back at the provider"),
        "at": phrases.moment(entry.at, zone),
        "amount": phrases.money(entry.amount_minor, entry.currency),
    }


@require_http_methods(["GET", "POST"])
def pay_out(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Asks how a refund is paid out, then records it."""
    by, now = caller_of(request), clock.now()
    refund, row = _own(refund_id, by)
    form = PayoutForm(request.POST or None, refund=refund, reservation=row, now=now)
    if request.method == "POST" and form.is_valid():
        try:
            once = once_for(request, row.venue, by)
            made = payouts.pay_out(refund.pk, form.payout(), by=by, once=once)
        except (Repeated, KeyReused):
            return _onward(request)
        except Refusal as fault:
            form.refuse(fault)
        else:
            amount = phrases.money(made.amount_minor, row.currency)
            told = now_said("%(amount)s is recorded as given back.")
            messages.success(request, told % {"amount": amount})
            return _onward(request)
    elif not promises.is_for_desk(refund):
        messages.info(request, now_said("There is nothing left to pay out of this refund."))
        return _onward(request)
    amount = phrases.money(refund.amount_minor, row.currency)
    return form_page(
        request,
        form,
        title=now_said("Pay %(amount)s of %(code)s back") % {"amount": amount, "code": row.code},
        button=_("Record it as paid out"),
        lead=f"{row.first_name} {row.last_name}, "
        + phrases.span(row.starts_at, row.ends_at, row.venue.zone),
        row=row,
    )


@require_POST
def try_again(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Has the provider asked again for a refund that it refused."""
    by = caller_of(request)
    refund, row = _own(refund_id, by)
    try:
        payouts.try_again(refund.pk, by=by)
    except Refusal as fault:
        messages.error(request, phrases.refusal(fault, row.venue.zone))
    else:
        messages.success(request, now_said("The card is tried again within a minute."))
    return _onward(request)


def _own(refund_id: int, by: Caller) -> tuple[Refund, Reservation]:
    """Returns a refund and its reservation. Raises Http404 for those of other venues."""
    refund = Refund.objects.select_related("payment").filter(pk=refund_id).first()
    if refund is None:
        raise Http404("There is no such refund, or it is not yours.")
    row = mine(refund.reservation_id, by)
    if not permissions.may(by, Act.DESK, row.venue_id):
        raise PermissionDenied
    return refund, row


def _onward(request: HttpRequest) -> HttpResponse:
    return redirect(next_of(request) or "admin:refunds")


def _row(refund: Refund, zone: Any) -> dict[str, Any]:
    row = refund.reservation
    return {
        "refund": refund,
        "row": row,
        "guest": f"{row.first_name} {row.last_name}".strip(),
        "amount": phrases.money(refund.amount_minor, row.currency),
        "how": str(Method(refund.payment.method).label),
        "since": phrases.moment(refund.at, zone),
        "is_refused": refund.state == RefundState.FAILED,
    }
