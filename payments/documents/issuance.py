"""Issues documents: number and document in one transaction, under the lock of their series."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from guests.callers import Caller
from payments.documents import series
from payments.models import Document, DocumentKind
from reservations import clock
from reservations.models import Reservation
from reservations.privacy.blanks import NOBODY
from venues.models import Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """A line of a document. Its tax, if it has one, is included in its amount.

    `tax_rate_bp` is in hundredths of a percent; None for a tax that is no share of the amount.
    """

    kind: str
    text: str
    amount_minor: int
    tax_code: str = ""
    tax_rate_bp: int | None = None
    tax_minor: int = 0
    code: str = ""
    """The reservation of the line, in a document of a group."""

    def negated(self) -> "DocumentLine":
        """Returns the line as a credit note has it."""
        return DocumentLine(
            **{
                **asdict(self),
                "amount_minor": -self.amount_minor,
                "tax_minor": -self.tax_minor,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """To whom an invoice is addressed."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document that has no number yet. It is of one reservation or of a group."""

    venue: Venue
    kind: DocumentKind
    key: str
    language: str
    currency: str
    lines: Sequence[DocumentLine]
    stays: Sequence[dict[str, Any]]
    reservation: Reservation | None = None
    group_id: UUID | None = None
    credit_of: Document | None = None
    paid_minor: int = 0
    recipient: Recipient = field(default_factory=Recipient)


def issue(draft: Draft, *, by: Caller | None = None, name: str = "", kind: str = "") -> Document:
    """Writes a document with the next number of its series. `name` and `kind` say who, where no
    `by` does.

    Assumes a transaction and the locks of its reservations; no other lock may be taken after it.
    Raises IntegrityError for a key that was used.
    """
    name, kind = (by.name, by.kind) if by else (name, kind)
    found = series.locked(draft.venue, draft.kind)
    # After the lock, so that numbers and instants have one order.
    now = clock.now()
    year = _local_year(draft.venue, now)
    sequence, number = series.next_number(found, year)
    series.fix(found, now)
    lines = [asdict(line) for line in draft.lines]
    return Document.objects.create(
        venue_id=draft.venue.pk,
        series=found,
        kind=draft.kind,
        year=year,
        sequence=sequence,
        number=number,
        reservation=draft.reservation,
        group_id=draft.group_id,
        credit_of=draft.credit_of,
        language=draft.language,
        currency=draft.currency,
        total_minor=sum(line.amount_minor for line in draft.lines),
        paid_minor=draft.paid_minor,
        lines=lines,
        taxes=taxes_of(draft.lines),
        stays=list(draft.stays),
        seller=seller_of(draft.venue),
        recipient_name=draft.recipient.name,
        recipient_address=draft.recipient.address,
        issued_at=now,
        # A document stays longer than the account of its guest.
        by=NOBODY if kind == "guest" else name,
        by_kind=kind,
        key=draft.key,
    )


def taxes_of(lines: Iterable[DocumentLine]) -> list[dict[str, Any]]:
    """Returns the taxes per code and rate: what they are of, and how much, in minor units."""
    sums: dict[tuple[str, int | None], list[int]] = {}
    for line in lines:
        if line.tax_code:
            found = sums.setdefault((line.tax_code, line.tax_rate_bp), [0, 0])
            found[0] += line.amount_minor
            found[1] += line.tax_minor
    return [
        {"code": code, "rate_bp": rate, "gross_minor": gross, "tax_minor": tax}
        for (code, rate), (gross, tax) in sums.items()
    ]


def lines_of(document: Document) -> list[DocumentLine]:
    """Returns the lines of a document as they were written."""
    return [DocumentLine(**line) for line in document.lines]


def seller_of(venue: Venue) -> dict[str, str]:
    """Returns what a document says of the venue that issues it."""
    return {
        "name": venue.legal_name or venue.name,
        "trade_name": venue.name if venue.legal_name else "",
        "address": venue.address,
        "city": venue.city,
        "tax_number": venue.tax_number,
        "email": venue.email,
    }


def _local_year(venue: Venue, now: datetime) -> int:
    return now.astimezone(venue.zone).year
