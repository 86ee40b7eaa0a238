"""Replies."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from api.schemas import to_z
from reservations.availability import answer_cache
from venues.models import Venue


def answer(
    request: HttpRequest, venue: Venue, now: datetime, document: Callable[[], Any]
) -> HttpResponse:
    """The reply to this address and query, for whoever asks; `document` makes it if need be."""
    return reply_with(
        answer_cache.one(
            request.get_full_path(), venue, now=now, work_out=lambda: as_json(document())
        )
    )


def reply(document: Any, *, status: int = 200) -> HttpResponse:
    """A JSON answer, written once and not validated again."""
    return reply_with(as_json(document), status=status)


def as_json(document: Any) -> bytes:
    """A document as it goes out."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z, default=_stand_in)


def reply_with(body: bytes, *, status: int = 200) -> HttpResponse:
    """A JSON answer that is written already."""
    return HttpResponse(body, status=status, content_type="application/json")


def _stand_in(value: Any) -> str:
    """For what is an instant of another make, such as that of a clock that is stopped."""
    if isinstance(value, datetime):
        return to_z(value)
    raise TypeError(type(value))
