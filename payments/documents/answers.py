"""Documents as HTTP answers: HTML, or PDF where it is installed. Nothing keeps a copy of them."""

from typing import Literal

from django.http import HttpRequest, HttpResponse

from payments.documents import page, pdf
from payments.models import Document

HTML: Literal["text/html"] = "text/html"
PDF: Literal["application/pdf"] = "application/pdf"

_Kind = Literal["text/html", "application/pdf"]


def preferred(request: HttpRequest) -> _Kind | None:
    """Returns what a request gets by its Accept; None for PDF alone where there is none.

    HTML for all that asks for neither.
    """
    if request.get_preferred_type([HTML, PDF]) != PDF:
        return HTML
    if pdf.is_installed():
        return PDF
    return HTML if request.accepts(HTML) else None


def answer(document: Document, kind: _Kind) -> HttpResponse:
    """Returns a document as HTML or PDF. Assumes for a PDF that it is installed."""
    if kind == PDF:
        response = HttpResponse(pdf.of(document), content_type=PDF)
        response["Content-Disposition"] = f'inline; filename="{document.number}.pdf"'
    else:
        response = HttpResponse(page.html(document), content_type=f"{HTML}; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    response["Content-Language"] = document.language
    response["Vary"] = "Accept"
    return response
