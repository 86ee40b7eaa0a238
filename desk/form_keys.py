"""Makes a form that is sent twice count once."""

import hashlib

from django.http import HttpRequest

from guests.callers import Caller
from reservations.idempotency import Answer, Once
from venues.models import Venue


def once_for(request: HttpRequest, venue: Venue, by: Caller) -> Once:
    """Returns the idempotency key of a sent form, from its hidden field `once`.

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
        render=lambda row: Answer(302, str(row.pk)),
    )
