"""JSON responses that are written without another validation."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel

from api.schemas import to_z
from reservations.availability import answer_cache
from venues.models import Venue


def answer(
    request: HttpRequest,
    asked: BaseModel,
    venue: Venue,
    now: datetime,
    document: Callable[[], Any],
) -> HttpResponse:
    """Returns the reply to this address and query from the answer cache.

    The cache calls `document` only if it has no answer that is still true. Use it only for
    documents that are the same for every caller.
    """
    # What was read of the query, and not its text: parameters that mean nothing fill no cache.
    question = f"{request.path}?{asked.model_dump_json()}"
    return reply_with(
        answer_cache.one(question, venue, now=now, work_out=lambda: as_json(document()))
    )


def reply(document: Any, *, status: int = 200) -> HttpResponse:
    """Returns a JSON response. The document is not validated again."""
    return reply_with(as_json(document), status=status)


def as_json(document: Any) -> bytes:
    """Returns a document as JSON bytes. Instants are in UTC with `Z`."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z, default=_stand_in)


def reply_with(body: bytes, *, status: int = 200) -> HttpResponse:
    """Returns a response with a body that is JSON already."""
    return HttpResponse(body, status=status, content_type="application/json")


def _stand_in(value: Any) -> str:
    """Writes subclasses of datetime, such as those of a stopped clock in tests."""
    if isinstance(value, datetime):
        return to_z(value)
    raise TypeError(type(value))
