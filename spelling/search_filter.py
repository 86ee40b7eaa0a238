"""Filters rows by their search text."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from spelling import search_text

Row = TypeVar("Row", bound=Model)


def containing(rows: QuerySet[Row], asked: str) -> QuerySet[Row]:
    """Returns the rows whose `search_text` has what is asked.

    An empty text matches all, one without letters and digits none.
    """
    if not asked.strip():
        return rows
    lists = search_text.pieces(asked)
    return rows.filter(having(lists)) if lists else rows.none()


def having(lists: list[list[str]]) -> Q:
    """Returns the condition that a `search_text` has all pieces of any of these lists."""
    found = Q()
    for pieces in lists:
        every = Q()
        for piece in pieces:
            every &= Q(search_text__contains=piece)
        found |= every
    return found
