"""Sends requests to the API as each kind of caller, and reads what comes back."""

import json
from collections.abc import Callable
from typing import Any

from django.test import Client

from guests import keys, tokens
from guests.models import Partner, User
from venues.models import Venue

BASE = "/api/v1"
JSON = "application/json"
PROBLEM = "application/problem+json"

CONTACT = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31201234567"}

Headers = Callable[[], dict[str, str]]


class Api:
    """The API as one caller meets it. Credentials are made at each call, so clocks may move."""

    def __init__(self, credentials: Headers = dict) -> None:
        self.credentials = credentials
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, params: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.get(BASE + path, params or {}, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`body` is a document, or bytes that are sent as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        sent: dict[str, Any] = {} if body is None else {"data": data, "content_type": JSON}
        sent["headers"] = self._headers(headers)
        return getattr(self.client, method.lower())(BASE + path, **sent)

    def _headers(self, own: dict[str, str]) -> dict[str, str]:
        return self.credentials() | {name.replace("_", "-"): text for name, text in own.items()}


def anonymous() -> Api:
    """Sends no credentials."""
    return Api()


def person(user: User) -> Api:
    """Sends a fresh access token each time."""
    return Api(lambda: {"Authorization": f"Bearer {tokens.issue(user).access}"})


def partner(of: Partner) -> Api:
    """Sends one key of that partner."""
    _, secret = keys.issue(of, by=None)
    return Api(lambda: {"X-API-Key": secret})


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document, after a look that it is a whole and honest one."""
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    said: dict[str, Any] = answer.json()
    assert said["code"] == code, said
    assert said["status"] == status
    assert said["instance"] == f"urn:uuid:{answer['Request-Id']}"
    assert all(isinstance(said[name], str) and said[name] for name in ("type", "title", "detail"))
    assert "Traceback" not in answer.content.decode()
    return said


def faults(answer: Any) -> dict[str, str]:
    """What a 422 says of each field."""
    said = problem(answer, 422, "validation_error")
    return {error["pointer"].removeprefix("#/"): error["detail"] for error in said["errors"]}


def stay(venue: Venue, /, **changes: Any) -> dict[str, Any]:
    """A body for two nights at a hotel from NOON's day."""
    body = {"check_in": "2027-03-01", "check_out": "2027-03-03", "guest_count": 2}
    return {"venue": venue.slug} | body | CONTACT | changes


def sitting(venue: Venue, /, **changes: Any) -> dict[str, Any]:
    """A body for two hours from NOON, where times are sold."""
    body = {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T14:00:00Z"}
    return {"venue": venue.slug, "guest_count": 2} | body | CONTACT | changes
