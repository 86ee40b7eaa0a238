"""Receipts, invoices and credit notes: lists of them, and each as HTML or PDF."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

import ninja
from django.http import HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from api import errors
from api.auth import KnownRequest, allow
from api.replies import reply
from api.routes.groups import group_key
from api.schemas import InstantOut, Money, Schema, money, parse_id, problems
from payments.documents import answers, invoices, lookup
from payments.documents.invoices import Issued
from payments.documents.issuance import Recipient
from payments.models import Document
from payments.models.document import LONGEST_ADDRESS, LONGEST_NAME
from reservations.lifecycle import groups
from reservations.records import look

of_reservation = Router(tags=["documents"])
of_group = Router(tags=["documents"])
router = Router(tags=["documents"])

READ = allow(scope="reservations:read")
Number = Annotated[
    str,
    Path(description="The number as it is printed, such as `HOTELF-2027-00001`."),
]

ISSUE = allow(scope="payments:write")

_REFUSED = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)


class RecipientIn(Schema):
    """To whom an invoice is addressed."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_NAME, examples=["Analytical Engines Ltd"]),
    ]
    address: Annotated[
        str,
        Field(max_length=LONGEST_ADDRESS, description="Its lines, separated by line breaks."),
    ] = ""


class InvoiceIn(Schema):
    """What is asked for. Left out, the recipient is the guest, or that of the invoice before."""

    recipient: Annotated[
        RecipientIn | None, Field(description="Whom the invoice is for, such as a company.")
    ] = None


class TaxOut(ninja.Schema):
    """A tax that is included in the lines, per code and rate."""

    code: str
    rate: Annotated[
        str | None,
        Field(description="Percent, such as `9.00`; null for a tax that is no share of the price."),
    ]
    gross: Annotated[Money, Field(description="What it is part of, tax included.")]
    tax: Annotated[Money, Field(description="The tax itself.")]


class DocumentOut(ninja.Schema):
    """A receipt, an invoice or a credit note. It never changes."""

    number: Annotated[
        str, Field(description="As it is printed: `{prefix}-{year}-{00001}`, without gaps.")
    ]
    kind: Literal["receipt", "invoice", "credit_note"]
    issued_at: Annotated[InstantOut, Field(description="The instant at which it was issued.")]
    total: Annotated[
        Money, Field(description="Below zero for a credit note, and the receipt of a refund.")
    ]
    taxes: Annotated[list[TaxOut], Field(description="The taxes that are included.")]
    group_id: Annotated[str | None, Field(description="The group that it is for, else null.")]
    credit_of: Annotated[
        str | None, Field(description="The number of the invoice that a credit note takes back.")
    ]
    credited_by: Annotated[
        str | None, Field(description="The number of the credit note that takes an invoice back.")
    ]
    url: Annotated[str, Field(description="Where it is read, as HTML or PDF.")]


class DocumentList(ninja.Schema):
    items: Annotated[list[DocumentOut], Field(description="Oldest first.")]


@of_reservation.get(
    "/{reservation_id}/documents",
    operation_id="listDocuments",
    auth=READ,
    response={200: DocumentList, **problems(401, 403, 404)},
)
def documents(request: KnownRequest, reservation_id: str) -> HttpResponse:
    """List the receipts, invoices and credit notes of a reservation, and those of its group."""
    row = look(parse_id(reservation_id), by=request.auth)
    return _listed(request, lookup.seen_by(request.auth, row))


@of_reservation.post(
    "/{reservation_id}/documents",
    operation_id="createInvoice",
    auth=ISSUE,
    response={200: DocumentOut, 201: DocumentOut, **_REFUSED},
)
def invoice(request: KnownRequest, reservation_id: str, data: InvoiceIn) -> HttpResponse:
    """Ask for the invoice of a reservation; guests and partners once it is paid, or over.

    Asking again returns the same (200). Where what is owed or the recipient has changed since, the
    one before gets a credit note and a new one is issued (201) for staff; guests and partners get
    409 `already_invoiced`.
    """
    key, by = parse_id(reservation_id), request.auth
    look(key, by=by)
    return _issued(request, invoices.issue(key, by=by, recipient=_recipient(data)))


