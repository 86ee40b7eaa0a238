"""The documents on a reservation's page, and the pages that issue, show and credit them."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from desk import phrases
from desk import viewed as record
from desk.context import caller_of, form_page, mine, onward, page
from desk.reservations.corrections import CorrectionForm
from guests.callers import Caller
from guests.form_fields import UncutField, text_field
from guests.own_pages import next_of
from payments.documents import answers, invoices, lookup, pdf
from payments.documents import page as printed
from payments.documents.issuance import Recipient
from payments.models import Document, DocumentKind
from payments.models.document import LONGEST_ADDRESS, LONGEST_NAME
from reservations import clock
from reservations.errors import NotFound, Refusal
from reservations.lifecycle import groups
from reservations.models import Reservation
from reservations.privacy.access_log import OPEN
from reservations.rules import permissions
from reservations.rules.permissions import Act


class InvoiceForm(CorrectionForm):
    """Asks whom an invoice is for."""

    recipient_name = UncutField(label=_("For"), max_length=LONGEST_NAME)
    recipient_address = text_field(
        label=_("Address"),
        max_length=LONGEST_ADDRESS,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("as it is to be printed; may be left out"),
    )

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        del self.fields["reason"]

    def recipient(self) -> Recipient:
        """Returns whom the invoice is for. Call it on a valid form only."""
        values = self.cleaned_data
        return Recipient(name=values["recipient_name"], address=values["recipient_address"])

    def refuse(self, fault: Refusal) -> None:
        field = str(fault.facts.get("field", "")).replace("/", "_")
        if field in self.fields:
            self.add_error(field, fault.detail)
        else:
            super().refuse(fault)


def of(row: Reservation, *, by: Caller) -> dict[str, Any]:
    """Returns the documents of a reservation and its group as lines, and what the caller may do."""
    may_issue = permissions.may(by, Act.DESK, row.venue_id) and invoices.may_ask(row, by)
    return {**_told(lookup.of(row), row, by=by), "may_issue": may_issue}


def of_group(rows: list[Reservation], *, by: Caller) -> dict[str, Any]:
    """Returns the documents of a whole group as lines, and what the caller may do."""
    first = rows[0]
    assert first.group_id is not None
    may_issue = permissions.may(by, Act.DESK, first.venue_id)
    told = _told(lookup.of_group(first.group_id), first, by=by)
    return {**told, "may_issue": may_issue and any(invoices.may_ask(row, by) for row in rows)}


@never_cache
@require_GET
def show(request: HttpRequest, number: str) -> HttpResponse:
    """Shows a document as it is printed; with `?pdf` as a PDF, where that is installed."""
    document = _mine(number, caller_of(request))
    record.reservations(request, "desk:document", OPEN, _rows_of(document))
    if "pdf" in request.GET and not pdf.is_installed():
        raise Http404("This server makes no PDF.")
    return answers.answer(document, answers.PDF if "pdf" in request.GET else answers.HTML)


@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, reservation_id: int) -> HttpResponse:
    """Asks whom the invoice of a reservation is for, then issues it."""
    by = caller_of(request)
    row = mine(reservation_id, by)
    if not permissions.may(by, Act.DESK, row.venue_id):
        raise PermissionDenied
    return _issue(
        request,
        row,
        invoices.open_invoice(row),
        partial(invoices.issue, row.pk, by=by),
        title=now_said("Invoice of %(code)s") % {"code": row.code},
        back=partial(onward, request, row.pk),
    )


@require_http_methods(["GET", "POST"])
def issue_for_group(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """Asks whom the invoice of a group is for, then issues it."""
    by = caller_of(request)
    try:
        rows = groups.members(group_id, by=by)
    except NotFound as fault:
        raise Http404(fault.detail) from fault
    if not permissions.may(by, Act.DESK, rows[0].venue_id):
        raise PermissionDenied
    return _issue(
        request,
        rows[0],
        invoices.open_invoice_of_group(group_id),
        partial(invoices.issue_for_group, group_id, by=by),
        title=now_said("Invoice of the group"),
        back=partial(redirect, "admin:group", group_id),
    )


@require_http_methods(["GET", "POST"])
def credit(request: HttpRequest, number: str) -> HttpResponse:
    """Asks whether to take an invoice back, then issues its credit note."""
    by = caller_of(request)
    document = _mine(number, by)
    is_open = lookup.credit_note_of(document) is None
    if not permissions.may(by, Act.REFUND, document.venue_id):
        raise PermissionDenied
    if document.kind != DocumentKind.INVOICE:
        raise Http404("Only an invoice can have a credit note.")
    if request.method == "POST" or not is_open:
        try:
            made = invoices.credit(document.number, by=by)
        except Refusal as fault:
            messages.error(request, phrases.refusal(fault, document.venue.zone))
        else:
            messages.success(
                request, now_said("Credit note %(number)s is issued.") % {"number": made.number}
            )
        return _back(request, document)
    return page(
        request,
        "credit",
        viewed=_rows_of(document),
        title=now_said("Take invoice %(number)s back?") % {"number": document.number},
        number=document.number,
        total=phrases.money(document.total_minor, document.currency),
    )


def _issue(
    request: HttpRequest,
    row: Reservation,
    before: Document | None,
    act: Any,
    *,
    title: str,
    back: Any,
) -> HttpResponse:
    initial = {
        "recipient_name": before.recipient_name if before else f"{row.first_name} {row.last_name}",
        "recipient_address": before.recipient_address if before else "",
    }
    form = InvoiceForm(request.POST or None, reservation=row, now=clock.now(), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            issued = act(recipient=form.recipient())
        except Refusal as fault:
            form.refuse(fault)
        else:
            said = (
                now_said("Invoice %(number)s is issued.")
                if issued.is_new
                else now_said("Invoice %(number)s is issued already, and still right.")
            )
            messages.success(request, said % {"number": issued.document.number})
            response: HttpResponse = back()
            return response
    return form_page(
        request,
        form,
        title=title,
        button=now_said("Issue the invoice"),
        lead=_lead(before),
        row=row,
    )


def _lead(before: Document | None) -> str:
    if before is None:
        return now_said("It never changes. If what is owed changes, a credit note takes it back.")
    told = now_said("If anything has changed since, %(number)s is taken back by a credit note.")
    return told % {"number": before.number}


def _told(documents: list[Document], row: Reservation, *, by: Caller) -> dict[str, Any]:
    may_credit = permissions.may(by, Act.REFUND, row.venue_id)
    return {
        "has_pdf": pdf.is_installed(),
        "lines": [
            {
                "number": document.number,
                "title": printed.title(document),
                "at": phrases.moment(document.issued_at, row.venue.zone),
                "total": phrases.money(document.total_minor, document.currency),
                "note": _note(document),
                "may_credit": may_credit and lookup.is_open_invoice(document),
            }
            for document in documents
        ],
    }


def _note(document: Document) -> str:
    credit_note = lookup.credit_note_of(document)
    if credit_note is not None:
        return now_said("Taken back by %(number)s") % {"number": credit_note.number}
    if document.credit_of is not None:
        return now_said("Takes %(number)s back") % {"number": document.credit_of.number}
    return now_said("Of the whole group") if document.group_id else ""


def _mine(number: str, by: Caller) -> Document:
    """Returns a document of one of the caller's venues. Raises Http404 for any other."""
    try:
        document = lookup.find(number, by=by)
    except NotFound as fault:
        raise Http404(fault.detail) from fault
    if not permissions.may(by, Act.DESK, document.venue_id):
        raise Http404("There is no such document, or it is not yours.")
    return document


def _rows_of(document: Document) -> list[Reservation]:
    if document.reservation is not None:
        return [document.reservation]
    return list(Reservation.objects.filter(group_id=document.group_id))


def _back(request: HttpRequest, document: Document) -> HttpResponseRedirect:
    if following := next_of(request):
        return HttpResponseRedirect(following)
    if document.reservation_id is not None:
        return redirect("admin:reservations_reservation_change", document.reservation_id)
    return redirect("admin:group", document.group_id)
