"""A mail backend that writes each letter into a file of its own, which a mail program opens."""

import itertools
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_number = itertools.count(1)


class EmailBackend(BaseEmailBackend):
    """Writes `.eml` files to EMAIL_FILE_PATH. By name they are in the order in which they came."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Writes the letters, for this user alone to read. Returns how many. Raises OSError."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            _write(folder, message)
        return len(email_messages)


def _write(folder: Path, message: EmailMessage) -> None:
    # The clock of the machine, also where time is set for a test: names must not come twice.
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}-{next(_number):06}"
    being_written = folder / f".{name}"
    handle = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(message.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]  # Django adds it
    being_written.rename(folder / f"{name}.eml")
