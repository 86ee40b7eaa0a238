"""Refuses what a browser never sends and no column takes: 400 instead of a fault of ours.

JSON is judged by its schemas and forms by their fields. This is for the other ways in: cookies, and
the parts of an address that a list of the admin hands on to the database.
"""

import logging
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import bad_request, page_not_found

from reservations.transactions import is_of_lost_row

log = logging.getLogger(__name__)

LONGEST_COOKIE = 4_096


class RequestValues:
    """Takes cookies away that cannot be ours, and answers 400 where a value was out of range."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name, value in list(request.COOKIES.items()):
            if not value.isprintable() or len(value) > LONGEST_COOKIE:
                del request.COOKIES[name]
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """Answers 400 to a number, year or text that the database or a date cannot hold.

        What was read a moment before and is gone since is 404.
        """
        if is_of_lost_row(fault):
            return page_not_found(request, fault)
        if not _is_of_values(fault):
            return None
        log.warning("%s was asked for a value out of range: %r", request.path, fault)
        return bad_request(request, fault)


def _is_of_values(fault: Exception) -> bool:
    # Python reads no number of more than 4,300 digits, wherever one is sent.
    is_long = isinstance(fault, ValueError) and str(fault).startswith("Exceeds the limit (")
    return is_long or isinstance(fault, DataError | OverflowError)
