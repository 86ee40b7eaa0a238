"""The journal of a venue: every entry of the ledger, for its bookkeeper."""

from collections.abc import Iterator
from datetime import UTC

from payments.folio import decimal_text
from payments.models import Entry
from spelling import csv_files
from venues.hours import Window

COLUMNS = (
    "entry", "at", "kind", "debit", "credit", "amount", "currency", "tax_code", "tax",
    "reservation", "by", "key",
)  # fmt: skip
"""`debit` is the account that the amount comes from, `credit` the one that it goes to."""


def text(venue_id: int, period: Window) -> Iterator[str]:
    """Yields the lines of a journal as CSV, oldest first. The period is UTC, its end excluded."""
    yield csv_files.row(COLUMNS)
    entries = Entry.objects.filter(venue=venue_id, at__gte=period.start, at__lt=period.end)
    for entry in entries.select_related("reservation").order_by("at", "pk").iterator(500):
        yield csv_files.row(
            (
                entry.pk,
                entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                entry.kind,
                entry.from_account,
                entry.to_account,
                decimal_text(entry.amount_minor, entry.currency),
                entry.currency,
                entry.tax_code,
                decimal_text(entry.tax_minor, entry.currency),
                entry.reservation.code if entry.reservation else "",
                entry.by,
                entry.key,
            )
        )
