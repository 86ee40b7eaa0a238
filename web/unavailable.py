"""What a page says that cannot be made: a fault of ours, or a database that is away or busy."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

RETRY_AFTER = 5
"""Seconds."""


def no_answer(request: HttpRequest) -> HttpResponse:
    """Called while the exception is handled; asks the database for nothing."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return server_error(request)
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer
