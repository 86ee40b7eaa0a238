"""The room of documents: the law asks for them whole, so erasing a person leaves them.

Receipts name nobody. Invoices and credit notes keep their recipient until DOCUMENT_YEARS are over,
when `name_terms` blanks it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from payments.models import Document
from reservations.models import Reservation
from reservations.privacy.rooms import PersonalRows

_CHUNK = 500


class Documents:
    """What is kept of a person for the tax office, and told to them on asking."""

    def keep(self) -> Q:
        """Returns that no stay is kept for its documents: they say themselves what they need."""
        return Q()

    def blank(self, rows: PersonalRows) -> dict[str, int]:
        """Blanks nothing, since the law asks for names until their term ends. Returns no counts."""
        return {}

    def count(self, rows: PersonalRows) -> dict[str, int]:
        """Returns no counts, as `blank`."""
        return {}

    def export(self, rows: PersonalRows) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Returns the documents of the person's reservations and groups, oldest first."""
        told: list[Mapping[str, Any]] = []
        for documents in _parts(rows):
            told += documents.values(
                "number",
                "kind",
                "reservation__code",
                "group_id",
                "issued_at",
                "currency",
                "total_minor",
                "lines",
                "taxes",
                "recipient_name",
                "recipient_address",
            )
        return {"documents": told}


def _parts(rows: PersonalRows) -> Iterator[QuerySet[Document]]:
    ids = rows.reservation_ids
    groups: set[UUID] = set()
    for begin in range(0, len(ids), _CHUNK):
        part = ids[begin : begin + _CHUNK]
        members = Reservation.objects.filter(pk__in=part, group_id__isnull=False)
        found = {one for one in members.values_list("group_id", flat=True) if one} - groups
        groups |= found
        yield Document.objects.filter(Q(reservation__in=part) | Q(group_id__in=found))
