"""Receipts: one for each payment that was recorded or captured, and one for each refund that went.

A receipt is issued in the transaction of its payment or refund, so that there is never one without
the other and nothing has to catch up. It names nobody. It shows the taxes that are in the amount.
"""

from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from guests.callers import Caller
from payments.documents import invoice_lines, issuance, tax_shares
from payments.documents.issuance import DocumentLine, Draft
from payments.documents.tax_shares import Parts
from payments.methods import Method
from payments.models import Document, DocumentKind, Payment, Refund
from reservations.models import Reservation
from reservations.rules import languages
from venues import scratch


def issue(payments: Sequence[Payment]) -> Document | None:
    """Issues the receipt of a payment, or of all payments of one checkout, in their transaction.

    Call it last: it takes the lock of the venue's series. Assumes the locks of the reservations,
    and that what waits is posted. Returns None for what took no money, and for scratch venues.
    Raises IntegrityError for a payment that has a receipt.
    """
    paid = [payment for payment in payments if payment.amount_minor > 0]
    if not paid:
        return None
    first = paid[0]
    row = first.reservation
    if scratch.is_scratch(row.venue):
        return None
    language = languages.of_reservation(row.language, row.venue)
    with override(language):
        lines = [line for payment in paid for line in _of_payment(payment)]
        stays = [invoice_lines.stay_of(payment.reservation) for payment in paid]
    # Of a group that is paid as one, all have the same checkout.
    is_of_group = first.checkout is not None and first.checkout.group is not None
    key = f"checkout:{first.checkout_id}" if is_of_group else f"payment:{first.pk}"
    draft = Draft(
        venue=row.venue,
        kind=DocumentKind.RECEIPT,
        key=key,
        language=language,
        currency=first.currency,
        lines=lines,
        stays=stays,
        reservation=None if is_of_group else row,
        group_id=row.group_id if is_of_group else None,
    )
    return issuance.issue(draft, name=first.by, kind=first.by_kind)


def issue_for_refund(
    row: Reservation, refund: Refund, *, by: Caller, is_undone: bool = False
) -> Document | None:
    """Issues the receipt of a refund whose money has gone, below zero, in its transaction.

    `is_undone` says that the money came back to us, and takes the receipt back by another. Assumes
    what `issue` does, and takes the lock that it does. Returns None for scratch venues.
    """
    if scratch.is_scratch(row.venue):
        return None
    language = languages.of_reservation(row.language, row.venue)
    with override(language):
        said = _("Refund sent back, %(method)s") if is_undone else _("Given back, %(method)s")
        text = said % {"method": Method(refund.method_out).label}
        charged, shown, amount = _charged(row), _shown(row), refund.amount_minor
        if is_undone:
            parts = tax_shares.received(amount, charged=charged, shown=shown)
        else:
            back = tax_shares.given_back(amount, charged=charged, shown=shown)
            parts = tax_shares.negated(back)
        lines = list(_lines(row, "refund", text, parts))
        stays = [invoice_lines.stay_of(row)]
    # What came back and goes again has a receipt each time.
    whose = f"refund:{refund.pk}:"
    count = Document.objects.filter(reservation=row, key__startswith=whose).count()
    draft = Draft(
        venue=row.venue,
        kind=DocumentKind.RECEIPT,
        key=f"{whose}{count + 1}",
        language=language,
        currency=row.currency,
        lines=lines,
        stays=stays,
        reservation=row,
    )
    return issuance.issue(draft, by=by)


def _of_payment(payment: Payment) -> Iterator[DocumentLine]:
    row = payment.reservation
    parts = tax_shares.received(payment.amount_minor, charged=_charged(row), shown=_shown(row))
    text = str(Method(payment.method).label).capitalize()
    return _lines(row, "payment", text, parts)


def _lines(row: Reservation, kind: str, text: str, parts: Parts) -> Iterator[DocumentLine]:
    """Yields a line for each tax, and one for what has none."""
    for (code, rate_bp), part in parts.items():
        yield DocumentLine(
            kind=kind,
            text=text,
            amount_minor=part.gross_minor,
            tax_code=code,
            tax_rate_bp=rate_bp,
            tax_minor=part.tax_minor,
            code=row.code,
        )


def _charged(row: Reservation) -> Parts:
    return tax_shares.of_lines(invoice_lines.of_sale(row))


def _shown(row: Reservation) -> Parts:
    """Returns what the receipts of a reservation show so far, with its part of those of a group."""
    whose = Q(reservation=row)
    if row.group_id is not None:
        whose |= Q(group_id=row.group_id)
    found = Document.objects.filter(whose, kind=DocumentKind.RECEIPT).order_by("pk")
    lines = (line for document in found for line in issuance.lines_of(document))
    return tax_shares.of_lines(line for line in lines if line.code == row.code)
