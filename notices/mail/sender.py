"""The channel of mail: one connection a batch, one receiver a message.

Composing reads the database in the batch's thread. The mail server is spoken to in a thread of its
own, which waits for nothing else.
"""

import asyncio
import logging
import smtplib
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Timer

from asgiref.sync import sync_to_async
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notices import claims, suppressions
from notices.channels import RETRY, Report, Result
from notices.letters import receivers
from notices.mail import composers, messages, refusals
from notices.models import Delivery
from notices.models.delivery import Channel, Outcome

log = logging.getLogger(__name__)

LAST_BEGIN = 8.0
"""Seconds of a batch after which no further letter is begun. The others are given back."""
CUT = 17.0
"""Seconds after which the connection is cut, so that a server that drips ends in time."""
AT_ONCE = 25
"""Letters of one batch."""

_MINUTE = timedelta(minutes=1)
PAUSES = (
    timedelta(0), _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 45 * _MINUTE, 90 * _MINUTE, 180 * _MINUTE,
)  # fmt: skip
"""Before each try. Most letters are useful no more when the last one is due."""


class MailSender:
    """Sends letters by Django's mail backend."""

    pauses: Sequence[timedelta] = PAUSES

    def quota(self, lane: str) -> int:
        """Returns how many letters of a lane are in one batch."""
        return AT_ONCE

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        """Writes and sends each letter, those of earlier events first, and reports it at once."""
        ordered = sorted(deliveries, key=lambda each: (each.event_id or 0, each.pk))
        begun, loop = time.monotonic(), asyncio.get_running_loop()
        post = Post(cut_at=begun + CUT)
        # Not awaited at the end: a thread that hangs must not hold the batch.
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
        try:
            for number, each in enumerate(ordered):
                if time.monotonic() - begun > LAST_BEGIN:
                    await sync_to_async(claims.give_back)(ordered[number:])
                    return
                result, is_refused = await sync_to_async(_composed)(each), False
                if isinstance(result, EmailMultiAlternatives):
                    result = await loop.run_in_executor(thread, post.send, result)
                    is_refused = post.is_address_refused
                await _noted(each, result, report, is_refused=is_refused)
        finally:
            thread.submit(post.close)
            thread.shutdown(wait=False)


class Post:
    """A connection to the mail server. It is opened when it is needed, and opened anew once cut."""

    def __init__(self, *, cut_at: float) -> None:
        self.cut_at = cut_at
        self.is_address_refused = False
        """Whether the last answer said that its receiver is not there."""
        self._connection: BaseEmailBackend | None = None

    def send(self, message: EmailMultiAlternatives) -> Result:
        """Sends one message. Returns the result, whatever happens."""
        begun = time.monotonic()
        self.is_address_refused = False
        timer = Timer(max(0.0, self.cut_at - begun), self._cut)
        timer.daemon = True
        timer.start()
        try:
            result = self._sent(message)
        finally:
            timer.cancel()
        took = int((time.monotonic() - begun) * 1_000)
        return Result(
            outcome=result.outcome,
            status=result.status,
            detail=result.detail,
            message_id=result.message_id,
            took_ms=took,
        )

    def close(self) -> None:
        """Closes the connection, if there is one."""
        if self._connection is not None:
            closing, self._connection = self._connection, None
            with suppress(Exception):
                closing.close()

    def _sent(self, message: EmailMultiAlternatives) -> Result:
        try:
            if self._connection is None:
                opening = get_connection()
                opening.open()
                self._connection = opening
            message.connection = self._connection
            message.send()
        except smtplib.SMTPResponseException as refusal:
            return self._refused(refusal)
        except smtplib.SMTPRecipientsRefused as refusal:
            # There is one receiver. Its code decides: 451 and 550 raise the same class.
            code, said = next(iter(refusal.recipients.values()))
            self.is_address_refused = refusals.is_of_the_address(code, _text(said))
            return _result(code, _text(said))
        except (smtplib.SMTPException, OSError) as fault:
            self.close()
            return Result(outcome=RETRY, detail=f"{type(fault).__name__}: {fault}")
        except ValueError as fault:
            # A header with a line break, or an address that no server takes.
            return Result(outcome=Outcome.FAILED, detail=f"{type(fault).__name__}: {fault}")
        except Exception as fault:
            # Backends of mail services raise classes of their own.
            log.exception("A letter could not be handed to the mail backend")
            self.close()
            return Result(outcome=RETRY, detail=f"{type(fault).__name__}: {fault}")
        message_id = str(message.extra_headers.get("Message-ID", ""))
        return Result(outcome=Outcome.SENT, status=250, message_id=message_id)

    def _refused(self, refusal: smtplib.SMTPResponseException) -> Result:
        said = _text(refusal.smtp_error)
        if isinstance(refusal, smtplib.SMTPDataError):
            return _result(refusal.smtp_code, said)
        # The server refuses us, not the receiver: our address, our log-in, our greeting.
        log.error("The mail server refuses this installation: %s %s", refusal.smtp_code, said)
        self.close()
        return Result(outcome=RETRY, status=refusal.smtp_code, detail=said)

    def _cut(self) -> None:
        opened = getattr(self._connection, "connection", None)
        line = getattr(opened, "sock", None)
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def _composed(delivery: Delivery) -> EmailMultiAlternatives | Result:
    """Writes the letter of a delivery. Returns the result where none is to be sent."""
    try:
        receivers.follow(delivery)
        if why := suppressions.reason_of(Channel.MAIL, delivery.to):
            return Result(outcome=Outcome.SUPPRESSED, detail=why)
        composed = composers.compose(delivery)
        if isinstance(composed, Result):
            return composed
        return messages.message_of(delivery, composed)
    except Exception as fault:
        # One letter that cannot be written must not hold the others back.
        log.exception("Letter %s could not be written", delivery.pk)
        return Result(outcome=RETRY, detail=f"could not be written: {type(fault).__name__}")


async def _noted(delivery: Delivery, result: Result, report: Report, *, is_refused: bool) -> None:
    try:
        if is_refused:
            await sync_to_async(_suppress)(delivery, result)
    except Exception:
        log.exception("The address of letter %s could not be suppressed", delivery.pk)
    try:
        await report(delivery, result)
    except Exception:
        # The others go on. This one is tried again when its claim ends.
        log.exception("What came of letter %s could not be recorded", delivery.pk)


def _suppress(delivery: Delivery, result: Result) -> None:
    suppressions.suppress(
        Channel.MAIL, delivery.to, reason=f"{result.status} {result.detail}".strip()
    )


def _result(code: int, said: str) -> Result:
    """The result of an answer of SMTP: 4xx may be tried again, 5xx is for good."""
    outcome = Outcome.FAILED if 500 <= code <= 599 else RETRY
    return Result(outcome=outcome, status=code, detail=said)


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
