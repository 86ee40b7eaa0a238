"""Sends a guest a link by which they pay by card: the desk asks for it."""

from django.utils.translation import gettext

from guests.callers import Caller
from payments import checkouts, folio
from payments.checkouts import Opened
from payments.models import CheckoutState
from payments.providers.protocol import Purpose
from reservations import clock, events, records
from reservations.errors import WrongStatus
from reservations.event_types import PAYMENT_LINK
from reservations.idempotency import Once
from reservations.rules import permissions
from reservations.rules.permissions import Act
from reservations.transactions import in_transaction


def send(reservation_id: int, *, by: Caller, once: Once | None = None) -> Opened:
    """Opens a payment of what is due, or finds the one that is open, and has the guest written to.

    Staff only. Opens its own transactions. Raises NotFound, Forbidden, Invalid, NothingDue,
    WrongStatus, PaymentRefused, ProviderUnavailable, Repeated or Busy.
    """
    row = records.look(reservation_id, by=by)
    permissions.judge(by, Act.DESK, row.venue_id)
    opened = checkouts.open(reservation_id, purpose=Purpose.PAY, by=by, once=once)
    if opened.checkout.state != CheckoutState.OPEN:
        raise WrongStatus(gettext("A payment of this is under way. Look again in a moment."))
    told = PAYMENT_LINK(
        {
            "payment": folio.payment_id(opened.payment),
            "amount_minor": opened.payment.amount_minor,
            "purpose": Purpose.PAY,
            "is_authentication": False,
        }
    )

    def tell() -> None:
        events.record(records.locked(reservation_id, by=by), told, at=clock.now(), by=by)

    in_transaction(tell)
    return opened