@of_group.get(
    "/groups/{group_id}/documents",
    operation_id="listGroupDocuments",
    auth=READ,
    response={200: DocumentList, **problems(401, 403, 404)},
)
def documents_of_group(request: KnownRequest, group_id: str) -> HttpResponse:
    """List the receipts, invoices and credit notes of a whole group."""
    key = group_key(group_id)
    lookup.judge_whole(key, groups.members(key, by=request.auth))
    return _listed(request, lookup.of_group(key))


@of_group.post(
    "/groups/{group_id}/documents",
    operation_id="createGroupInvoice",
    auth=ISSUE,
    response={200: DocumentOut, 201: DocumentOut, **_REFUSED},
)
def invoice_of_group(request: KnownRequest, group_id: str, data: InvoiceIn) -> HttpResponse:
    """Ask for one invoice of all reservations of a group, as for one reservation."""
    key = group_key(group_id)
    issued = invoices.issue_for_group(key, by=request.auth, recipient=_recipient(data))
    return _issued(request, issued)


@router.get(
    "/documents/{number}",
    operation_id="getDocument",
    auth=READ,
    response={200: None, **problems(401, 403, 404, 406)},
    openapi_extra={
        "responses": {
            200: {
                "description": "The document.",
                "content": {
                    answers.HTML: {"schema": {"type": "string"}},
                    answers.PDF: {"schema": {"type": "string", "format": "binary"}},
                },
            }
        }
    },
)
def document(request: KnownRequest, number: Number) -> HttpResponse:
    """Read a document as HTML, or as PDF by `Accept: application/pdf` where that is installed."""
    found = lookup.find(number, by=request.auth)
    kind = answers.preferred(request)
    if kind is None:
        detail = "This server makes no PDF: WeasyPrint is not installed. Accept text/html."
        return errors.other(request, "not_acceptable", detail)
    return answers.answer(found, kind)


@router.post(
    "/documents/{number}/credit",
    operation_id="creditInvoice",
    auth=ISSUE,
    response={201: DocumentOut, **problems(401, 403, 404, 409, 503)},
)
def credit(request: KnownRequest, number: Number) -> HttpResponse:
    """Take an invoice back by a credit note of all its lines. For managers.

    It moves no money. Repeating it returns the same credit note.
    """
    made = invoices.credit(number, by=request.auth)
    return reply(_document(request, made), status=HTTPStatus.CREATED)


def _recipient(data: InvoiceIn) -> Recipient | None:
    if data.recipient is None:
        return None
    return Recipient(name=data.recipient.name, address=data.recipient.address)


def _listed(request: HttpRequest, rows: list[Document]) -> HttpResponse:
    return reply({"items": [_document(request, row) for row in rows]})


def _issued(request: HttpRequest, issued: Issued) -> HttpResponse:
    status = HTTPStatus.CREATED if issued.is_new else HTTPStatus.OK
    return reply(_document(request, issued.document), status=status)


def _document(request: HttpRequest, row: Document) -> dict[str, Any]:
    credit_note = lookup.credit_note_of(row)
    return {
        "number": row.number,
        "kind": row.kind,
        "issued_at": row.issued_at,
        "total": money(row.total_minor, row.currency),
        "taxes": [
            {
                "code": tax["code"],
                "rate": _percent(tax["rate_bp"]),
                "gross": money(tax["gross_minor"], row.currency),
                "tax": money(tax["tax_minor"], row.currency),
            }
            for tax in row.taxes
        ],
        "group_id": str(row.group_id) if row.group_id else None,
        "credit_of": row.credit_of.number if row.credit_of else None,
        "credited_by": credit_note.number if credit_note else None,
        "url": request.build_absolute_uri(f"/api/v1/documents/{row.number}"),
    }


def _percent(rate_bp: int | None) -> str | None:
    return None if rate_bp is None else f"{rate_bp // 100}.{rate_bp % 100:02d}"
