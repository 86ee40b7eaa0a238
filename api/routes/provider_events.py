"""Where providers of card payments report what happened."""

from typing import Annotated

import ninja
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from api.errors import other
from api.replies import reply
from api.schemas import problems
from payments import provider_events
from payments.providers.protocol import BadSignature

router = Router(tags=["payments"])


class ReceivedOut(ninja.Schema):
    """What was stored."""

    received: Annotated[int, Field(description="How many of the events are new.")]


@router.post(
    "/payments/{provider}/events",
    operation_id="receivePaymentEvents",
    auth=None,
    response={200: ReceivedOut, **problems(400, 404, 413)},
)
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Take in what a provider of card payments reports, signed as that provider signs.

    Each event is stored before it is handled, and counts once. Any body is read that the provider
    has signed within five minutes; every other one is 400.
    """
    try:
        fresh = provider_events.receive(provider, request.headers, request.body)
    except BadSignature:
        detail = "This is not signed by the provider, or it is too old."
        return other(request, "bad_request", detail)
    return reply({"received": fresh})
