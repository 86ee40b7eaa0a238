"""The series of a venue: their prefixes, and the next number of each."""

import re
from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from payments.models import Document, DocumentKind, Series
from venues.models import Venue

_LETTERS = {
    DocumentKind.RECEIPT: "R",
    DocumentKind.INVOICE: "F",
    DocumentKind.CREDIT_NOTE: "C",
}
"""The last letter of a default prefix. F, since I is read as 1."""

_LONGEST = 8
_STEM = 6
"""Letters and digits of the slug in a default prefix."""


def locked(venue: Venue, kind: DocumentKind) -> Series:
    """Returns a series, made if there is none, and locks it until the transaction ends.

    It is the last lock of a transaction: whoever waits for it holds nothing that its holder needs.
    """
    rows = Series.objects.select_for_update(no_key=True).filter(venue=venue, kind=kind)
    found = rows.first()
    if found is not None:
        return found
    _make(venue, kind)
    return rows.get()


def next_number(series: Series, year: int) -> tuple[int, str]:
    """Returns the next sequence of a year and its number. Assumes the lock.

    It is read from what was issued, so that a transaction that fails leaves no gap.
    """
    issued = Document.objects.filter(series=series, year=year).order_by()
    last: int = issued.aggregate(last=Max("sequence"))["last"] or 0
    return last + 1, number(series.prefix, year, last + 1)


def number(prefix: str, year: int, sequence: int) -> str:
    """Returns a number as it is printed."""
    return f"{prefix}-{year}-{sequence:05d}"


def fix(series: Series, at: datetime) -> None:
    """Fixes the prefix from the first document on, issued at `at` (UTC). Assumes the lock."""
    if series.first_issued_at is None:
        series.first_issued_at = at
        series.save(update_fields=["first_issued_at"])


def defaults(slug: str, kind: DocumentKind) -> Iterator[str]:
    """Yields prefixes for a venue, the best first."""
    stem = re.sub(r"[^A-Z0-9]", "", slug.upper())[:_STEM] or "V"
    last = _LETTERS[kind]
    yield f"{stem}{last}"
    for attempt in range(2, 10_000):
        yield f"{stem[: _LONGEST - 1 - len(str(attempt))]}{attempt}{last}"


def _make(venue: Venue, kind: DocumentKind) -> None:
    taken = set(Series.objects.values_list("prefix", flat=True))
    for prefix in defaults(venue.slug, kind):
        if prefix in taken:
            continue
        try:
            with transaction.atomic():
                Series.objects.create(venue=venue, kind=kind, prefix=prefix)
        except IntegrityError:
            # Somebody made it, or took the prefix, at this moment.
            if Series.objects.filter(venue=venue, kind=kind).exists():
                return
        else:
            return
    raise RuntimeError(f"no prefix is left for {venue.slug}")
