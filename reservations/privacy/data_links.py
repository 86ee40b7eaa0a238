"""Links to one's own data. A letter takes one to an e-mail address, to prove who reads it.

A link works once and for DATA_LINK_LIFETIME. Only its digest is kept.
"""

import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from guests.emails import fold
from reservations import clock
from reservations.models import DataLink
from reservations.privacy import subjects


def make(email: str) -> str | None:
    """Makes a link and returns its secret. None if nothing is held under the address.

    Does the same work for every address, so that the time it takes tells nothing.
    """
    secret = secrets.token_urlsafe(32)
    DataLink.objects.create(email=fold(email), digest=_digest(secret), asked_at=clock.now())
    subject = subjects.of_email(email)
    has_reservations = subject.reservations().exists()
    return secret if has_reservations or subject.user_ids else None


def is_open(secret: str) -> bool:
    """Returns whether a link can be used. Changes nothing."""
    return _usable(secret).exists()


def use(secret: str) -> str | None:
    """Uses a link up. Returns the address it was sent to. None if it was used or is over."""
    with transaction.atomic():
        link = _usable(secret).select_for_update().first()
        if link is None:
            return None
        link.delete()
        return link.email


def delete_old() -> int:
    """Deletes links that are over. Returns how many."""
    old = DataLink.objects.filter(asked_at__lte=clock.now() - settings.DATA_LINK_LIFETIME)
    return old.delete()[0]


def _usable(secret: str) -> QuerySet[DataLink]:
    since = clock.now() - settings.DATA_LINK_LIFETIME
    return DataLink.objects.filter(digest=_digest(secret), asked_at__gt=since)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
