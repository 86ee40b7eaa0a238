"""The tables of money, one module each. Django finds the models of an app here."""

from payments.models.checkout import UNSETTLED, Checkout, CheckoutState
from payments.models.document import Document, DocumentKind, Series
from payments.models.fake import FakeCharge, FakeRefund
from payments.models.ledger import Entry, Kind, Posted, TillCount
from payments.models.payment import OWED, Payment, Refund, RefundState, State
from payments.models.provider_event import ProviderEvent

__all__ = [
    "OWED",
    "UNSETTLED",
    "Checkout",
    "CheckoutState",
    "Document",
    "DocumentKind",
    "Entry",
    "FakeCharge",
    "FakeRefund",
    "Kind",
    "Payment",
    "Posted",
    "ProviderEvent",
    "Refund",
    "RefundState",
    "Series",
    "State",
    "TillCount",
]
