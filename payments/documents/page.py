"""A document as a page that prints well: HTML from what was frozen, in its own language."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from payments.documents import issuance
from payments.documents.issuance import DocumentLine
from payments.models import Document, DocumentKind
from venues.local_words import day, money
from venues.time_zones import named

STYLE = "payments/document.css"
"""The style sheet, among the static files."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as it is printed."""

    text: str
    amount: str
    code: str


def html(document: Document, *, is_for_print: bool = False) -> str:
    """Returns the page of a document. Reads its venue and what it credits.

    `is_for_print` leaves the link to the style sheet out, for who brings the style along.
    """
    with override(document.language):
        context = _context(document)
        return render_to_string(
            "payments/document.html", {**context, "has_link": not is_for_print, "style": STYLE}
        )


def style() -> str:
    """Returns the text of the style sheet. Raises FileNotFoundError."""
    found = finders.find(STYLE)
    if not isinstance(found, str):
        raise FileNotFoundError(STYLE)
    with open(found, encoding="utf-8") as file:  # noqa: PTH123 - a path of a finder
        return file.read()


def title(document: Document) -> str:
    """Returns the kind and number of a document, in the active language."""
    label = str(DocumentKind(document.kind).label)
    return f"{label} {document.number}"


def _context(document: Document) -> dict[str, Any]:
    currency = document.currency
    is_receipt = document.kind == DocumentKind.RECEIPT
    lines = issuance.lines_of(document)
    due = document.total_minor - document.paid_minor
    return {
        "document": document,
        "title": title(document),
        "seller": document.seller,
        "place": ", ".join(filter(None, [document.seller["address"], document.seller["city"]])),
        "issued": day(document.issued_at, named(document.venue.time_zone)),
        "credited": document.credit_of,
        "is_receipt": is_receipt,
        "is_refund": is_receipt and document.total_minor < 0,
        "is_invoice": document.kind == DocumentKind.INVOICE,
        "address": document.recipient_address.split("\n"),
        "stays": document.stays,
        "lines": [
            _shown(line, currency, is_group=len(document.stays) > 1)
            for line in (_merged(lines) if is_receipt else lines)
            if line.amount_minor
        ],
        "taxes": [
            {
                "name": _tax_name(tax["code"], tax["rate_bp"]),
                "net": money(tax["gross_minor"] - tax["tax_minor"], currency),
                "tax": money(tax["tax_minor"], currency),
            }
            for tax in document.taxes
        ],
        "total": money(document.total_minor, currency),
        "paid": money(document.paid_minor, currency),
        "due": money(max(0, due), currency),
    }


def _merged(lines: Iterable[DocumentLine]) -> list[DocumentLine]:
    """Returns a line for each payment: a receipt has one for each of its taxes."""
    merged: dict[tuple[str, str, str], DocumentLine] = {}
    for line in lines:
        key = (line.kind, line.text, line.code)
        before = merged.get(key)
        amount = line.amount_minor + (before.amount_minor if before else 0)
        merged[key] = replace(line, amount_minor=amount)
    return list(merged.values())


def _shown(line: DocumentLine, currency: str, *, is_group: bool) -> ShownLine:
    return ShownLine(line.text, money(line.amount_minor, currency), line.code if is_group else "")


def _tax_name(code: str, rate_bp: int | None) -> str:
    if rate_bp is None:
        return code
    whole, part = divmod(rate_bp, 100)
    rate = f"{whole}.{part:02d}".rstrip("0") if part else str(whole)
    return _("%(code)s %(rate)s%%") % {"code": code, "rate": rate}
