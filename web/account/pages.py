"""A long list, page by page."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 20


def page_of(rows: QuerySet[Any], request: HttpRequest) -> Page[Any]:
    """The page that the address asks for; the nearest where there is none of that number."""
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
