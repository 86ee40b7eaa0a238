"""The Idempotency-Key header: a request sent twice makes one thing and gets one answer."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from ninja import Header

from guests.callers import Caller
from reservations.errors import Invalid
from reservations.idempotency import Answer, Once, Repeated

LONGEST_KEY = 255

T = TypeVar("T")

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="1 to 255 characters; a repeat with the same key gets the same answer.",
    ),
]
"""The header, as an argument of an operation."""


def once(request: HttpRequest, *, by: Caller, render: Callable[[Any], Answer]) -> Once | None:
    """The caller's key for this request, or None without one. Raises Invalid for a bad one."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise Invalid("Idempotency-Key", f"Give 1 to {LONGEST_KEY} printable characters.")
    fingerprint = _fingerprint(request)
    return Once(
        # Nobody else's key can be guessed from an anonymous request: its scope is itself.
        caller=by.name if by.is_known else f"anonymous:{fingerprint}",
        key=key,
        fingerprint=fingerprint,
        render=render,
        guest_id=by.user_id,
    )


def carried_out(
    request: HttpRequest,
    act: Callable[..., T],
    *,
    by: Caller,
    render: Callable[[T], Answer],
) -> HttpResponse:
    """The answer to what `act(once=…)` makes, or to what it made when the request came before."""
    try:
        return respond(render(act(once=once(request, by=by, render=render))))
    except Repeated as repeated:
        return respond(repeated.answer)


def respond(answer: Answer) -> HttpResponse:
    """The answer as it was given the first time."""
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    for name, value in answer.headers.items():
        response[name] = value
    return response


def _fingerprint(request: HttpRequest) -> str:
    # The same document however it is spaced and ordered.
    body = orjson.dumps(orjson.loads(request.body or b"null"), option=orjson.OPT_SORT_KEYS)
    path = f"{request.method} {request.path} ".encode()
    # Keyed, since a body may hold a password, which a bare digest would let anybody guess at.
    return salted_hmac("api.repeats", path + body, algorithm="sha256").hexdigest()
