"""The text message that proves a phone number: it holds a link to what is held under the number.

The link is made when the message is sent, so that no table holds its secret.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from notices import links, outgoing
from notices.models import Delivery
from notices.models.delivery import Channel
from notices.short_texts import Escape
from reservations import clock
from reservations.privacy import data_links

KIND = "data.link"
USEFUL = timedelta(minutes=15)
"""How long the message may wait for its provider."""


def ask(phone: str, *, language: str) -> None:
    """Sends a link to a number (E.164), if anything is held under it.

    Does the same for every number, so that the time it takes tells nothing. Opens its own
    transaction.
    """
    now = clock.now()
    asked = Delivery(
        kind=KIND,
        channel=Channel.SMS,
        lane=Channel.SMS,
        to=phone,
        language=language,
        dedupe=f"{KIND}:{secrets.token_hex(16)}",
        created_at=now,
        next_try_at=now,
        useful_until=now + USEFUL,
    )
    with transaction.atomic():
        outgoing.add([asked])


def write(delivery: Delivery, escape: Escape) -> str | None:
    """Makes a link and writes the message; None where nothing is held under the number."""
    secret = data_links.make_for_phone(delivery.to)
    if secret is None:
        return None
    link = links.absolute(reverse("web:data_link", args=[secret]))
    minutes = settings.DATA_LINK_LIFETIME // timedelta(minutes=1)
    told = _("Your data at Holdfast, for %(minutes)s minutes: %(link)s")
    return told % {"minutes": minutes, "link": link}
