"""The refusals of documents. The docstring is the message to the caller."""

from reservations.errors import Refusal


class NothingToInvoice(Refusal):
    """Nothing is owed for this, so there is nothing to invoice."""

    code = "nothing_to_invoice"


class InvoiceTooEarly(Refusal):
    """The invoice is issued once it is paid, or after the stay. Ask for it then."""

    code = "invoice_too_early"


class AlreadyInvoiced(Refusal):
    """Another invoice has this in it already. Issue a credit note for that one first."""

    code = "already_invoiced"


class NotAnInvoice(Refusal):
    """Only an invoice can have a credit note."""

    code = "not_an_invoice"


ALL = (NothingToInvoice, InvoiceTooEarly, AlreadyInvoiced, NotAnInvoice)
"""Each is a conflict with what is owed or was issued."""
