"""Letters about an account. They are sent in the background, so no answer waits for a mail server.

Whoever asks for a letter then cannot tell by the time whether one was sent.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy, override

ADDRESS = gettext_lazy("the e-mail address that you log in with")
PASSWORD = gettext_lazy("the password")
PROVIDERS = gettext_lazy("the sites that you can log in through")
KEYS = gettext_lazy("the API keys of a partner")

# One thread, so that letters go out in order. Python waits for it before the process ends.
POST = ThreadPoolExecutor(max_workers=1, thread_name_prefix="letters")

_log = logging.getLogger(__name__)


def post(letter: EmailMessage) -> None:
    """Sends a letter soon. A letter that cannot be sent is logged, without its address."""
    POST.submit(_send, letter)


def tell_changed(address: str, what: str | Promise, *, language: str) -> None:
    """Tells the holder of an account what was changed, so that they learn of a thief.

    `language` is the holder's, "" for that of the page: a thief or an administrator may have
    another.
    """
    with override(language or get_language()):
        context = {"what": str(what), "at": timezone.now()}
        text = render_to_string("account/email/changed.txt", context)
        subject = gettext("Your account at Holdfast was changed")
    post(EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address]))


def _send(letter: EmailMessage) -> None:
    try:
        letter.send()
    except (SMTPException, OSError) as error:
        _log.error("A letter could not be sent: %s", type(error).__name__)
