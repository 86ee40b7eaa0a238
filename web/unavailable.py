"""The error page: 500 for a fault of ours, 503 if the database is away or busy."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from guests.errors import TooBusy

RETRY_AFTER = 5
"""Seconds."""


def no_answer(request: HttpRequest) -> HttpResponse:
    """Renders the error page. Django calls it during the exception. It makes no query."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return server_error(request)
    return unavailable()


def busy(request: HttpRequest, fault: Exception) -> HttpResponse | None:
    """The same page where more log in than this process can check; None for another fault."""
    return unavailable() if isinstance(fault, TooBusy) else None


def unavailable() -> HttpResponse:
    """503, with the time to wait."""
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer
