"""Partners' API keys: shown once, kept as digests, found again in constant time.

A key is `hf`, 8 characters that name it, 30 random ones and 6 that check the rest; letters and
digits only. Keys live in the database (issued in the admin) or, digests alone, in the settings.
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
USE_NOTED_EVERY = timedelta(minutes=1)

MOST_REMEMBERED = 1_000

_NEVER: Final = (datetime.min.replace(tzinfo=UTC), None)
_remembered: dict[str, tuple[datetime, Caller | None]] = {}

_ALPHABET = string.ascii_letters + string.digits
_SHAPE: Final = re.compile(r"hf[A-Za-z0-9]{38}[A-Za-z0-9]{6}")
_log = logging.getLogger(__name__)


def new_secret() -> str:
    """A fresh key, not yet anybody's."""
    body = "hf" + "".join(secrets.choice(_ALPHABET) for _ in range(38))
    return body + _checksum(body)


def digest(secret: str) -> str:
    """What is kept of a key: SHA-256 in hex. Its 178 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def issue(
    partner: Partner, *, by: User | None, expires_at: datetime | None = None
) -> tuple[PartnerKey, str]:
    """A new key of a partner, and the secret, which cannot be shown again."""
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
    """A successor with the same life; the old key ends after `grace`. None: it ended already."""
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
    """End a key at once; ending it twice changes nothing."""
    PartnerKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now())
    forget()


def is_valid(key: PartnerKey, now: datetime) -> bool:
    """Whether the key may still be used at `now`, its partner aside."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def find(secret: str, now: datetime) -> Caller | None:
    """Whose key this is, if it may be used at `now`. Junk is told by its checksum, unqueried.

    A key is remembered for PARTNER_KEY_KEPT: so long may one that was revoked by another process
    still be used here.
    """
    given = digest(secret)
    until, caller = _remembered.get(given, _NEVER)
    if caller is not None and now < until:
        return caller
    return _from_settings(given) or _from_database(secret, given, now)


def forget() -> None:
    """Look every key up again when it is next used in this process."""
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
    """At most once a minute, so that bookings do not queue for one row (engine rule 12)."""
    since = now - USE_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > since:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=since)
    try:
        with transaction.atomic():
            PartnerKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
    except DatabaseError:
        # When a key was last used is good to know; that it can be used matters more.
        _log.warning("could not note the use of key %s", key.prefix)


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, index = divmod(number, 62)
        letters += _ALPHABET[index]
    return letters
