"""A mail server on this machine, in a thread, that answers as a test says."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 OK"
CUT = "cut"


class MailServer:
    """Keeps what it accepts. `at_sender` and the others say the answer, given the address."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.sessions = 0
        self.tried: list[str] = []
        self.at_sender: Callable[[str], str] = lambda _: OK
        self.at_receiver: Callable[[str], str] = lambda _: OK
        self.at_data: Callable[[str], str] = lambda _: OK
        self.pause = 0.0
        self.guard = threading.Lock()

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, _: Envelope, host: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = host
        return responses

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.at_sender(address)
        if answer == OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.tried.append(address)
        answer = self.at_receiver(address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.at_data(envelope.rcpt_tos[0])
        if self.pause:
            # The thread of the server: it answers nobody meanwhile, as a slow one does.
            time.sleep(self.pause)  # noqa: ASYNC251 - on purpose
        if answer == CUT:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return OK
        if answer == OK:
            read = message_from_bytes(envelope.original_content or b"", policy=policy.default)
            assert isinstance(read, EmailMessage)
            with self.guard:
                self.letters.append(read)
        return answer


@contextmanager
def serving(settings: Any) -> Iterator[MailServer]:
    """Runs a mail server, and points the settings at it."""
    server = MailServer()
    port = _free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = port
        yield server
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
