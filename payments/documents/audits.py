"""Finds what is wrong with documents: gaps in their numbers, and sums that do not fit."""

from collections.abc import Iterator
from itertools import islice

from django.db import connection
from django.db.models import Count, Max, Min

from payments.documents import issuance, series
from payments.documents.sealed import Sealed
from payments.models import Document, DocumentKind, Series

_MOST_NAMED = 20
"""Missing numbers that are named of one series and year."""


def faults() -> Iterator[str]:
    """Yields each fault in words, with the ids of what it is about. Changes nothing."""
    if not is_sealed():
        yield "documents are not sealed: rows can be changed and deleted"
    yield from _gaps()
    documents = Document.objects.select_related("series", "credit_of").order_by("pk")
    for document in documents.iterator(500):
        for fault in _of(document):
            yield f"document {document.pk} ({document.number}): {fault}"


def is_sealed() -> bool:
    """True when the database refuses to change and delete documents."""
    guards = [one for one in Document._meta.constraints if isinstance(one, Sealed)]
    return all(guard.is_in_place(connection) for guard in guards)


def _gaps() -> Iterator[str]:
    by_year = Document.objects.order_by().values("series", "year")
    found = by_year.annotate(count=Count("pk"), first=Min("sequence"), last=Max("sequence"))
    for row in found.order_by("series", "year"):
        if row["first"] == 1 and row["count"] == row["last"]:
            continue
        of = Series.objects.get(pk=row["series"])
        there = set(
            Document.objects.filter(series=of, year=row["year"]).values_list("sequence", flat=True)
        )
        missing = (number for number in range(1, row["last"] + 1) if number not in there)
        shown = [series.number(of.prefix, row["year"], one) for one in islice(missing, _MOST_NAMED)]
        yield f"series {of.pk} ({of.prefix}): missing {', '.join(shown)}"


def _of(document: Document) -> Iterator[str]:
    lines = issuance.lines_of(document)
    total = sum(line.amount_minor for line in lines)
    if total != document.total_minor:
        yield f"its lines add up to {total}, its total is {document.total_minor}"
    if issuance.taxes_of(lines) != document.taxes:
        yield "its taxes are not those of its lines"
    printed = series.number(document.series.prefix, document.year, document.sequence)
    if printed != document.number:
        yield f"its series would print {printed}"
    is_credit = document.kind == DocumentKind.CREDIT_NOTE
    credited = document.credit_of
    if is_credit is (credited is None):
        yield "only a credit note takes an invoice back, and every one does"
    elif credited is not None and credited.total_minor + document.total_minor != 0:
        yield f"it takes back {-document.total_minor} of {credited.total_minor}"
