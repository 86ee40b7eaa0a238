"""Links to one's own data. A letter takes one to an e-mail address, or a text message to a
number, to prove who reads it.

A link works once and for DATA_LINK_LIFETIME. Only its digest is kept.
"""

import hashlib
import secrets
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from guests.emails import fold
from reservations import clock
from reservations.models import DataLink
from reservations.privacy import subjects
from reservations.privacy.subjects import DataSubject


class Proven(NamedTuple):
    """Where a link was sent that somebody has opened: an address (folded), or a number (E.164)."""

    email: str
    phone: str


def make(email: str) -> str | None:
    """Makes a link and returns its secret. None if nothing is held under the address.

    Does the same work for every address, so that the time it takes tells nothing.
    """
    secret = secrets.token_urlsafe(32)
    DataLink.objects.create(email=fold(email), digest=_digest(secret), asked_at=clock.now())
    return secret if _holds_anything(subjects.of_email(email)) else None


def make_for_phone(phone: str) -> str | None:
    """Makes a link for a number (E.164) and returns its secret, as `make` does."""
    secret = secrets.token_urlsafe(32)
    DataLink.objects.create(email="", phone=phone, digest=_digest(secret), asked_at=clock.now())
    return secret if _holds_anything(subjects.of_phone(phone)) else None


def is_open(secret: str) -> bool:
    """Returns whether a link can be used. Changes nothing."""
    return _usable(secret).exists()


def use(secret: str) -> Proven | None:
    """Uses a link up. Returns where it was sent. None if it was used or is over."""
    with transaction.atomic():
        link = _usable(secret).select_for_update().first()
        if link is None:
            return None
        link.delete()
        return Proven(link.email, link.phone)


def delete_old() -> int:
    """Deletes links that are over. Returns how many."""
    old = DataLink.objects.filter(asked_at__lte=clock.now() - settings.DATA_LINK_LIFETIME)
    return old.delete()[0]


def _holds_anything(subject: DataSubject) -> bool:
    return subject.reservations().exists() or bool(subject.user_ids)


def _usable(secret: str) -> QuerySet[DataLink]:
    since = clock.now() - settings.DATA_LINK_LIFETIME
    return DataLink.objects.filter(digest=_digest(secret), asked_at__gt=since)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
