"""Finds out who sends a request: a person with a Bearer token, a partner with a key, or nobody.

Every credential in the request must be valid. If there is a token and a key, the caller is the
person of the token.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyCookie, APIKeyHeader, HttpBearer
from ninja.utils import check_csrf

from api import bodies, limits
from guests import callers, keys, tokens
from guests.addresses import origin_of
from guests.callers import ANONYMOUS, Caller, Kind
from guests.errors import Forbidden, KeyInvalid, TokenInvalid
from guests.models import User

Judge = Callable[[Caller], None]

KEY_HEADER = "X-API-Key"


class KnownRequest(HttpRequest):
    """A request after authentication. `auth` is the caller."""

    auth: Caller


class Bearer(HttpBearer):
    """Authenticates people by `Authorization: Bearer <access token>`."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Returns the caller, or None without the header. Raises TokenInvalid or KeyInvalid."""
        if self.header not in request.headers:
            return None
        if KEY_HEADER in request.headers:
            _partner(request.headers[KEY_HEADER])
        scheme, _, token = request.headers[self.header].partition(" ")
        if scheme.lower() != self.openapi_scheme:
            raise TokenInvalid
        return self.authenticate(request, token.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Returns the person of an access token as a caller. Raises TokenInvalid."""
        user = tokens.holder(token)
        request.user = user
        return _judged(request, callers.for_user(user), self.judge)


class ApiKey(APIKeyHeader):
    """Authenticates partners by `X-API-Key: <key>`."""

    param_name = KEY_HEADER

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """Returns the partner as a caller, or None without a key. Raises KeyInvalid."""
        if key is None:
            return None
        partner = _partner(key)
        limits.partner_gate(request, partner)
        return _judged(request, partner, self.judge)


class BrowserSession(APIKeyCookie):
    """Authenticates a person who logged in on the pages by session cookie and CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        return request.COOKIES.get(self.param_name)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """Returns the caller, or None if nobody is logged in. Raises Forbidden without the CSRF
        token.
        """
        if not isinstance(request.user, User):
            return None
        if check_csrf(request):
            raise Forbidden("Send the CSRF token of your session as X-CSRFToken.")
        return replace(callers.for_user(request.user), origin=origin_of(request))


def allow(*kinds: Kind, scope: str = "") -> list[Callable[[HttpRequest], Any]]:
    """Returns the `auth=` of an operation that only some callers may use.

    People and partners must be of one of `kinds`, where empty means any kind. Partners also need
    the `scope`. All others get 403 before the server reads their request.
    """

    def judge(caller: Caller) -> None:
        if kinds:
            require_kind(caller, *kinds)
        if scope:
            require_scope(caller, scope)

    return [Bearer(judge), ApiKey(judge)]


def require_kind(caller: Caller, *kinds: Kind) -> None:
    """Raises Forbidden unless the caller is of one of these kinds."""
    if caller.kind not in kinds:
        raise Forbidden


def require_scope(caller: Caller, scope: str) -> None:
    """Raises Forbidden for a partner whose key lacks the scope. People need no scopes."""
    if caller.kind == "partner" and scope not in caller.scopes:
        raise Forbidden(f"This key lacks the scope {scope}.")


def nobody(request: HttpRequest) -> Caller:
    """Returns ANONYMOUS for a request without credentials.

    This comes last in OPTIONAL, so invalid credentials still give 401.
    """
    return ANONYMOUS


def holder_of_refresh_token(request: HttpRequest) -> Caller | None:
    """Returns the person whose refresh token is in the body, for logging out.

    Accepts an expired token. Returns None if the body has no valid refresh token.
    """
    try:
        body = bodies.read(request.body)
        claims = tokens.read(str(body["refresh"]), use="refresh", expired_too=True)
    except (TokenInvalid, RequestDataTooBig, ValueError, KeyError, TypeError):
        return None
    return Caller(kind="guest", name=f"user:{claims.user_id}", user_id=claims.user_id)


ANYBODY_KNOWN = allow()
"""The default of the API: the caller needs an access token or a key."""
PEOPLE = allow("guest", "staff", "administrator")
OPTIONAL = [*ANYBODY_KNOWN, nobody]
"""For public operations that tell known callers more."""


def _judged(request: HttpRequest, caller: Caller, judge: Judge) -> Caller:
    caller = replace(caller, origin=origin_of(request))
    # Set `auth` first: when the judge refuses, the error handler needs the caller to hide
    # reservations of others.
    cast(KnownRequest, request).auth = caller
    judge(caller)
    return caller


def _partner(key: str) -> Caller:
    caller = keys.find(key, timezone.now())
    if caller is None:
        raise KeyInvalid
    return caller
