"""Celery tasks for deliveries. They have a queue and a worker of their own when deployed."""

import imaplib
import logging
import time

from celery import shared_task
from django.conf import settings

from notices import batches, returned_letters
from notices.exports import jobs
from notices.scheduled import erasure_notices, evening_words, monthly_reports, reminders

log = logging.getLogger(__name__)

LONGEST = 30.0
"""Seconds after which the task that delivers begins no further batch."""


SHARE = 2.0
"""Seconds after which a task begins no further part of an export, and lets sweeps in between."""


@shared_task
def deliver() -> None:
    """Sends what is due, batch after batch, each channel at its own pace."""
    batches.send_for(LONGEST)


@shared_task
def write_exports() -> None:
    """Writes parts of exports, for as long as other tasks of this worker can wait."""
    begun = time.monotonic()
    while jobs.write_part() is not None:
        if time.monotonic() >= begun + SHARE:
            write_exports.delay()
            return


@shared_task
def read_bounces() -> None:
    """Reads the mailbox of letters that came back, if there is one."""
    if not settings.BOUNCES_URL:
        return
    try:
        returned_letters.read(returned_letters.in_mailbox(settings.BOUNCES_URL))
    except (OSError, imaplib.IMAP4.error) as fault:
        log.warning("The mailbox BOUNCES_URL cannot be read: %s", type(fault).__name__)


@shared_task
def send_reminders() -> None:
    """Adds the reminders that are due."""
    reminders.sweep()


@shared_task
def tell_of_erasure() -> None:
    """Adds the notices before retention erases guests."""
    erasure_notices.sweep()


@shared_task
def say_evening_words() -> None:
    """Adds the evening words that are due."""
    evening_words.sweep()


@shared_task
def send_monthly_reports() -> None:
    """Adds the monthly reports that are due."""
    monthly_reports.sweep()
