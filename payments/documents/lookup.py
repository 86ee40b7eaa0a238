"""Finds documents for those who may see them: whoever sees the reservation, or the whole group."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from guests.callers import Caller
from payments.models import Document, DocumentKind
from reservations.errors import NotFound
from reservations.models import Reservation

LONGEST_NUMBER = 24
"""Characters."""


def of(reservation: Reservation) -> list[Document]:
    """Returns the documents of a reservation and of its group, oldest first. One query.

    For whoever sees the whole group; for others, `visible` of them.
    """
    return list(_of(reservation).select_related("credit_of", "credit_note"))


def seen_by(by: Caller, reservation: Reservation) -> list[Document]:
    """Returns those documents of a reservation and of its group that the caller may see."""
    return list(visible(by, _of(reservation)).select_related("credit_of", "credit_note"))


def by_reservation(by: Caller, rows: Sequence[Reservation]) -> dict[int, list[Document]]:
    """Returns the documents of several reservations that the caller may see, by their ids.

    Those of a group are with each member. One query.
    """
    groups = {row.group_id for row in rows if row.group_id is not None}
    whose = Q(reservation__in=[row.pk for row in rows]) | Q(group_id__in=groups)
    found = list(visible(by, Document.objects.filter(whose)))
    return {
        row.pk: [
            document
            for document in found
            if row.pk == document.reservation_id
            or (document.group_id is not None and document.group_id == row.group_id)
        ]
        for row in rows
    }


def of_group(group_id: UUID) -> list[Document]:
    """Returns the documents of a whole group, oldest first. For whoever sees all of it."""
    rows = Document.objects.filter(group_id=group_id)
    return list(rows.select_related("credit_of", "credit_note"))


def find(number: str, *, by: Caller) -> Document:
    """Returns the document of a number that the caller may see. Raises NotFound for all else."""
    given = number.strip().upper()
    rows = Document.objects.filter(number=given) if _is_number(given) else Document.objects.none()
    found = (
        visible(by, rows).select_related("venue", "reservation", "credit_of", "credit_note").first()
    )
    if found is None:
        raise NotFound(gettext("There is no such document."))
    return found


def credit_note_of(document: Document) -> Document | None:
    """Returns the credit note that takes an invoice back. No query if it is from these lists."""
    return getattr(document, "credit_note", None)


def is_open_invoice(document: Document) -> bool:
    """True for an invoice without a credit note."""
    return document.kind == DocumentKind.INVOICE and credit_note_of(document) is None


def visible(by: Caller, rows: QuerySet[Document]) -> QuerySet[Document]:
    """Returns those of these documents that the caller may see.

    One of a group is seen by who sees every reservation of it, since it lists all of them.
    """
    seen = Reservation.objects.visible_to(by)
    members = Reservation.objects.filter(group_id=OuterRef("group_id"))
    hidden = members.exclude(pk__in=seen.values("pk"))
    return rows.filter(
        Q(reservation__in=seen.values("pk"))
        | Q(group_id__isnull=False) & Exists(members) & ~Exists(hidden)
    )


def judge_whole(group_id: UUID, rows: Sequence[Reservation]) -> None:
    """Raises NotFound unless these are all the reservations of a group."""
    if Reservation.objects.filter(group_id=group_id).count() != len(rows):
        raise NotFound(gettext("There is no such group."))


def _of(reservation: Reservation) -> QuerySet[Document]:
    whose = Q(reservation=reservation)
    if reservation.group_id is not None:
        whose |= Q(group_id=reservation.group_id)
    return Document.objects.filter(whose)


def _is_number(text: str) -> bool:
    return len(text) <= LONGEST_NUMBER and text.isascii() and text.isprintable()
