"""Links to one's own data, sent to an e-mail address to prove that it is read by who asks.

Whoever asks is answered alike whether anything is held or not: a row is written, and a task looks
and sends. A link works once and for DATA_LINK_LIFETIME. Only a digest of it is kept.
"""

import hashlib
import secrets
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from guests.emails import fold
from reservations import clock
from reservations.models import DataLink
from reservations.privacy import subjects


def ask(email: str, *, language: str, site: str) -> DataLink:
    """Records that somebody asks for a link. `site` is scheme and host of the page it opens."""
    return DataLink.objects.create(
        email=fold(email), language=language, site=site, asked_at=clock.now()
    )


def send_waiting(send: Callable[[DataLink, str], None], *, batch: int) -> int:
    """Sends the links that wait, by `send(link, secret)`. Returns how many were handled.

    An address that nothing is held under gets no letter. A link whose letter failed has ended;
    the person asks again.
    """
    with transaction.atomic(durable=True):
        waiting = DataLink.objects.filter(handled_at__isnull=True).order_by("pk")
        links = list(waiting.select_for_update(skip_locked=True)[:batch])
        DataLink.objects.filter(pk__in=[link.pk for link in links]).update(handled_at=clock.now())
    for link in links:
        _handle(link, send)
    return len(links)


def is_open(secret: str) -> bool:
    """Returns whether a link can still be used. Changes nothing."""
    return _usable(secret).exists()


def use(secret: str) -> str | None:
    """Uses a link up. Returns the address it was sent to; None if it was used or is over."""
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


def _handle(link: DataLink, send: Callable[[DataLink, str], None]) -> None:
    subject = subjects.of_email(link.email)
    if not subject.user_ids and not subject.reservations().exists():
        link.delete()
        return
    secret = secrets.token_urlsafe(32)
    DataLink.objects.filter(pk=link.pk).update(digest=_digest(secret))
    send(link, secret)


def _usable(secret: str) -> QuerySet[DataLink]:
    since = clock.now() - settings.DATA_LINK_LIFETIME
    return DataLink.objects.filter(digest=_digest(secret), asked_at__gt=since)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
