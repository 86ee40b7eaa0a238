"""Answers that are dear to work out and the same for everybody, remembered as the engine allows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from api.presenting import as_json, reply_with
from reservations import remembering
from venues.models import Venue


def answer(
    request: HttpRequest, venue: Venue, now: datetime, document: Callable[[], Any]
) -> HttpResponse:
    """The reply to this address and query, for whoever asks; `document` makes it if need be."""
    return reply_with(
        remembering.one(
            request.get_full_path(), venue, now=now, work_out=lambda: as_json(document())
        )
    )
