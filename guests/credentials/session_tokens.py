"""API tokens that a page gets for its session, and that end when the person logs out there.

They are all of one family, which the session names. Their access tokens name it too, so that they
end at once and not only when they expire.
"""

import secrets
import uuid
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from guests import tokens
from guests.models import User
from guests.tokens import Pair

_KEY = "token_family"


def issue(user: User, session: SessionBase) -> Pair:
    """Issues a pair of tokens that ends with this session."""
    if _KEY not in session:
        # The session is older than these names are.
        _name(session)
    return tokens.issue(user, family=uuid.UUID(session[_KEY]))


def begin(request: HttpRequest, **_: Any) -> None:
    """Names the family of a session when a person logs in. Connected to Django's signal."""
    _name(request.session)


def end(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Revokes the tokens of a session when the person logs out. Connected to Django's signal."""
    session = getattr(request, "session", None)
    if user is not None and session is not None and _KEY in session:
        tokens.revoke_family(uuid.UUID(session[_KEY]), user_id=user.pk, now=timezone.now())


def _name(session: SessionBase) -> None:
    family = uuid.UUID(bytes=secrets.token_bytes(16), version=tokens.OF_A_SESSION)
    session[_KEY] = str(family)
