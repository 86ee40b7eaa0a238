"""Posts what a guest has paid: the ledger, the event and `paid`, in one transaction."""

from datetime import datetime

from guests.callers import Caller
from payments import accounts, folio, ledger
from payments.models import Kind, Payment
from reservations.event_types import PAYMENT_CAPTURED
from reservations.lifecycle import paid
from reservations.models import Reservation


def post(row: Reservation, payment: Payment, *, at: datetime, by: Caller) -> None:
    """Posts a payment that was taken at `at` (UTC), once. Assumes the reservation's lock.

    Assumes that what waits is posted. Raises ChangedMeanwhile, or IntegrityError the second time.
    """
    ledger.add_by(
        row,
        Kind.PAYMENT,
        between=(accounts.of_payment(payment), accounts.GUEST),
        amount_minor=payment.amount_minor,
        key=f"payment:{payment.pk}",
        at=at,
        by=by,
        payment=payment,
    )
    told = PAYMENT_CAPTURED(
        {
            "payment": folio.payment_id(payment),
            "method": payment.method,
            "amount_minor": payment.amount_minor,
        }
    )
    paid.change(row, payment.amount_minor, told, at=at, by=by)
