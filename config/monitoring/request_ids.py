"""Gives each request an id, which its answer, its log lines and its problem document carry."""

import random
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "Request-Id"


class RequestIds:
    """Names each request. What a client sends as an id is not believed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # It is told to everybody, so it need not be hard to guess, and this asks no system.
        named = str(uuid.UUID(int=random.getrandbits(128), version=4))
        request.META["REQUEST_ID"] = named
        with structlog.contextvars.bound_contextvars(request_id=named):
            response = self.get_response(request)
        response[HEADER] = named
        return response
