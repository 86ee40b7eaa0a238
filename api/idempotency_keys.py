"""The Idempotency-Key header: a repeated request takes effect once and gets the first answer."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Header

from api import bodies
from guests.callers import Caller
from guests.credentials import keyed_digests
from reservations.errors import Invalid
from reservations.idempotency import Answer, Once, Repeated

LONGEST_KEY = 255
"""Characters."""

T = TypeVar("T")

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description=(
            "1 to 255 characters. A repeat with the same key and body gets the same answer, with "
            f"`Idempotent-Replayed: true`, for {settings.IDEMPOTENCY_KEPT // timedelta(hours=1)} "
            "hours."
        ),
    ),
]
"""The header as an argument of an operation. None if it was not sent."""


def once(request: HttpRequest, *, by: Caller, render: Callable[[Any], Answer]) -> Once | None:
    """Returns the caller's key for this request, or None without the header.

    Raises Invalid unless the key is 1 to 255 printable characters.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise Invalid("Idempotency-Key", f"Give 1 to {LONGEST_KEY} printable characters.")
    # Anonymous callers share no scope: the scope is the request itself, so nobody can guess the key
    # of another.
    names = [
        (by.name if by.is_known else f"anonymous:{fingerprint}", fingerprint)
        for fingerprint in _fingerprints(request)
    ]
    caller, fingerprint = names[0]
    return Once(
        caller=caller,
        key=key,
        fingerprint=fingerprint,
        render=render,
        guest_id=by.user_id,
        earlier=names[1:],
    )


def carried_out(
    request: HttpRequest,
    act: Callable[..., T],
    *,
    by: Caller,
    render: Callable[[T], Answer],
    kept: Callable[[T], Answer] | None = None,
) -> HttpResponse:
    """Runs `act(once=…)` and returns its answer, or the stored answer if the request is a repeat.

    `kept` makes the answer to store where it must not hold all of it, such as a secret. Raises
    Invalid for a key that is not valid, and the refusals of `act`.
    """
    try:
        return respond(render(act(once=once(request, by=by, render=kept or render))))
    except Repeated as repeated:
        return replayed(repeated.answer)


def respond(answer: Answer) -> HttpResponse:
    """Turns a stored answer into a response."""
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    for name, value in answer.headers.items():
        response[name] = value
    return response


def replayed(answer: Answer) -> HttpResponse:
    """Turns a stored answer into the response of a repeat, which says that it is one."""
    response = respond(answer)
    response["Idempotent-Replayed"] = "true"
    return response


def _fingerprints(request: HttpRequest) -> Sequence[str]:
    # Sorted keys without spaces: two texts of one document give one fingerprint.
    body = orjson.dumps(_document(request), option=orjson.OPT_SORT_KEYS)
    path = f"{request.method} {request.path} ".encode()
    # The digest is keyed because a body may hold a password. Anyone could guess at a bare digest.
    return keyed_digests.known("api.repeats", path + body)


def _document(request: HttpRequest) -> Any:
    # An operation without a body takes anything for one: some clients send an empty form.
    if not bodies.is_json(request.content_type or ""):
        return None
    try:
        return bodies.read(request.body or b"null")
    except ValueError:
        return request.body.decode("latin-1")
