"""Receipts: one for each payment that was recorded or captured.

A receipt is issued in the transaction of its payment, so that there is never one without the other
and nothing has to catch up. It names nobody.
"""

from collections.abc import Sequence

from django.utils.translation import override

from payments.documents import invoice_lines, issuance
from payments.documents.issuance import DocumentLine, Draft
from payments.methods import Method
from payments.models import Document, DocumentKind, Payment
from reservations.rules import languages
from venues import scratch


def issue(payments: Sequence[Payment]) -> Document | None:
    """Issues the receipt of a payment, or of all payments of one checkout, in their transaction.

    Call it last: it takes the lock of the venue's series. Assumes the locks of the reservations.
    Returns None for what took no money, and for scratch venues. Raises IntegrityError for a payment
    that has a receipt.
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
        lines = [_line(payment) for payment in paid]
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


def _line(payment: Payment) -> DocumentLine:
    return DocumentLine(
        kind="payment",
        text=str(Method(payment.method).label).capitalize(),
        amount_minor=payment.amount_minor,
        code=payment.reservation.code,
    )
