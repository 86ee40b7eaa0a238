"""Reads every log line of the suite as the product would write it, and looks for what is private.

It sees what this process logs. Servers that tests start as processes of their own have no watch.
"""

import logging
import re

from config import log_lines

PRIVATE = re.compile(
    # The person, the plate, the remark and the passwords of tests/api/test_canaries.py.
    r"Canarina|Serinus|612345678|CNRY-77|yellow feathers|canary-Passw0rd|canary-Wr0ng"
    # Everybody's address, and what tokens and keys look like.
    r"|@example\.(?:com|org|net)|\beyJ[\w-]{8,}\.|\bhf[A-Za-z0-9]{44}\b"
)


class LogWatch(logging.Handler):
    """Keeps the lines that have something private in them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(log_lines.json())

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if PRIVATE.search(line):
            self.lines.append(line)


_watch = LogWatch()


def begin() -> None:
    """Watch from now on, also where somebody set logging up anew."""
    root = logging.getLogger()
    if _watch not in root.handlers:
        root.addHandler(_watch)


def found() -> list[str]:
    """The private lines since the last time this was asked."""
    lines, _watch.lines = _watch.lines, []
    return lines
