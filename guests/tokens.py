"""The tokens that people send to the API: short-lived access tokens, and refresh tokens used once.

One conditional UPDATE spends a refresh token. Whoever sends a spent one may have a copy of it, so
the whole family (a log-in and all that was renewed from it) is revoked for good.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import jwt
from django.conf import settings
from django.db import transaction
from django.db.models import Exists
from django.utils import timezone
from jwt.utils import base64url_decode, base64url_encode

from guests.errors import TokenInvalid
from guests.models import RefreshToken, User

Use = Literal["access", "refresh"]

ALGORITHM = "HS256"
ISSUER = "holdfast"
AUDIENCE = "holdfast-api"
OF_A_SESSION = 5
"""The UUID version of families that `session_tokens` names; others have version 4."""
CLAIMS = ("iss", "aud", "sub", "ver", "jti", "iat", "exp", "use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The tokens of a log-in. `expires_in` is the life of the access token in seconds."""

    access: str
    refresh: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The contents of a genuine token: user id, version of the account, and the token's own id."""

    user_id: int
    version: int
    jti: str
    family: uuid.UUID | None = None
    """Set on access tokens of a session of the pages, which end with it."""


def issue(user: User, *, family: uuid.UUID | None = None) -> Pair:
    """Issues a pair of tokens, of a new family unless one is given."""
    return _pair(user, family=family or uuid.uuid4(), now=timezone.now())


def holder(access: str) -> User:
    """Returns the person whose access token this is, with one query.

    Raises TokenInvalid, also where the account is closed, or logged out everywhere, or the token
    is of a session that is logged out.
    """
    claims = read(access, use="access")
    people = User.objects.filter(pk=claims.user_id, token_version=claims.version, is_active=True)
    if claims.family is not None:
        live = RefreshToken.objects.filter(family=claims.family, revoked_at=None)
        people = people.filter(Exists(live))
    user = people.first()
    if user is None:
        raise TokenInvalid
    return user


def rotate(refresh: str) -> Pair:
    """Spends a refresh token and returns a new pair. Opens its own transaction.

    Raises TokenInvalid, after revoking the family, for a token that is spent, expired or revoked.
    """
    claims = read(refresh, use="refresh")
    # The revocation is committed before the refusal is raised.
    pair = _spend(claims, timezone.now())
    if pair is None:
        raise TokenInvalid
    return pair


def revoke(refresh: str) -> None:
    """Ends the log-in of this refresh token, even a spent or expired one.

    Opens its own transaction. Raises TokenInvalid for a token that was never issued, or that is
    deleted.
    """
    claims = read(refresh, use="refresh", expired_too=True)
    digest = _digest(claims.jti)
    with transaction.atomic(durable=True):
        _lock_user(claims.user_id)
        known = RefreshToken.objects.filter(digest=digest).first()
        if known is None or known.user_id != claims.user_id:
            raise TokenInvalid
        _revoke_family(digest, timezone.now())


def revoke_family(family: uuid.UUID, *, user_id: int, now: datetime) -> None:
    """Ends every token of a family at once. Opens a transaction."""
    with transaction.atomic():
        _lock_user(user_id)
        RefreshToken.objects.filter(family=family, revoked_at=None).update(revoked_at=now)


def read(token: str, *, use: Use, expired_too: bool = False) -> Claims:
    """The contents of a token. Raises TokenInvalid unless it is genuine, current and for this use.

    Checks signature, key, algorithm, audience and issuer. `expired_too` accepts expired ones. Runs
    no query.
    """
    try:
        _check_form(token)
        said = _decode(token, verify_exp=not expired_too)
        if said["use"] != use:
            raise TokenInvalid
        family = uuid.UUID(said["fam"]) if "fam" in said else None
        user_id, version = _user_id(said["sub"]), int(said["ver"])
        return Claims(user_id=user_id, version=version, jti=str(said["jti"]), family=family)
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, RecursionError):
        raise TokenInvalid from None


def delete_expired(*, batch: int) -> int:
    """Deletes at most `batch` expired refresh tokens. Returns how many.

    Opens its own transaction.
    """
    stale = RefreshToken.objects.filter(expires_at__lte=timezone.now()).order_by("pk")
    with transaction.atomic(durable=True):
        rows = stale.select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch]
        return RefreshToken.objects.filter(pk__in=list(rows)).delete()[0]


def _spend(claims: Claims, now: datetime) -> Pair | None:
    digest = _digest(claims.jti)
    with transaction.atomic(durable=True):
        # Under the person's lock, a revocation also sees the new token of a concurrent rotation.
        user = _lock_user(claims.user_id)
        spent = RefreshToken.objects.filter(
            digest=digest, spent_at=None, revoked_at=None, expires_at__gt=now
        ).update(spent_at=now)
        if user and spent and user.is_active and user.token_version == claims.version:
            return _pair(user, family=RefreshToken.objects.get(digest=digest).family, now=now)
        _revoke_family(digest, now)
        return None


def _lock_user(user_id: int) -> User | None:
    return User.objects.select_for_update(no_key=True).filter(pk=user_id).first()


def _revoke_family(digest: str, now: datetime) -> None:
    family = RefreshToken.objects.filter(digest=digest).values("family")
    RefreshToken.objects.filter(family__in=family, revoked_at=None).update(revoked_at=now)


def _pair(user: User, *, family: uuid.UUID, now: datetime) -> Pair:
    jti = secrets.token_urlsafe(24)
    RefreshToken.objects.create(
        user=user,
        family=family,
        digest=_digest(jti),
        created_at=now,
        expires_at=now + settings.REFRESH_TOKEN_LIFETIME,
    )
    lifetime = settings.ACCESS_TOKEN_LIFETIME
    named = {"fam": family.hex} if family.version == OF_A_SESSION else {}
    return Pair(
        access=_encode(user, secrets.token_urlsafe(12), "access", now, lifetime, **named),
        refresh=_encode(user, jti, "refresh", now, settings.REFRESH_TOKEN_LIFETIME),
        expires_in=int(lifetime.total_seconds()),
    )


def _encode(
    user: User, jti: str, use: Use, now: datetime, lifetime: timedelta, **named: str
) -> str:
    claims = {
        **named,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user.pk),
        "ver": user.token_version,
        "jti": jti,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "use": use,
    }
    secret = settings.JWT_SECRET
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"kid": _key_id(secret)})


def _check_form(token: str) -> None:
    """Raises TokenInvalid unless each part is base64url as it is written, without padding.

    The library also reads padding and spare bits, so that one token would have many texts.
    """
    for part in token.split("."):
        if base64url_encode(base64url_decode(part)).decode() != part:
            raise TokenInvalid


def _user_id(said: Any) -> int:
    """Returns the id that a `sub` stands for. Raises TokenInvalid for one written otherwise."""
    key = int(said)
    # int also reads digits of other scripts, signs and spaces.
    if said != str(key):
        raise TokenInvalid
    return key


def _decode(token: str, *, verify_exp: bool) -> dict[str, Any]:
    secrets_by_id = {_key_id(key): key for key in (settings.JWT_SECRET, *settings.JWT_OLD_SECRETS)}
    secret = secrets_by_id.get(jwt.get_unverified_header(token).get("kid", ""))
    if secret is None:
        raise TokenInvalid
    return jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        # No check of iat, so that servers whose clocks differ slightly accept each other's tokens.
        options={"require": list(CLAIMS), "verify_iat": False, "verify_exp": verify_exp},
    )


def _key_id(secret: str) -> str:
    return _digest(secret)[:8]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
