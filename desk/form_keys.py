"""Makes a form that is sent twice count once."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from guests.callers import Caller
from reservations.idempotency import Answer, Once
from venues.models import Venue


def id_text(made: Any) -> str:
    """Returns the id of a reservation as text, to be stored with the key."""
    return str(made.pk)


def once_for(
    request: HttpRequest, venue: Venue, by: Caller, told: Callable[[Any], str] = id_text
) -> Once:
    """Returns the idempotency key of a sent form, from its hidden field `once`.

    `told` makes the text that a repeat gets back.

    The engine raises Repeated for the same form again, and KeyReused for the same key with other
    values.
    """
    sent = sorted(
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("csrfmiddlewaretoken", "next")
    )
    content = repr((venue.pk, sent))
    return Once(
        caller=f"desk:{by.name}",
        key=request.POST["once"],
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
        render=lambda made: Answer(302, told(made)),
    )
