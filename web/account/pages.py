"""Splits long lists into pages."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 20


def page_of(rows: QuerySet[Any], request: HttpRequest) -> Page[Any]:
    """Returns the page that the address asks for, else the nearest one. The first page may be
    empty.
    """
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
