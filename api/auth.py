"""Who sends a request: a person with a Bearer token, a partner with a key, or nobody.

Every credential that is sent must be good; where both are, the token says who it is.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyCookie, APIKeyHeader, HttpBearer
from ninja.utils import check_csrf

from guests import callers, keys, tokens
from guests.addresses import origin_of
from guests.callers import ANONYMOUS, Caller, Kind
from guests.errors import Forbidden, KeyInvalid, TokenInvalid
from guests.models import User

Judge = Callable[[Caller], None]

KEY_HEADER = "X-API-Key"


class KnownRequest(HttpRequest):
    """A request as operations see it: `auth` is who sends it."""

    auth: Caller


class Bearer(HttpBearer):
    """`Authorization: Bearer <access token>`, for people."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def __call__(self, request: HttpRequest) -> Caller | None:
        if self.header not in request.headers:
            return None
        if KEY_HEADER in request.headers:
            _partner(request.headers[KEY_HEADER])
        scheme, _, token = request.headers[self.header].partition(" ")
        if scheme.lower() != self.openapi_scheme:
            raise TokenInvalid
        return self.authenticate(request, token.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        user = _person(token)
        request.user = user
        return _judged(request, callers.for_user(user), self.judge)


class ApiKey(APIKeyHeader):
    """`X-API-Key: <key>`, for partners."""

    param_name = KEY_HEADER

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        if key is None:
            return None
        return _judged(request, _partner(key), self.judge)


class BrowserSession(APIKeyCookie):
    """The session cookie of somebody who logged in on the pages, with their CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        return request.COOKIES.get(self.param_name)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        if not isinstance(request.user, User):
            return None
        if check_csrf(request):
            raise Forbidden("Send the CSRF token of your session as X-CSRFToken.")
        return replace(callers.for_user(request.user), origin=origin_of(request))


def allow(*kinds: Kind, scope: str = "") -> list[Callable[[HttpRequest], Any]]:
    """`auth=` of an operation: callers of these kinds (all when none is named), partners only
    with the scope; others are 403 before their request is read.
    """

    def judge(caller: Caller) -> None:
        if kinds:
            require_kind(caller, *kinds)
        if scope:
            require_scope(caller, scope)

    return [Bearer(judge), ApiKey(judge)]


def require_kind(caller: Caller, *kinds: Kind) -> None:
    """Forbidden unless the caller is of one of these kinds."""
    if caller.kind not in kinds:
        raise Forbidden


def require_scope(caller: Caller, scope: str) -> None:
    """Forbidden to a partner whose key lacks the scope; people have no scopes to lack."""
    if caller.kind == "partner" and scope not in caller.scopes:
        raise Forbidden(f"This key lacks the scope {scope}.")


def nobody(request: HttpRequest) -> Caller:
    """The last resort of what is public: no credential was sent, so bad ones are still 401."""
    return ANONYMOUS


def holder_of_refresh_token(request: HttpRequest) -> Caller | None:
    """Who may log out: the refresh token in the body is a credential of its own."""
    try:
        body = json.loads(request.body)
        claims = tokens.read(str(body["refresh"]), use="refresh", expired_too=True)
    except (TokenInvalid, RequestDataTooBig, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Caller(kind="guest", name=f"user:{claims.user_id}", user_id=claims.user_id)


ANYBODY_KNOWN = allow()
"""The API's default: a token or a key."""
PEOPLE = allow("guest", "staff", "administrator")
OPTIONAL = [*ANYBODY_KNOWN, nobody]
"""For what is public but says more to who is known."""


def _judged(request: HttpRequest, caller: Caller, judge: Judge) -> Caller:
    caller = replace(caller, origin=origin_of(request))
    # Known before it is judged: what is not the caller's is hidden even from whom it refuses.
    cast(KnownRequest, request).auth = caller
    judge(caller)
    return caller


def _person(token: str) -> User:
    claims = tokens.read(token, use="access")
    user = User.objects.filter(
        pk=claims.user_id, token_version=claims.version, is_active=True
    ).first()
    if user is None:
        raise TokenInvalid
    return user


def _partner(key: str) -> Caller:
    caller = keys.find(key, timezone.now())
    if caller is None:
        raise KeyInvalid
    return caller
