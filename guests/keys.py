"""Partners' API keys: shown once, stored as digests, and compared in constant time.

A key is `hf`, 8 characters that name it, 30 random ones, and 6 that check the rest: only letters
and digits. Keys are in the database (issued in the admin) or, as digests, in the settings.
"""

import hashlib
import hmac
import logging
import re
import secrets
import string
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from guests.callers import Caller, for_partner
from guests.models import Partner, PartnerKey, User

PREFIX_LENGTH = 10
GRACE = timedelta(days=1)
"""How long the old key still works after a rotation."""
USE_NOTED_EVERY = timedelta(minutes=1)
"""The shortest time between two updates of a key's `last_used_at`."""

MOST_REMEMBERED = 1_000
"""The largest number of keys that one process caches."""

_NEVER: Final = (datetime.min.replace(tzinfo=UTC), None)
_remembered: dict[str, tuple[datetime, Caller | None]] = {}

_ALPHABET = string.ascii_letters + string.digits
_SHAPE: Final = re.compile(r"hf[A-Za-z0-9]{38}[A-Za-z0-9]{6}")
_log = logging.getLogger(__name__)


def new_secret() -> str:
    """A new random key that belongs to nobody yet. Nothing is stored."""
    body = "hf" + "".join(secrets.choice(_ALPHABET) for _ in range(38))
    return body + _checksum(body)


def digest(secret: str) -> str:
    """The stored form of a key: SHA-256 in hex.

    A key has 178 random bits, so no slow hash is needed.
    """
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def issue(
    partner: Partner, *, by: User | None, expires_at: datetime | None = None
) -> tuple[PartnerKey, str]:
    """Creates a key of a partner. Returns its row and the secret, which cannot be shown again.

    `expires_at` is UTC; None means that it never expires.
    """
    secret = new_secret()
    key = PartnerKey.objects.create(
        partner=partner,
        prefix=secret[:PREFIX_LENGTH],
        digest=digest(secret),
        created_at=timezone.now(),
        created_by=by,
        expires_at=expires_at,
    )
    return key, secret


@transaction.atomic(durable=True)
def rotate(
    *, key_id: int, by: User | None, grace: timedelta = GRACE
) -> tuple[PartnerKey, str] | None:
    """Issues a successor with an equal life. The old key ends after `grace`.

    Opens its own transaction. Returns the new row and its secret; None when the old key has ended.
    Raises PartnerKey.DoesNotExist.
    """
    old = PartnerKey.objects.select_for_update().select_related("partner").get(pk=key_id)
    now = timezone.now()
    if not is_valid(old, now):
        return None
    life = old.expires_at - old.created_at if old.expires_at else None
    old.expires_at = min(old.expires_at or now + grace, now + grace)
    old.save(update_fields=["expires_at"])
    transaction.on_commit(forget)
    return issue(old.partner, by=by, expires_at=now + life if life else None)


def revoke(*, key_id: int) -> None:
    """Ends a key at once, also in this process's cache. Repeating it changes nothing."""
    PartnerKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now())
    forget()


def is_valid(key: PartnerKey, now: datetime) -> bool:
    """True when the key has not been revoked and not expired at `now`. Ignores its partner."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def find(secret: str, now: datetime) -> Caller | None:
    """The caller with this key, or None when the key is not valid at `now`.

    The checksum refuses junk without a query. Each process caches a key for PARTNER_KEY_KEPT, so a
    key that another process revoked may work here for that long.
    """
    given = digest(secret)
    until, caller = _remembered.get(given, _NEVER)
    if caller is not None and now < until:
        return caller
    return _from_settings(given) or _from_database(secret, given, now)


def forget() -> None:
    """Empties this process's cache of keys."""
    _remembered.clear()


def _from_settings(given: str) -> Caller | None:
    found = None
    for entry in settings.PARTNER_KEYS:
        if hmac.compare_digest(entry.digest, given):
            found = entry
    if found is None:
        return None
    return Caller(
        kind="partner",
        name=f"partner:{found.partner}",
        partner=found.partner,
        venue_ids=None if found.venues is None else _venue_ids(found.venues),
        scopes=found.scopes,
        rate=found.rate,
    )


def _venue_ids(slugs: frozenset[str]) -> frozenset[int]:
    venues = apps.get_model("venues", "Venue")._default_manager
    return frozenset(venues.filter(slug__in=slugs).values_list("pk", flat=True))


def _from_database(secret: str, given: str, now: datetime) -> Caller | None:
    if not _SHAPE.fullmatch(secret) or secret[-6:] != _checksum(secret[:-6]):
        return None
    key = PartnerKey.objects.select_related("partner").filter(prefix=secret[:PREFIX_LENGTH]).first()
    if key is None or not hmac.compare_digest(key.digest, given):
        return None
    if not (is_valid(key, now) and key.partner.is_active):
        return None
    _note_use(key, now)
    caller = for_partner(key.partner)
    if len(_remembered) >= MOST_REMEMBERED:
        forget()
    until = now + settings.PARTNER_KEY_KEPT
    _remembered[given] = (min(until, key.expires_at or until), caller)
    return caller


def _note_use(key: PartnerKey, now: datetime) -> None:
    """Updates `last_used_at` at most once a minute, so that bookings do not wait for one row."""
    since = now - USE_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > since:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=since)
    try:
        with transaction.atomic():
            PartnerKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
    except DatabaseError:
        # A key that works matters more than a record of its last use.
        _log.warning("could not note the use of key %s", key.prefix)


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, index = divmod(number, 62)
        letters += _ALPHABET[index]
    return letters
