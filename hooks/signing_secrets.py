"""The secrets that webhooks are signed with: made, kept encrypted, and read to sign."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from standardwebhooks.webhooks import Webhook

from hooks.models import Endpoint, EndpointSecret

GRACE = timedelta(days=1)
"""How long the old secret signs beside the new one."""
MOST_LIVE = 5
"""Secrets that sign at once. Each is a signature in a header, and headers have limits."""

_PREFIX = "whsec_"
_BYTES = 32


def make(endpoint: Endpoint, now: datetime) -> str:
    """Makes a secret and returns it, which cannot be shown again. Assumes a transaction.

    Those of before end after `GRACE`.
    """
    secret = _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()
    before = EndpointSecret.objects.filter(endpoint=endpoint)
    before.filter(ends_at__lte=now).delete()
    before.filter(ends_at__isnull=True).update(ends_at=now + GRACE)
    kept = list(before.values_list("pk", flat=True)[: MOST_LIVE - 1])
    before.exclude(pk__in=kept).delete()
    encrypted = _cipher().encrypt(secret.encode()).decode()
    EndpointSecret.objects.create(endpoint=endpoint, encrypted=encrypted, made_at=now)
    return secret


def live(rows: Iterable[EndpointSecret], now: datetime) -> list[str]:
    """Returns the secrets of these rows that sign at `now`, in their order.

    Leaves out what cannot be read, which is all once SECRET_KEY is another.
    """
    found = []
    for row in rows:
        if row.ends_at is not None and row.ends_at <= now:
            continue
        try:
            found.append(_cipher().decrypt(row.encrypted.encode()).decode())
        except InvalidToken:
            continue
    return found


def sign(body: str, *, webhook_id: str, at: datetime, by: Iterable[str]) -> str:
    """Returns the header `webhook-signature`: one signature for each secret. `at` is UTC."""
    return " ".join(Webhook(secret).sign(webhook_id, at, body) for secret in by)


def _cipher() -> MultiFernet:
    known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(each)) for each in known])


def _key(secret: str | bytes) -> bytes:
    digest = salted_hmac("hooks.secrets", "", secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest)
