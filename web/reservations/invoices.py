"""The receipts and invoices of a guest: read, printed, and an invoice asked for."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from payments.documents import answers, invoices, lookup, pdf
from reservations.errors import NotFound, Refusal
from reservations.models import Reservation
from web import refusals, visitors
from web.reservations.views import own, redirect_to_find, show


@never_cache
@require_safe
def document(request: HttpRequest, number: str) -> HttpResponse:
    """Shows a document of the visitor as it is printed. Others are asked to show that it is
    theirs.
    """
    return _answered(request, number, is_pdf=False)


@never_cache
@require_safe
def document_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """Sends a document of the visitor as PDF, where that is installed."""
    if not pdf.is_installed():
        raise Http404("This server makes no PDF.")
    return _answered(request, number, is_pdf=True)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, row: Reservation) -> HttpResponse:
    """Issues the invoice of the reservation and leads to it. A GET changes nothing."""
    if request.method != "POST":
        return redirect("web:reservation", code=row.code)
    try:
        issued = invoices.issue(row.pk, by=visitors.visitor(request))
    except Refusal as refusal:
        return show(request, row, why_not=refusals.told(refusal, row.venue), status=409)
    if issued.is_new:
        said = _("Invoice %(number)s is issued.")
        messages.success(request, said % {"number": issued.document.number})
    return redirect("web:reservation", code=row.code)


def _answered(request: HttpRequest, number: str, *, is_pdf: bool) -> HttpResponse:
    try:
        found = lookup.find(number, by=visitors.visitor(request))
    except NotFound:
        return redirect_to_find(request)
    return answers.answer(found, answers.PDF if is_pdf else answers.HTML)
