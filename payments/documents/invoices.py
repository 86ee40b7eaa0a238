"""Invoices, issued on asking, and the credit notes that take them back.

A reservation, or a group, has at most one open invoice: one without a credit note. Whoever asks
while it is still right gets it again. Where what is owed or the recipient has changed since, staff
who ask have it taken back by a credit note and a new one issued, both in one transaction. Guests
and partners are refused then, so that nobody but the venue makes it use up numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext, override

from guests.callers import Caller
from payments import posting
from payments.documents import invoice_lines, issuance, lookup
from payments.documents.errors import (
    AlreadyInvoiced,
    InvoiceTooEarly,
    NotAnInvoice,
    NothingToInvoice,
)
from payments.documents.issuance import DocumentLine, Draft, Recipient
from payments.models import Document, DocumentKind
from payments.models.document import LONGEST_ADDRESS, LONGEST_NAME
from reservations import clock
from reservations.errors import Invalid
from reservations.lifecycle import groups
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.records import locked
from reservations.rules import languages, permissions
from reservations.rules.permissions import Act
from reservations.status import Status
from reservations.transactions import in_transaction
from venues import scratch

_OVER = (Status.LEFT, Status.NO_SHOW, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice, and whether it was issued just now."""

    document: Document
    is_new: bool


def issue(reservation_id: int, *, by: Caller, recipient: Recipient | None = None) -> Issued:
    """Issues the invoice of a reservation, or returns the one that is open and still right.

    Guests and partners may once it is paid or over, and get no other one while one is open. Without
    a recipient it goes to the guest, or to whom the one before went. Opens its own transaction.
    Raises NotFound, Invalid, NothingToInvoice, InvoiceTooEarly, AlreadyInvoiced or Busy with
    nothing changed.
    """

    def act() -> Issued:
        row = locked(reservation_id, by=by)
        if row.group_id is not None:
            _judge_no_other(_open(Q(group_id=row.group_id)))
        return _issued([row], None, by=by, recipient=_judged(recipient))

    return in_transaction(act)


def issue_for_group(group_id: UUID, *, by: Caller, recipient: Recipient | None = None) -> Issued:
    """Issues one invoice for all reservations of a group, as `issue` does for one.

    Raises AlreadyInvoiced while a member has an open invoice of its own.
    """

    def act() -> Issued:
        found = groups.members(group_id, by=by)
        rows = [locked(row.pk, by=by) for row in found]
        lookup.judge_whole(group_id, rows)
        _judge_no_other(_open(Q(reservation__in=[row.pk for row in rows])))
        return _issued(rows, group_id, by=by, recipient=_judged(recipient))

    return in_transaction(act)


def credit(number: str, *, by: Caller) -> Document:
    """Takes an invoice back: issues a credit note of all its lines. For managers.

    Repeated, it returns the same. Opens its own transaction. Raises NotFound, Forbidden,
    NotAnInvoice or Busy with nothing changed.
    """

    def act() -> Document:
        document = lookup.find(number, by=by)
        permissions.judge(by, Act.REFUND, document.venue_id)
        if document.kind != DocumentKind.INVOICE:
            raise NotAnInvoice
        _lock(document)
        credited = Document.objects.filter(credit_of=document).first()
        return credited or _credited(document, by=by)

    return in_transaction(act)


def open_invoice(reservation: Reservation) -> Document | None:
    """Returns the invoice of a reservation, or of its group, that has no credit note."""
    whose = Q(reservation=reservation)
    if reservation.group_id is not None:
        whose |= Q(group_id=reservation.group_id)
    return _open(whose)


def open_invoice_of_group(group_id: UUID) -> Document | None:
    """Returns the invoice of a whole group that has no credit note."""
    return _open(Q(group_id=group_id))


def may_ask(row: Reservation, by: Caller) -> bool:
    """True when the caller can ask for the invoice of a reservation now."""
    now = clock.now()
    if not (row.confirmed_at or row.checked_in_at) or not owed.owed(row, now):
        return False
    if permissions.is_staff(by, row.venue_id):
        return True
    return owed.due(row, now) == 0 or row.status_at(now) in _OVER


def _issued(
    rows: Sequence[Reservation],
    group_id: UUID | None,
    *,
    by: Caller,
    recipient: Recipient | None,
) -> Issued:
    first = rows[0]
    if scratch.is_scratch(first.venue):
        raise NothingToInvoice
    for row in rows:
        posting.settle(row)
    of = Q(group_id=group_id) if group_id else Q(reservation=first)
    before = _open(of)
    draft = _draft(rows, group_id, recipient or _recipient(first, before))
    is_nothing = not sum(line.amount_minor for line in draft.lines)
    if is_nothing and before is None:
        raise NothingToInvoice
    _judge_time(rows, by)
    if before is not None and is_same(before, draft):
        return Issued(before, is_new=False)
    if is_nothing:
        # The one before stands until somebody takes it back: it may be one of a mistake.
        raise NothingToInvoice
    if before is not None:
        _judge_replacing(before, by)
        _credited(before, by=by)
    count = Document.objects.filter(of, kind=DocumentKind.INVOICE).count()
    # The count is part of the key, so that the database too refuses two at once.
    made = issuance.issue(replace(draft, key=f"{draft.key}:{count + 1}"), by=by)
    return Issued(made, is_new=True)


