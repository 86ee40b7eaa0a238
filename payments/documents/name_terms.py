"""Blanks the recipients of documents once the law no longer asks for them."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from guests import traces
from payments.documents import pdf
from payments.models import Document
from reservations import clock

_NAMED = ~Q(recipient_name="") | ~Q(recipient_address="")


def blank_ended(*, now: datetime | None = None) -> int:
    """Blanks the recipients whose term has ended, and deletes their PDFs. Returns how many.

    Takes SWEEP_BATCH documents in a transaction, and skips locked ones.
    """
    count = 0
    while batch := _batch(now or clock.now()):
        count += batch
    if count:
        traces.overwrite_freed_pages()
    return count


def ended(now: datetime) -> QuerySet[Document]:
    """Returns documents with a recipient whose term has ended: DOCUMENT_YEARS after the year of
    issue, in UTC.
    """
    first_kept = datetime(now.astimezone(UTC).year - settings.DOCUMENT_YEARS, 1, 1, tzinfo=UTC)
    return Document.objects.filter(_NAMED, issued_at__lt=first_kept)


def _batch(now: datetime) -> int:
    with transaction.atomic(durable=True):
        rows = ended(now).order_by("issued_at", "pk")
        rows = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
        found = list(rows[: settings.SWEEP_BATCH])
        named = Document.objects.filter(pk__in=[document.pk for document in found])
        named.update(recipient_name="", recipient_address="")
        # Before the commit, since a file that is left behind would keep the name; and after it,
        # since somebody may have asked for one meanwhile.
        _forget(found)
        transaction.on_commit(lambda: _forget(found))
    return len(found)


def _forget(documents: list[Document]) -> None:
    for document in documents:
        pdf.forget(document)