def _draft(rows: Sequence[Reservation], group_id: UUID | None, recipient: Recipient) -> Draft:
    first = rows[0]
    language = languages.of_reservation(first.language, first.venue)
    lines: list[DocumentLine] = []
    with override(language):
        for row in rows:
            lines += invoice_lines.of_reservation(row)
        stays = [invoice_lines.stay_of(row) for row in rows]
    return Draft(
        venue=first.venue,
        kind=DocumentKind.INVOICE,
        key=f"invoice:{group_id}" if group_id else f"invoice:{first.pk}",
        language=language,
        currency=first.currency,
        lines=lines,
        stays=stays,
        reservation=None if group_id else first,
        group_id=group_id,
        paid_minor=sum(row.paid_minor for row in rows),
        recipient=recipient,
    )


def is_same(document: Document, draft: Draft) -> bool:
    """True when a document still says what a draft would: stays, amounts, taxes and recipient.

    What was paid since changes no invoice, and texts may be worded anew.
    """
    return (
        document.currency == draft.currency
        and document.recipient_name == draft.recipient.name
        and document.recipient_address == draft.recipient.address
        and [_figures(line) for line in issuance.lines_of(document)]
        == [_figures(line) for line in draft.lines]
        and [(stay["code"], stay["starts_at"], stay["ends_at"]) for stay in document.stays]
        == [(stay["code"], stay["starts_at"], stay["ends_at"]) for stay in draft.stays]
    )


def _figures(line: DocumentLine) -> DocumentLine:
    return replace(line, text="")


def _credited(invoice: Document, *, by: Caller) -> Document:
    draft = Draft(
        venue=invoice.venue,
        kind=DocumentKind.CREDIT_NOTE,
        key=f"credit:{invoice.pk}",
        language=invoice.language,
        currency=invoice.currency,
        lines=[line.negated() for line in issuance.lines_of(invoice)],
        stays=invoice.stays,
        reservation=invoice.reservation,
        group_id=invoice.group_id,
        credit_of=invoice,
        recipient=Recipient(name=invoice.recipient_name, address=invoice.recipient_address),
    )
    return issuance.issue(draft, by=by)


def _open(whose: Q) -> Document | None:
    rows = Document.objects.filter(whose, kind=DocumentKind.INVOICE, credit_note__isnull=True)
    return rows.select_related("venue", "reservation").first()


def _lock(document: Document) -> None:
    """Locks the reservations of a document, in the order of their ids."""
    rows = Reservation.objects.select_for_update(no_key=True)
    if document.reservation_id is not None:
        rows = rows.filter(pk=document.reservation_id)
    else:
        rows = rows.filter(group_id=document.group_id)
    list(rows.order_by("pk"))


def _judge_no_other(other: Document | None) -> None:
    if other is not None:
        raise AlreadyInvoiced(
            gettext("Invoice %(number)s has this in it already. Issue a credit note for it first.")
            % {"number": other.number},
            number=other.number,
        )


def _judge_replacing(before: Document, by: Caller) -> None:
    """Raises AlreadyInvoiced for a guest or partner who wants another invoice than the open one."""
    if not permissions.is_staff(by, before.venue_id):
        raise AlreadyInvoiced(
            gettext("Invoice %(number)s is issued. Ask the venue if it must say something else.")
            % {"number": before.number},
            number=before.number,
        )


def _judge_time(rows: Sequence[Reservation], by: Caller) -> None:
    """Raises InvoiceTooEarly for a guest or partner while a stay is neither paid nor over."""
    now = clock.now()
    for row in rows:
        is_due = owed.due(row, now) > 0 and row.status_at(now) not in _OVER
        if is_due and not permissions.is_staff(by, row.venue_id):
            raise InvoiceTooEarly


def _judged(recipient: Recipient | None) -> Recipient | None:
    if recipient is None:
        return None
    name, address = recipient.name.strip(), recipient.address.replace("\r\n", "\n").strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("recipient/name", gettext("Give the name that the invoice is for."))
    if len(address) > LONGEST_ADDRESS or not address.replace("\n", "").isprintable():
        raise Invalid(
            "recipient/address",
            gettext("Give an address of at most %(most)s characters.") % {"most": LONGEST_ADDRESS},
        )
    return Recipient(name=name, address=address)


def _recipient(row: Reservation, before: Document | None) -> Recipient:
    if before is not None:
        return Recipient(name=before.recipient_name, address=before.recipient_address)
    return Recipient(name=f"{row.first_name} {row.last_name}".strip())
